"""Published ImageNet errors beside what a network costs, and the networks that none beats at both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from analysis.published import published
from analysis.summary import summarize
from archs.errors import DenseScopeError
from archs.registry import get_config

Row = dict[str, Any]

#: Counted costs of one image, by their names in `analysis.quantities`.
COUNTED_COSTS = ("params", "macs", "memory_access_cost")
#: Who trained a network, by a part of the source; the first that fits.
_RECIPES = {
    "pytorch-image-models": "timm",
    "torchvision": "torchvision",
    "pytorchcv": "pytorchcv, Gluon",
    "imgclsmob": "pytorchcv, Gluon",
    "PaddleClas": "PaddleClas",
    "arXiv 1608.06993": "authors",
    "liuzhuang13/": "authors",
    "stigma0617/": "authors",
    "Robert-JunWang/": "authors",
}
SECOND_HAND = "second-hand"
RECIPES = (*dict.fromkeys(_RECIPES.values()), SECOND_HAND)


def recipe_group(source: str) -> str:
    """Who trained a network, in one or two words.

    >>> recipe_group("stigma0617/VoVNet.pytorch@039d9dcb README.md")
    'authors'
    """
    return next((group for part, group in _RECIPES.items() if part in source), SECOND_HAND)


def accuracy_rows() -> list[Row]:
    """Every published single-crop ImageNet top-1 error of a registered network, with its counted costs."""
    rows: list[dict[Any, Any]] = published("accuracy", dataset="ImageNet", metric="top1_error").to_dict("records")
    return [_row(row) for row in rows if row["arch"] and "10-crop" not in row["evaluation"]]


def _row(row: Mapping[Any, Any]) -> Row:
    size = int(row["image_size"]) if row["image_size"] == row["image_size"] and row["image_size"] else 224
    return {
        "name": row["arch"],
        "family": get_config(row["arch"]).family,
        "error": float(row["value"]),
        "image_size": size,
        "group": recipe_group(row["source"]),
        "recipe": row["recipe"],
        "evaluation": row["evaluation"],
        "evidence": "published",
        **_costs(row["arch"], size),
        "source": row["source"],
        "note": row["note"],
    }


@cache
def _costs(name: str, size: int) -> dict[str, int | None]:
    try:
        summary = summarize(name, size)
    except DenseScopeError:  # its input does not suit the network as it is registered
        return dict.fromkeys(COUNTED_COSTS)
    return {key: getattr(summary, key) for key in COUNTED_COSTS}


def pareto_front(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows that no other beats in both `cost` and `error`, by cost.

    >>> [row["cost"] for row in pareto_front([{"cost": c, "error": e} for c, e in ((1, 9), (2, 9), (3, 5), (4, 6))])]
    [1, 3]
    """
    front: list[Mapping[str, Any]] = []
    for row in sorted(rows, key=lambda row: (row["cost"], row["error"])):
        if not front or row["error"] < front[-1]["error"]:
            front.append(row)
    return front


def with_costs(rows: Sequence[Row], costs: Mapping[tuple[str, int], float]) -> list[Row]:
    """The rows whose network and image size has a cost, with that `cost`."""
    keys = [(row["name"], row["image_size"]) for row in rows]
    return [row | {"cost": costs[key]} for row, key in zip(rows, keys, strict=True) if key in costs]
