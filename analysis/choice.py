"""Which network? Its accuracy and the time of an image on a device, and what the one buys of the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log2
from statistics import mode
from typing import Any, NamedTuple

from analysis.hardware.accuracy import MORE_THAN_PLAIN, pareto_front, plainly_trained, published_errors
from analysis.hardware.speeds import Speed
from analysis.units import THIN_SPACE, format_quantity, format_ratio, format_size, join
from archs import checks
from archs.config import NetworkConfig
from archs.layer import Pair

#: Which of several published accuracies of a network counts.
RECIPES = {"plain": "Plain", "best": "Best published"}
#: Who trained a network: the plainest recipes first, so that like is compared with like.
PLAIN_FIRST = ("authors", "torchvision", "timm", "pytorchcv, Gluon", "PaddleClas", "second-hand")
_TRAINERS = {
    "authors": "their authors",
    "second-hand": "unknown hands",
    MORE_THAN_PLAIN: "distillation or on more images",
}
#: So many names are listed.
_NAMED = 6
#: Differences in accuracy and in time below these are none worth telling.
_POINTS, _TIME = 0.0005, 0.005


class Fact(NamedTuple):
    """A figure that is not counted, and what there is to say of it."""

    value: float
    #: One of `analysis.hardware.speeds.EVIDENCE`.
    evidence: str
    #: How far the truth may lie below and above, as shares of the figure; None where that is not known.
    error: tuple[float, float] | None = None
    #: Whether published figures tell that error, so that no rule had to.
    is_checked: bool = True

    @property
    def is_open(self) -> bool:
        """Whether it has an interval that a rule widens."""
        return self.error is not None and not self.is_checked


class Accuracy(NamedTuple):
    """A published accuracy on ImageNet."""

    top1: float
    image_size: int
    #: Who trained the network, and how.
    group: str
    recipe: str
    evaluation: str
    source: str
    note: str = ""


class Trained(NamedTuple):
    """What a network has learned here, as the test images of its data set tell."""

    #: The name of the training, and its network, fitted to the images.
    run: str
    config: NetworkConfig
    #: Of the data set.
    title: str
    recipe: str
    epochs: int
    #: Share of the test images that its weights classify right.
    accuracy: float

    @property
    def how(self) -> str:
        """Recipe and epochs."""
        epochs = "" if "epochs=" in self.recipe else f", {self.epochs} epoch{'s' if self.epochs > 1 else ''}"
        return f"recipe {self.recipe}{epochs}"

    @property
    def conditions(self) -> tuple[str, str, str]:
        """Data set, image size and recipe: networks of the same ones are alike but for what they are."""
        return self.title, self.size, self.how

    @property
    def size(self) -> str:
        """Of the images, in a sentence."""
        return format_size(checks.image_size(self.config.image_size))

    @property
    def told(self) -> str:
        """Where it comes from, in a cell of a table."""
        return f"{self.title}, {self.size}, {self.how}, run {self.run}"

    @property
    def sentence(self) -> str:
        """All of it in a line."""
        right = format_quantity("accuracy_here", self.accuracy)
        return f"Trained here on {self.title}, {self.size}: {right} of the test images right ({self.how})."


class Candidate(NamedTuple):
    """A network, with what is known of it beside its costs."""

    name: str
    accuracy: Accuracy | None
    speed: Speed | None
    trained: Trained | None = None

    def fact(self, key: str) -> Fact | None:
        """A quantity that is not counted; None where it is counted, or nothing is known of it."""
        if key == "top1" and self.accuracy:
            return Fact(self.accuracy.top1, "published")
        if key == "accuracy_here" and self.trained:
            return Fact(self.trained.accuracy, "trained")
        if key == "images_per_s" and self.speed:
            return Fact(self.speed.images_per_s, self.speed.evidence, self.speed.error, self.speed.is_checked)
        if key == "seconds_per_image" and self.speed:
            time = self.speed.seconds_per_image
            return Fact(time, self.speed.evidence, self.speed.error_of_time, self.speed.is_checked)
        return None


def published_accuracies(sizes: Mapping[str, Pair], recipe: str = "plain") -> dict[str, Accuracy]:
    """The accuracy of each network at its image size, as far as one is published.

    >>> found = published_accuracies({"densenet121": (224, 224), "peleenet": (256, 256)})
    >>> [(name, one.group, round(one.top1, 4)) for name, one in found.items()]
    [('densenet121', 'authors', 0.7498)]

    Args:
        sizes: by name, of images.
        recipe: of `RECIPES`. "plain": its authors' own training before that of others, and of one group's the least
            accurate, because tricks only add, and none that was distilled or pretrained on more images; "best": the
            most accurate, whoever trained it.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in published_errors() if recipe == "best" else plainly_trained(published_errors()):
        if sizes.get(row["name"]) == (row["image_size"],) * 2:
            found.setdefault(row["name"], []).append(row)
    return {name: _accuracy(_chosen(found[name], recipe)) for name in sizes if name in found}


