"""What a detector on a backbone asks of a device: the time of its parts, as predicted, and the batches that fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analysis.detector_costs import PartCosts
from analysis.hardware.predict.predict import Prediction
from analysis.hardware.speeds import predicted_speed
from analysis.memory.inference import inference_memory
from analysis.memory.training import training_memory
from analysis.summary import Summary
from analysis.units import format_si
from detectors import PARTS, part_of

#: What is predicted of parts, beside what is counted.
PREDICTED = "predicted_seconds"


class PartTimes(NamedTuple):
    """The predicted times of a detector's parts, as further costs of `PartCosts`."""

    costs: PartCosts
    #: How far the truth may lie below and above the total, as shares of it; None where that is not known.
    error: tuple[float, float] | None
    error_meaning: str

    def range(self) -> dict[str, float]:
        """The total, and where the truth may lie, for tables."""
        seconds = self.costs.total(PREDICTED)
        found = {PREDICTED: seconds}
        if self.error:
            low, high = self.error
            found |= {"at_least_seconds": seconds * (1 - low), "at_most_seconds": seconds * (1 + high)}
        return found


def part_times(name: str, prediction: Prediction) -> PartTimes:
    """How long a batch takes in each part, by the model: never mixed with what is counted."""
    seconds: dict[str, float] = {}
    for layer in prediction.layers:
        part = part_of(layer.stage)
        seconds[part] = seconds.get(part, 0.0) + layer.seconds
    parts = {part: {PREDICTED: seconds[part]} for part in PARTS if part in seconds}
    speed = predicted_speed(prediction, prediction.device)
    return PartTimes(PartCosts(name, parts), speed.error_of_time, speed.error_meaning)


class Held(NamedTuple):
    """What a detector holds in memory at a batch, and the largest batch that fits; 0 where not one image does."""

    name: str
    inference_bytes: int
    training_bytes: int
    inference_batch: int
    training_batch: int


def held_memory(name: str, summary: Summary, budget_bytes: float, optimizer: str = "sgd") -> Held:
    """The memory of a detector in both modes, and the batches that fit into so many bytes.

    Raises: DenseScopeError: its memory cannot be counted.
    """
    modes = inference_memory(summary).footprint, training_memory(summary).footprint(optimizer)
    totals = (one.total_bytes(summary.batch_size) for one in modes)
    return Held(name, *totals, *(one.largest_batch(budget_bytes) for one in modes))


def fits_finding(found: Sequence[Held], detector: str, device: str, budget_bytes: float) -> str:
    """The largest batches on a device, on the backbones that allow most and least.

    Args:
        detector: as a sentence calls it: "RetinaNet with 256 channels at 800×1344".
    """
    trains = _batches([(one.name, one.training_batch) for one in found])
    runs = _batches([(one.name, one.inference_batch) for one in found])
    return f"In the {format_si(int(budget_bytes), 'B')} of {device} {detector} trains {trains}, and runs {runs}."


def _batches(batches: Sequence[tuple[str, int]]) -> str:
    (best, most), (worst, least) = max(batches, key=lambda one: one[1]), min(batches, key=lambda one: one[1])
    if not most:
        return "not one image"
    if most == least:
        return f"at most {_images(most)} at once"
    return f"at most {_images(most)} at once on {best} and {least or 'none'} on {worst}"


def _images(number: int) -> str:
    return f"{number:,} image{'s' if number > 1 else ''}"
