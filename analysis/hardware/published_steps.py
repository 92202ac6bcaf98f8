"""Published training steps beside predicted ones: like beside like, each with its source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from analysis.facts import list_devices, published
from analysis.hardware.predict.spreads import regime
from analysis.hardware.predict.step_prediction import StepPrediction
from analysis.hardware.predict.timed_runs import TimedRun, run_of, sheet_of
from analysis.hardware.speeds import Speed, predicted_speed, version_of

#: What a source says of steps that update no weights.
_NO_UPDATE = "no optimiser step"


def published_step_speeds(steps: Iterable[StepPrediction]) -> list[Speed]:
    """What is published of the steps that are predicted: the same network, device, image size, precision, layout and
    optimizer, in batches of the same sort (small or large); of several the nearest batch, by the newest software.
    """
    found = [_published(step) for step in steps]
    return [speed for speed in found if speed]


def _published(step: StepPrediction) -> Speed | None:
    asked = (step.name, step.device.name, step.image_size, step.precision, step.layout, step.optimizer)
    known = [(run, row) for run, row in _table().get(asked, ()) if regime(run.batch_size) == regime(step.batch_size)]
    if not known:
        return None
    run, row = max(known, key=lambda one: (-abs(one[0].batch_size - step.batch_size), version_of(one[1]["software"])))
    return replace(
        predicted_speed(step, step.device),
        evidence="published",
        batch_size=run.batch_size,
        images_per_s=run.batch_size / run.seconds,
        error=None,
        error_meaning="",
        is_checked=True,
        source=f"{row['source']}, {row['software']}",
        note=row["note"],
    )


@cache
def _table() -> dict[tuple[Any, ...], list[tuple[TimedRun, dict[Any, Any]]]]:
    """Published training figures whose batch and data sheet are known, by what they are of."""
    frame = published("training")
    rows: Sequence[dict[Any, Any]] = frame[frame["batch_size"].notna()].to_dict("records")
    found: dict[tuple[Any, ...], list[tuple[TimedRun, dict[Any, Any]]]] = {}
    for row in rows:
        if sheet_of(row["device"]) in list_devices():
            run, side = run_of(row), int(row["image_size"])
            optimizer = "none" if _NO_UPDATE in row["note"] else "sgd"
            key = (row["arch"] or row["network"], run.device, (side, side), run.precision, run.layout, optimizer)
            found.setdefault(key, []).append((run, row))
    return found