def _chosen(rows: Iterable[dict[str, Any]], recipe: str) -> dict[str, Any]:
    if recipe == "best":
        return min(rows, key=lambda row: row["error"])
    return min(rows, key=lambda row: (PLAIN_FIRST.index(row["group"]), -row["error"]))


def _accuracy(row: dict[str, Any]) -> Accuracy:
    facts = (row[key] for key in ("image_size", "group", "recipe", "evaluation", "source", "note"))
    return Accuracy(round(1 - row["error"] / 100, 6), *facts)


def best_front(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those that no other beats in both accuracy and time, the fastest first."""
    rows = [{"candidate": one, "cost": _seconds(one), "error": -_top1(one)} for one in _known(candidates)]
    return [row["candidate"] for row in pareto_front(rows)]


def best_buy_finding(candidates: Sequence[Candidate], baseline: str | None = None) -> str:
    """What accuracy costs in time: the fastest network, the best buy beyond it, the most accurate, and whether the
    baseline is beaten; empty where fewer than two networks have both figures.

    Args:
        candidates: on one device.
        baseline: the name of the network that others are set against.
    """
    front = best_front(candidates)
    if len(_known(candidates)) < 2:
        return ""
    fastest, *others = front
    opening = f"At {fastest.name}'s time ({_time(fastest)}) nothing here is more accurate ({_write(fastest)})"
    told = [fastest]
    if others:
        buy = max(others, key=lambda one: (_top1(one) - _top1(fastest)) / log2(_seconds(one) / _seconds(fastest)))
        told.append(buy)
        opening += f"; {buy.name} gives {_gain(fastest, buy)} for {_ratio(fastest, buy)} the time"
        if (most := others[-1]) is not buy:
            told.append(most)
            opening += f", {most.name} the most: {_gain(fastest, most)} for {_ratio(fastest, most)}"
    else:
        opening += ", and at no other time either"
    sentences = [f"{opening}."]
    base = next((one for one in _known(candidates) if one.name == baseline), None)
    if base and base not in told:
        told.append(base)
        sentences.append(_against(base, told[:-1], front))
    return " ".join([*sentences, *_recipes(told)])


def _against(base: Candidate, told: Sequence[Candidate], front: Sequence[Candidate]) -> str:
    """Who beats the baseline at both, if anybody does: of those who were told of, if they do."""
    better = [one for one in (*told, *front) if _seconds(one) <= _seconds(base) and _top1(one) >= _top1(base)]
    better = [one for one in better if one is not base]
    if not better:
        return f"None beats {base.name} at both."
    best = max(better, key=lambda one: (one in told, _top1(one)))
    gain = _gain(base, best) if _top1(best) - _top1(base) >= _POINTS else "as much accuracy"
    return f"{best.name} beats {base.name}: {gain} in {_in_time(base, best)}."


def _in_time(base: Candidate, other: Candidate) -> str:
    """The ratio of two times; where their errors overlap, that it is about the same."""
    ratio = _seconds(other) / _seconds(base)
    unsure = sum((one.speed.error or (0, 0))[1] for one in (base, other) if one.speed)
    return "about its time" if 1 - ratio <= max(unsure, _TIME) else f"{format_ratio(ratio)} its time"


def _recipes(told: Sequence[Candidate]) -> list[str]:
    """Who trained the networks that are told of, where not all were trained by the same: the most by whom, who else."""
    by_group: dict[str, list[str]] = {}
    for one in told:
        if one.accuracy:
            by_group.setdefault(one.accuracy.group, []).append(one.name)
    if len(by_group) < 2:
        return []
    (most, _), *others = sorted(by_group.items(), key=lambda item: -len(item[1]))
    exceptions = join(f"{join(names)} by {_TRAINERS.get(group, group)}" for group, names in others)
    return [f"Trained by {_TRAINERS.get(most, most)}; {exceptions}."]


def trained_finding(candidates: Sequence[Candidate]) -> str:
    """Which of the networks that were trained here on a data set has learned most, and whether all were trained alike;
    empty where none was.
    """
    trained = sorted((one for one in candidates if one.trained), key=lambda one: -_learned(one).accuracy)
    if not trained:
        return ""
    best, *others = trained
    told = _learned(best)
    opening = f"Trained here on {told.title}, {told.size}, {best.name} classifies "
    opening += f"{format_quantity('accuracy_here', told.accuracy)} of the test images right ({told.how})"
    if others:
        behind = told.accuracy - _learned(others[0]).accuracy
        points = f"{100 * behind:.1f}{THIN_SPACE}points behind" if behind >= _POINTS else "about as good"
        opening += f"; {others[0].name} is next, {points}"
    unlike = [one.name for one in others if _learned(one).conditions != told.conditions]
    return f"{opening}. Trained otherwise: {_some(unlike)}." if unlike else f"{opening}."


def like_with_like(found: Mapping[str, Sequence[Trained]]) -> dict[str, Trained]:
    """Of what each network has learned, what was trained as most of the networks were, else what came out best.

    Args:
        found: by network, trainings on one data set.
    """
    each = Counter(conditions for runs in found.values() for conditions in {run.conditions for run in runs})
    return {
        name: max(runs, key=lambda run: (each[run.conditions], run.accuracy)) for name, runs in found.items() if runs
    }


def trained_alike(candidates: Iterable[Candidate]) -> list[str]:
    """The networks that were trained as most of them were: the same images, recipe and epochs."""
    trained = {one.name: one.trained.conditions for one in candidates if one.trained}
    usual = mode(trained.values()) if trained else None
    return [name for name, conditions in trained.items() if conditions == usual]


def _learned(one: Candidate) -> Trained:
    assert one.trained
    return one.trained


def unknown_finding(candidates: Sequence[Candidate], sizes: Mapping[str, Pair], device: str) -> str:
    """Which networks have no accuracy, no speed or a prediction of unknown error; empty where nothing is missing."""
    blank = [one.name for one in candidates if one.accuracy is None]
    distilled = published_accuracies({name: sizes[name] for name in blank}, "best")
    blank = [name for name in blank if name not in distilled]
    unknown = [one.name for one in candidates if one.speed is None]
    sentences = []
    if blank:
        found = sorted({sizes[name] for name in blank})
        at = join(map(format_size, found)) if len(found) < 3 else "their image sizes"
        sentences.append(f"No ImageNet accuracy is published at {at} for {_some(blank)}.")
    if distilled:
        left_out = "was distilled or pretrained on more images, which the plain recipe leaves out"
        sentences.append(f"All accuracy that is published for {_some([*distilled])} {left_out}.")
    if unknown:
        sentences.append(f"No speed on {device} is known for {_some(unknown)}.")
    if unsure := [one.name for one in candidates if _is_unsure(one.speed)]:
        sentences.append(f"No published figure of its kind checks how far off the prediction for {_some(unsure)} is.")
    return " ".join(sentences)


def _is_unsure(speed: Speed | None) -> bool:
    return speed is not None and speed.evidence == "predicted" and not speed.is_checked


def _some(names: Sequence[str]) -> str:
    """Names, as far as a person reads them."""
    return join(names) if len(names) <= _NAMED else join([*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"])


def _known(candidates: Iterable[Candidate]) -> list[Candidate]:
    return [one for one in candidates if one.accuracy and one.speed]


def _top1(one: Candidate) -> float:
    return one.accuracy.top1 if one.accuracy else 0.0


def _seconds(one: Candidate) -> float:
    return one.speed.seconds_per_image if one.speed else 0.0


def _time(one: Candidate) -> str:
    where = f" on {one.speed.device}, {one.speed.execution}, {one.speed.evidence}" if one.speed else ""
    return f"{format_quantity('seconds_per_image', _seconds(one))} an image{where}"


def _write(one: Candidate) -> str:
    return format_quantity("top1", _top1(one))


def _gain(base: Candidate, other: Candidate) -> str:
    return f"{100 * (_top1(other) - _top1(base)):+.1f}{THIN_SPACE}points"


def _ratio(base: Candidate, other: Candidate) -> str:
    return format_ratio(_seconds(other) / _seconds(base))
