"""Counted memory beside what PyTorch's CUDA allocator hands out.

Unverified: written to PyTorch's documentation of the allocator, not yet run on a GPU.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from analysis.hardware.measure.record import DeviceError
from analysis.memory import InferenceMemory, TrainingMemory, memory_of
from analysis.summary import Summary
from archs.errors import abbreviate

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


class Bytes(NamedTuple):
    """Two figures of the allocator."""

    #: What tensors and workspaces asked for.
    requested: int
    #: The same in whole blocks: what `torch.cuda.memory_allocated` and `max_memory_allocated` tell.
    allocated: int


@dataclass(frozen=True, kw_only=True)
class DeviceMemory:
    """One network at one batch: what was counted, and what its device gave out, weights and buffers aside."""

    counted: InferenceMemory | TrainingMemory
    device_name: str
    #: At inference the peak, with the kernels' workspace; in training what is held once the forward pass has ended.
    measured: Bytes

    @property
    def counted_bytes(self) -> int:
        """The figure of the accounting that `measured` stands beside."""
        return self.counted.peak_bytes if isinstance(self.counted, InferenceMemory) else self.counted.saved_bytes


def memory_on_device(summary: Summary, mode: str = "inference", device: str = "cuda") -> DeviceMemory:
    """Run a network on a GPU and read what memory it took, beside what `memory_of` counts.

    Raises: DenseScopeError: as `memory_of`; there is no such GPU here.
    """
    place = _find(device)
    counted, dtype = memory_of(summary, mode), summary.dtype

    import torch

    from analysis.hardware.measure.session import build

    module = build(summary.target).to(place, getattr(torch, dtype))
    image = torch.zeros(summary.layers[0].layer.input_shapes[0], device=place, dtype=getattr(torch, dtype))
    measured = (_peak if mode == "inference" else _kept)(module, image)
    return DeviceMemory(counted=counted, device_name=torch.cuda.get_device_name(place), measured=measured)


def _find(device: str) -> torch.device:
    import torch

    if not re.fullmatch(r"cuda(:\d{1,3})?", str(device), re.ASCII):
        raise DeviceError(f"device is {abbreviate(device)}, but memory is read from a GPU: 'cuda' or 'cuda:N'.")
    if not torch.cuda.is_available():
        raise DeviceError(
            f"device is {device!r}, but PyTorch finds no CUDA GPU here: analysis.memory counts what a network holds "
            "without one."
        )
    place = torch.device(device)
    if (place.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"device is {device!r}, but this machine has {torch.cuda.device_count()} GPU(s).")
    return place


def _peak(module: nn.Module, image: Tensor) -> Bytes:
    """Most bytes in a forward pass without gradients, the image among them."""
    import torch

    module.eval()
    with torch.no_grad():
        module(image)  # what libraries set up once and keep is there before
        before = _given_out(image.device, "current")
        torch.cuda.reset_peak_memory_stats(image.device)
        module(image)
    peak = _given_out(image.device, "peak")
    return Bytes(*(after - start + image.nbytes for after, start in zip(peak, before, strict=True)))


def _kept(module: nn.Module, image: Tensor) -> Bytes:
    """Bytes that a forward pass in training leaves behind, the image among them, its result not."""
    module.train()
    module(image)
    before = _given_out(image.device, "current")
    output = module(image)
    kept = _given_out(image.device, "current")
    return Bytes(*(after - start + image.nbytes - output.nbytes for after, start in zip(kept, before, strict=True)))


def _given_out(device: torch.device, when: str) -> Bytes:
    """What the allocator has given out, "current" or "peak"."""
    import torch

    torch.cuda.synchronize(device)
    stats = torch.cuda.memory_stats(device)
    return Bytes(stats[f"requested_bytes.all.{when}"], stats[f"allocated_bytes.all.{when}"])
