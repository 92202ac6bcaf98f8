"""What trainings came to, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analysis.units import format_duration, format_percent, join
from training.data.registry import DataSet, get_data
from training.engine.predictions import Predictions, class_scores
from training.published_curves import Published, beside
from training.recipes import Recipe
from training.runs import Run
from training.runs.record import AveragePrecision


class Outcome(NamedTuple):
    """How far a run is, and how good."""

    name: str
    network: str
    data: DataSet
    recipe: Recipe
    state: str
    #: Epochs done.
    epochs: int
    #: Share of the test images that is classified right; None before the first epoch has ended.
    accuracy: float | None
    #: Spent in epochs that are done; None where the log doesn't tell.
    seconds: float | None
    #: What others reached with the same network on the same data, like with like.
    published: Published | None
    #: Of a detector.
    precision: AveragePrecision | None = None


def outcome_of(run: Run, state: str | None = None) -> Outcome:
    """How far a run is; `state` where more is known of it than its record says."""
    epochs = run.epochs()
    found = [one for one in beside(run.design.name, run.data, run.recipe) if one.arch == run.design.name]
    return Outcome(
        run.name,
        run.design.name,
        get_data(run.data),
        run.recipe,
        state or run.state,
        epochs[-1]["epoch"] if epochs else 0,
        run.accuracy,
        sum(row.get("seconds") or 0 for row in epochs) or None,
        max(found, key=lambda one: one.accuracy, default=None),
        run.average_precision,
    )


def runs_finding(outcomes: Sequence[Outcome]) -> str:
    """The best of some runs on the data set of the first, beside the next and beside what is published; and the best
    of those that train detectors, apart.
    """
    scored = [one for one in outcomes if one.accuracy is not None]
    found = _detectors_finding([one for one in outcomes if one.data.boxes])
    if not scored:
        return found or "No epoch has ended yet: the first figures come with the first one."
    alike = sorted((one for one in scored if one.data == scored[0].data), key=lambda one: -(one.accuracy or 0))
    best, *rest = alike
    said = [_result(best)]
    if rest:
        said.append(_against(best, rest[0], len(alike)))
    if best.published:
        said.append(_against_published(best, best.published))
    if others := len(scored) - len(alike):
        said.append(f"{others} run{'s' if others > 1 else ''} on other data cannot be set against it.")
    return " ".join(filter(None, (*said, found)))


def _detectors_finding(outcomes: Sequence[Outcome]) -> str:
    """The best of the detectors on the data set of the first that has been tested; empty where none has."""
    tested = [(one, one.precision) for one in outcomes if one.precision]
    if not tested:
        ended = next((one for one in outcomes if one.epochs), None)
        return (
            f"{ended.network} was trained without torchmetrics and pycocotools: its AP is not known." if ended else ""
        )
    alike = sorted((each for each in tested if each[0].data == tested[0][0].data), key=lambda each: -each[1].ap)
    (best, reached), *rest = alike
    far = (
        f"{best.epochs:,} of {_epochs(best.recipe.epochs)}"
        if best.epochs < best.recipe.epochs
        else _epochs(best.epochs)
    )
    said = (
        f"{best.network} has an AP of {format_percent(reached.ap)} and an AP50 of {format_percent(reached.ap50)} on "
        f"{best.data.test_images:,} test images ({best.data.title}) after {far}."
    )
    if not rest:
        return said
    (other, behind), name = rest[0], rest[0][0].network
    name = other.name if name == best.network else name
    return f"{said} {name} has an AP of {format_percent(behind.ap)}{_differences(best, other)}."


def _result(one: Outcome) -> str:
    """What a run came to, or has come to so far."""
    right = f"{format_percent(one.accuracy or 0)} of {one.data.test_images:,} test images ({one.data.title})"
    if one.epochs < one.recipe.epochs:
        so_far = f"after {one.epochs} of {_epochs(one.recipe.epochs)}"
        return f"{one.network} classifies {right} right {so_far}."
    spent = f" in {format_duration(one.seconds)}" if one.seconds else ""
    return f"{one.network} classifies {right} right after {_epochs(one.epochs)}{spent}."


def _against(best: Outcome, next_one: Outcome, count: int) -> str:
    """The best run and the next; what else is different is said."""
    name = next_one.name if next_one.network == best.network else next_one.network
    points = 100 * ((best.accuracy or 0) - (next_one.accuracy or 0))
    behind = f"{name}{_differences(best, next_one)}"
    if points < 0.05:
        return f"{name} has as much{_differences(best, next_one)}."
    if count > 2:
        return f"It is the best of {count} runs, {points:.1f} points before {behind}."
    return f"That is {points:.1f} points more than {behind}."


def _differences(best: Outcome, other: Outcome) -> str:
    """What is not alike in two runs, beside their networks."""
    found = []
    if best.epochs != other.epochs:
        found.append(f"after {_epochs(other.epochs)}")
    ours, theirs = best.recipe.to_json(), other.recipe.to_json()
    if any(ours[key] != theirs[key] for key in ours if key not in ("epochs", "source", "notes", "seed")):
        found.append("by another recipe")
    return f" ({join(found)})" if found else ""


def _against_published(one: Outcome, published: Published) -> str:
    """A run against what others report of its network on the same data."""
    points = 100 * ((one.accuracy or 0) - published.accuracy)
    sign = "above" if points > 0 else "below"
    away = f"{abs(points):.1f} points {sign}" if abs(points) >= 0.05 else "at"
    epochs = "" if published.epochs == one.epochs else f" after {_epochs(published.epochs)}, here {one.epochs}"
    return f"It is {away} the {format_percent(published.accuracy)} that are published of it{epochs}."


def _epochs(count: int) -> str:
    return f"{count:,} epoch{'s' if count != 1 else ''}"


def mistakes_finding(network: str, predictions: Predictions, data: DataSet) -> str:
    """How many test images a network gets wrong, and which class it takes for which most often."""
    wrong = len(predictions.labels) - predictions.right
    if not wrong:
        return f"{network} classifies all {predictions.right:,} test images right."
    scores = class_scores(predictions, len(data.classes))
    most = max(scores, key=lambda one: one.taken)
    least = min(scores, key=lambda one: one.accuracy)
    said = f"{network} gets {wrong:,} of {len(predictions.labels):,} test images wrong"
    if most.taken > 1 and most.taken_for is not None:
        times = f"{most.taken:,} of {data.classes[most.label]} are taken for {data.classes[most.taken_for]}"
        said = f"{said}; most often {times}"
    return (
        f"{said}. The hardest class is {data.classes[least.label]}: {format_percent(least.accuracy)} of it are right."
    )
