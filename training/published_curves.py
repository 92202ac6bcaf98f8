"""What others reached on the same data: curves and end points, each with its source."""

from __future__ import annotations

import csv
from functools import cache
from typing import NamedTuple

from analysis.facts import DATA, published
from archs.errors import DenseScopeError
from training.recipes import Recipe, get_recipe

#: What papers call our data sets, and the recipe that their networks are trained by; "+" is with augmentation.
_TABLES = {
    "cifar10": ("CIFAR-10", "densenet-cifar"),
    "cifar100": ("CIFAR-100", "densenet-cifar"),
    "svhn-extra": ("SVHN", "densenet-svhn"),
}


class Published(NamedTuple):
    """The test accuracy that others report of a network."""

    #: As the source writes it, and the registered name.
    network: str
    arch: str
    #: A name of `training.data`, and whether its images were varied in training.
    data: str
    augmented: bool
    #: (epoch, share of the test images that is classified right); the last is the end of the training.
    points: tuple[tuple[int, float], ...]
    #: A name of `training.recipes`.
    recipe: str
    source: str
    note: str

    @property
    def epochs(self) -> int:
        return self.points[-1][0]

    @property
    def accuracy(self) -> float:
        return self.points[-1][1]


def is_augmented(recipe: Recipe) -> bool:
    """Whether a recipe varies the training images, as the columns with "+" of the paper's Table 2 do."""
    return bool(recipe.flip or recipe.shift)


def beside(arch: str, data: str, recipe: Recipe) -> list[Published]:
    """What there is to set beside a run: curves on its data set, and the end point of its network, like with like."""
    end = _end_point(arch, data, is_augmented(recipe))
    return [one for one in _curves() if one.data == data] + ([end] if end else [])


@cache
def _curves() -> tuple[Published, ...]:
    """Those of published_curves.csv, one a network and data set."""
    with (DATA / "published_curves.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    curves: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        curves.setdefault((row["network"], row["dataset"]), []).append(row)
    return tuple(map(_curve, curves.values()))


def _curve(rows: list[dict[str, str]]) -> Published:
    """The curve of some rows, whose last says most of it."""
    points = tuple((int(row["epoch"]), round(float(row["accuracy"]) / 100, 6)) for row in rows)
    last = rows[-1]
    augmented = is_augmented(get_recipe(last["recipe"]))
    words = (last[key] for key in ("recipe", "source", "note"))
    return Published(last["network"], last["arch"], last["dataset"], augmented, points, *words)


def _end_point(arch: str, data: str, augmented: bool) -> Published | None:
    """What the paper's Table 2 has of a registered network on a data set."""
    if data not in _TABLES:
        return None
    title, recipe = _TABLES[data]
    dataset = f"{title}+" if augmented and title != "SVHN" else title
    try:
        row = published("accuracy", arch=arch, dataset=dataset, metric="error").iloc[0]
    except DenseScopeError:
        return None
    points = ((get_recipe(recipe).epochs, round(1 - row["value"] / 100, 6)),)
    return Published(row["network"], arch, data, augmented, points, recipe, row["source"], row["note"])
