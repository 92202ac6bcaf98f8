"""How far off predicted times of detectors are: published ones, of which none was used for anything.

What is published is the time of a whole image. A prediction leaves out what depends on values: decoding of boxes,
non-maximum suppression, and what the host does meanwhile. That takes much the same for all detectors of one machine
and software, so for each figure the others tell it: the median of what they take beyond their predictions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from analysis.facts import get_device, list_devices, published
from analysis.hardware.predict.calibrated import TWO_STAGE, scatter_of, shipped_calibration
from analysis.hardware.predict.intervals import SHARE
from analysis.hardware.predict.kernels import Program, planned_program
from analysis.hardware.predict.spreads import Trial
from analysis.hardware.predict.timed_runs import TimedRun, sheet_of
from analysis.hardware.predict.validation import tried
from analysis.statistics import median
from detectors import resolve_detector

#: What sources call them, and the channels of their pyramids.
_NAMED = re.compile(r"(Faster|Mask) R-CNN( FPN)?(Lite)?")
WIDE, LITE = 256, 128
#: COCO's images are 4:3 for the most part; the short side made 800 pixels, both padded to whole strides of 32.
SIZE = (800, 1088)
#: Frameworks of their time computed in it where nothing else is said.
PRECISION = "float32"


@dataclass(frozen=True)
class DetectorRun(TimedRun):
    """A detector on a device, and the seconds that an image took with all that comes after the network."""

    pyramid: int = WIDE

    def program(self) -> Program:
        """Its kernels."""
        return planned_program(resolve_detector(self.network, fpn_channels=self.pyramid), SIZE, self.execution, False)

    @property
    def setup(self) -> str:
        """The machine and software."""
        return f"{self.device}, {self.software}"


class DetectorTrial(NamedTuple):
    """A published figure, and what was predicted of it."""

    run: DetectorRun
    trial: Trial
    #: Seconds an image that the other figures of the machine and software take beyond their predictions.
    beside: float
    #: By how much the interval lets the layers' time be longer or shorter.
    factor: float

    @property
    def seconds(self) -> float:
        """Predicted, of the layers."""
        return self.trial.seconds

    @property
    def left_out(self) -> float:
        """Seconds that the figure takes beyond its own prediction."""
        return self.run.seconds - self.seconds

    @property
    def error(self) -> float:
        """Of the predicted time, with what the others take beside added."""
        return (self.seconds + self.beside) / self.run.seconds - 1

    @property
    def is_inside(self) -> bool:
        """Whether the interval holds the time of the layers: what is published, less what the others take beside."""
        return self.trial.low / self.factor <= self.run.seconds - self.beside <= self.trial.high * self.factor


@cache
def published_detectors() -> tuple[DetectorRun, ...]:
    """Every published time of a detector that can be planned, on a device whose data sheet is shipped."""
    rows: list[dict[Any, Any]] = published("detection", metric="seconds").to_dict("records")
    return tuple(run for row in rows if (run := _run(row)))


def _run(row: dict[Any, Any]) -> DetectorRun | None:
    """What can be planned of a row, if anything."""
    named = _NAMED.fullmatch(row["detector"])
    if not (named and row["arch"] and sheet_of(row["device"]) in list_devices()):
        return None
    stages, _, lite = named.groups()
    return DetectorRun(
        f"{stages.lower()}_rcnn/{row['arch']}",
        sheet_of(row["device"]),
        SIZE[0],
        1,
        "nchw",
        "eager",
        row["value"],
        PRECISION,
        row["software"],
        pyramid=LITE if lite else WIDE,
    )


@cache
def detector_trials() -> tuple[DetectorTrial, ...]:
    """Every figure, with what is left out told by the others."""
    known = shipped_calibration()
    found = [(run, tried("detectors", run, known)) for run in published_detectors()]
    return tuple(DetectorTrial(run, trial, _beside(run, found), _factor(run)) for run, trial in found)


def _beside(run: DetectorRun, found: Sequence[tuple[DetectorRun, Trial]]) -> float:
    return median(other.seconds - trial.seconds for other, trial in found if other != run and other.setup == run.setup)


def _factor(run: TimedRun) -> float:
    device = get_device(run.device)
    return scatter_of(TWO_STAGE, device, run.batch_size, run.precision, run.layout, run.execution).factor


def detector_rows() -> list[dict[str, Any]]:
    """Errors and coverage of all and by device, and what is left out, as `error_rows` of training steps."""
    groups: dict[str, list[DetectorTrial]] = {}
    for trial in detector_trials():
        for label in ("all", trial.run.device):
            groups.setdefault(label, []).append(trial)
    return [_row(label, group) for label, group in groups.items()]


def _row(label: str, trials: Sequence[DetectorTrial]) -> dict[str, Any]:
    errors = [trial.error for trial in trials]
    return {
        "left_out": "detectors",
        "of": label,
        "figures": len(trials),
        "median_error": median(map(abs, errors)),
        "worst_error": max(map(abs, errors)),
        "bias": median(errors),
        "coverage": sum(trial.is_inside for trial in trials) / len(trials),
        "claimed": SHARE,
        "least_beside_seconds": min(trial.left_out for trial in trials),
        "most_beside_seconds": max(trial.left_out for trial in trials),
    }
