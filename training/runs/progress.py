"""How far a run is, from its log: what curves are drawn of, and when it will be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from training.data.registry import get_data
from training.recipes import steps_of_epoch
from training.runs import Run

Row = dict[str, Any]
#: A curve has no more points than so many, each the mean of those that it stands for.
MOST_POINTS = 400
#: Rows of the log that tell its pace; a gap of more seconds between two of them is a pause.
RECENT, PAUSE = 40, 120.0

Points = list[tuple[float, float]]


class Progress(NamedTuple):
    """What the log of a run says, against the epochs done."""

    #: From 0 to the recipe's epochs.
    epochs_done: float
    #: The last that was reported, if anything was.
    images_per_s: float | None
    #: Until its end, at the pace of the last rows; None where that isn't known, 0 at the end.
    seconds_left: float | None
    #: By the keys of the log's rows: "loss", "lr" and "images_per_s" of steps, "test_accuracy", "test_ap50" and others
    #: of epochs.
    curves: dict[str, Points]


def progress_of(run: Run) -> Progress:
    """How far a run is."""
    rows, epochs = run.log(), run.recipe.epochs
    per_epoch = _steps_of_epoch(run, rows)
    done = min(rows[-1]["step"] / per_epoch, epochs) if rows else 0.0
    rates = [row["images_per_s"] for row in rows if row.get("images_per_s")]
    pace = _seconds_per_step(rows[-RECENT:])
    left = 0.0 if done >= epochs else (epochs - done) * per_epoch * pace if pace else None
    curves: dict[str, Points] = {}
    for row in rows:
        for key, value in row.items():
            if isinstance(value, (int, float)) and key not in ("step", "steps", "epoch"):
                name = key if row["kind"] == "step" or key.startswith(("test", "train", "averaged")) else ""
                curves.setdefault(name, []).append((row["step"] / per_epoch, float(value)))
    curves.pop("", None)
    return Progress(done, rates[-1] if rates else None, left, {key: thinned(each) for key, each in curves.items()})


def thinned(points: Points, most: int = MOST_POINTS) -> Points:
    """At most so many points, each the mean of neighbours.

    >>> thinned([(0, 1.0), (1, 3.0), (2, 5.0), (3, 7.0)], 2)
    [(0.5, 2.0), (2.5, 6.0)]
    """
    size = -(-len(points) // most)
    if size <= 1:
        return points
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def _steps_of_epoch(run: Run, rows: Sequence[Row]) -> float:
    for row in reversed(rows):
        if row["kind"] == "epoch":
            return float(row["step"] / row["epoch"])
    return float(steps_of_epoch(get_data(run.data).learned_from(run.recipe), run.recipe.batch_size) or 1)


def _seconds_per_step(rows: Sequence[Row]) -> float | None:
    """Of the rows without pauses between them; None of fewer than two."""
    seconds = steps = 0.0
    for before, after in pairwise(rows):
        spent = (datetime.fromisoformat(after["time"]) - datetime.fromisoformat(before["time"])).total_seconds()
        if 0 <= spent <= PAUSE:
            seconds, steps = seconds + spent, steps + after["step"] - before["step"]
    return seconds / steps if steps else None
