"""What was predicted for what has been measured, one by one, and layer kind by layer kind?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from analysis.facts import data_sheet
from analysis.hardware.measure.record import Measurement
from analysis.hardware.predict.predict import Prediction, predict
from analysis.hardware.predict.step_prediction import StepPrediction, predict_step
from archs.errors import DenseScopeError
from benchmarks.gpu.record import Record


class Compared(NamedTuple):
    """A measurement, and what is predicted for it; None where nothing is."""

    measured: Measurement
    predicted: Prediction | None

    @property
    def error(self) -> float | None:
        """Predicted seconds over measured ones, less one."""
        return self.predicted.seconds / (self.measured.seconds or 1) - 1 if self.predicted else None

    @property
    def within(self) -> bool | None:
        """Whether the measured time lies in the interval that is predicted; None where none is."""
        told, seconds = self.predicted.interval if self.predicted else None, self.measured.seconds
        return told.low <= seconds <= told.high if told and seconds else None


def compare(record: Record, check: str) -> list[Compared]:
    """The measurements of a check, beside what is predicted for them today."""
    return [Compared(one, predicted_for(one)) for _, one in record.timed(check)]


def predicted_for(one: Measurement) -> Prediction | None:
    """The same workload on the same device, by its data sheet."""
    work = one.workload
    return _predict(one.name, one.machine.device_name, work.batch_size, work.layout, work.execution, work.image_size)


def _predict(
    name: str, device_name: str, batch_size: int, layout: str, execution: str, image_size: Any = None
) -> Prediction | None:
    sheet = data_sheet(device_name)
    if sheet is None:
        return None
    try:
        return predict(name, sheet, batch_size, image_size, layout=layout, execution=execution)
    except DenseScopeError:  # an operation whose time is not known, or a device without float16
        return None


def predicted_step(device_name: str, name: str, batch_size: int, optimizer: str) -> StepPrediction | None:
    """A training step under amp float16, eager; None where nothing is predicted."""
    sheet = data_sheet(device_name)
    if sheet is None:
        return None
    try:
        return predict_step(name, sheet, batch_size, optimizer=optimizer)
    except DenseScopeError:
        return None


@dataclass
class KindTime:
    """The layers of one kind in a network."""

    kind: str
    layers: int = 0
    measured: float = 0.0
    predicted: float = 0.0
    flops: int = 0
    bytes_moved: int = 0


def by_kind(rows: Iterable[Mapping[str, Any]], device_name: str, name: str, batch_size: int) -> list[KindTime]:
    """The sums of measured and predicted seconds by kind of layer, the longest first; of layers that have a time."""
    prediction = _predict(name, device_name, batch_size, "nchw", "eager")
    predicted = {layer.name: layer.seconds for layer in prediction.layers} if prediction else {}
    kinds: dict[str, KindTime] = {}
    for row in rows:
        if "seconds" in row:
            kind = kinds.setdefault(row["kind"], KindTime(row["kind"]))
            kind.layers += 1
            kind.measured += row["seconds"]
            kind.predicted += predicted.get(row["layer"], 0.0)
            kind.flops += row["flops"]
            kind.bytes_moved += row["bytes_moved"]
    return sorted(kinds.values(), key=lambda kind: -kind.measured)
