"""The GPU's side of a benchmark, as far as it goes without a GPU: stand-ins for CUDA and for NVML."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

import analysis
import archs

torch = pytest.importorskip("torch")

from analysis.hardware.measure import cuda  # noqa: E402
from analysis.hardware.measure.record import DeviceError, PrecisionError  # noqa: E402

TINY = archs.get_config("densenetbc100_k12", block_config=(2,), growth_rate=4)


def test_cuda_is_refused_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=r"no CUDA GPU here: time it on the CPU .* or see what is predicted"):
        analysis.benchmark(TINY, device="cuda")


@pytest.fixture
def gpu(monkeypatch):
    """A GPU of the Turing generation, without NVML."""
    properties = SimpleNamespace(name="Tesla T4", major=7, minor=5, uuid="0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _index: properties)
    monkeypatch.setattr(cuda.Gpu, "find", lambda _uuid: None)


@pytest.mark.parametrize("precision", ["tf32", "bfloat16", "amp bfloat16"])
def test_a_precision_that_the_gpu_lacks_is_refused(gpu, precision):
    with pytest.raises(PrecisionError, match=f"precision is '{precision}', which Tesla T4 cannot compute in"):
        analysis.benchmark(TINY, device="cuda", precision=precision)


def test_a_gpu_that_is_not_there_is_refused(gpu):
    with pytest.raises(DeviceError, match=r"device is 'cuda:1', but this machine has 1 GPU"):
        analysis.benchmark(TINY, device="cuda:1")


def test_cuda_times_are_those_between_events_after_all_have_come_to_pass(gpu, monkeypatch):
    log = []

    class Event:
        def __init__(self, enable_timing):
            assert enable_timing

        def record(self, _stream):
            self.time = len(log)
            log.append("event")

        def elapsed_time(self, end):
            assert log[-1] == "synchronize"
            return 1000 * (end.time - self.time)

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _device: log.append("reset"))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _device: None)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _device: log.append("synchronize"))
    times = cuda.Cuda(0).times(lambda: log.append("run"), repeats=2, after_run=lambda: None)
    assert log == ["reset"] + ["event", "run", "event"] * 2 + ["synchronize"]
    assert times == (2, 2)


def test_float32_on_a_gpu_means_float32_and_settings_are_restored(gpu):
    settings = torch.backends.cudnn.conv.fp32_precision, torch.backends.cudnn.benchmark
    with cuda.Cuda(0).numerics("float32"):
        assert torch.backends.cudnn.conv.fp32_precision == torch.backends.cuda.matmul.fp32_precision == "ieee"
        assert torch.backends.cudnn.benchmark
    assert (torch.backends.cudnn.conv.fp32_precision, torch.backends.cudnn.benchmark) == settings


def test_energy_is_what_the_counter_gains_by_run():
    spent = [0.0]

    def run():
        spent[0] += 7

    per_run = cuda.joules_per_run(run, seconds=0.5, read=lambda: spent[0], finish=lambda: None)
    assert (per_run, spent[0]) == (7, 7 * cuda.ENERGY_SECONDS / 0.5)
    assert cuda.joules_per_run(run, seconds=0.5, read=lambda: None, finish=lambda: None) is None


def test_what_nvml_does_not_answer_is_unknown(monkeypatch):
    class NVMLError(Exception):
        pass

    def refuse(*_args):
        raise NVMLError

    answers = dict.fromkeys(("nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetClockInfo"), refuse)
    silent = cuda.Gpu(SimpleNamespace(NVMLError=NVMLError, NVML_CLOCK_SM=1, **answers), None, "580")
    assert (silent.joules(), silent.clock_mhz()) == (None, None)
    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(nvmlInit=refuse))
    assert cuda.Gpu.find("0") is None
