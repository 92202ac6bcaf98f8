"""What memory a training step takes at least and at most, counted, and whether a device has it."""

from __future__ import annotations

from typing import Any, NamedTuple

from analysis.facts import Device
from analysis.hardware.speeds import Conditions
from analysis.memory import TrainingMemory, memory
from analysis.precision import PRECISIONS, parse_dtype
from archs.errors import DenseScopeError

FITS, PERHAPS_FITS, NO_ROOM = "fits", "perhaps", "doesn't fit"


class StepBytes(NamedTuple):
    """The peak of a step, kernels' workspace aside; of 16 bits under autocast two bounds, else twice the same."""

    least: int
    most: int

    def room(self, device: Device) -> str:
        """Whether it fits into a device; "" where its sheet tells no memory."""
        if device.memory_bytes is None:
            return ""
        if self.most <= device.memory_bytes:
            return FITS
        return NO_ROOM if self.least > device.memory_bytes else PERHAPS_FITS


def step_bytes(target: Any, conditions: Conditions, optimizer: str) -> StepBytes | None:
    """What a step of a batch takes; None where it cannot be counted.

    Autocast keeps weights, gradients and the optimizer's state in float32, and most maps in 16 bits: it takes no less
    than a step that is all in 16 bits, and no more than one all in float32, with a copy of the weights in 16 bits.
    """
    try:
        whole = _memory(target, conditions, "float32")
        if PRECISIONS[conditions.precision].element_bytes == 4:
            return StepBytes(whole.total_bytes(optimizer), whole.total_bytes(optimizer))
        half = _memory(target, conditions, parse_dtype(conditions.precision))
        return StepBytes(half.total_bytes(optimizer), whole.total_bytes(optimizer) + half.weight_bytes)
    except DenseScopeError:
        return None


def _memory(target: Any, conditions: Conditions, dtype: str) -> TrainingMemory:
    return memory(target, conditions.image_size, conditions.batch_size, dtype, mode="training")
