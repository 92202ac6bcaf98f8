"""Memory on a GPU as far as it goes without one: a stand-in for the allocator that follows the CPU's tensors."""

from __future__ import annotations

import pytest
import torch

import archs
from analysis import summarize
from analysis.hardware.measure import allocator as on_device
from analysis.hardware.measure.allocator import Bytes, memory_on_device
from analysis.hardware.measure.record import DeviceError
from tests.support.live_bytes import LiveBytes

NAMES = ["densenet_cifar", "ese_vovnet19b_slim_dw"]


@pytest.fixture
def allocator(monkeypatch):
    """Live bytes of the CPU in place of CUDA's, weights included."""
    mode = LiveBytes(torch.nn.Module(), torch.zeros(0))
    peaks_from = []

    def given_out(_device, when):
        peak = max(mode.timeline[peaks_from[-1] :]) if when == "peak" else mode.live
        return Bytes(peak, 2 * peak)

    monkeypatch.setattr(on_device, "_find", torch.device)
    monkeypatch.setattr(on_device, "_given_out", given_out)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: peaks_from.append(len(mode.timeline)))
    monkeypatch.setattr(torch.cuda, "get_device_name", str)
    with mode:
        yield


@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_counted_is_what_an_allocator_without_workspaces_gives_out(allocator, name, mode):
    found = memory_on_device(summarize(archs.get_config(name, num_classes=7), 32, 2), mode, "cpu")
    assert found.measured.requested == found.counted_bytes


@pytest.mark.parametrize(
    ("device", "complaint"),
    [
        ("cuda", "device is 'cuda', but PyTorch finds no CUDA GPU here: analysis.memory counts"),
        ("cpu", "device is 'cpu', but memory is read from a GPU: 'cuda' or 'cuda:N'."),
        (None, "device is None, but memory is read from a GPU"),
    ],
)
def test_without_a_gpu_it_is_refused(monkeypatch, device, complaint):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=complaint):
        memory_on_device(summarize("densenet121"), device=device)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(DeviceError, match=r"device is 'cuda:1', but this machine has 1 GPU"):
        memory_on_device(summarize("densenet121"), device="cuda:1")
