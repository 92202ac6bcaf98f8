"""Where the model has no calibration: the latencies in the README of VoVNet's authors, on a TITAN X (Pascal).

The README states neither batch nor precision; batch 1 in float32 is assumed. The host's time to issue a kernel, which
decides there, is not known either, so only the order and the ratios say something.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from analysis.prediction.calibrated import shipped_calibration
from analysis.prediction.timed_runs import TimedRun
from analysis.prediction.validation import Trial, predicted_seconds
from analysis.published import published

DEVICE = "TITAN X (Pascal)"
_TRACED = {"ResNet-50": "timm/resnet50", "ResNet-101": "timm/resnet101"}


def small_batch_trials() -> list[Trial]:
    """Each published latency with the prediction for batch 1."""
    frame = published("latency", device=DEVICE, metric="seconds")
    rows: list[dict[Any, Any]] = frame[frame["scope"] == "classifier inference"].to_dict("records")
    runs = [
        TimedRun(row["arch"] or _TRACED[row["network"]], DEVICE, 224, 1, "nchw", "eager", row["value"], "fp32")
        for row in rows
    ]
    known = shipped_calibration()
    return [Trial("small batch", run, predicted_seconds(run, known)) for run in runs]


def fitting_launch_seconds() -> float:
    """The host's time a kernel at which the published latencies would come out, by the median network."""
    return median(trial.run.seconds / len(trial.run.program().layer_index) for trial in small_batch_trials())
