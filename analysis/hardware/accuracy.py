"""Published ImageNet errors beside what a network costs, and the networks that none beats at both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from analysis.facts import published
from analysis.hardware.predict.timed_runs import has_layers, layers_of
from analysis.hardware.predict.validation import kind_of_network
from analysis.meter import cost_layers
from analysis.summary import summarize
from archs.errors import DenseScopeError
from archs.registry import get_config

Row = dict[str, Any]

#: Counted costs of one image, by their names in `analysis.quantities`.
COUNTED_COSTS = ("params", "macs", "memory_access_cost")
#: Kinds of networks of timm that stand beside the registered ones.
CONTEXT_KINDS = ("resnet",)
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
    "PingoLH/": "authors",
    "ShichenLiu/": "authors",
    "jianghaojun/": "authors",
    "cypw/": "authors",
    "naver-ai/": "authors",
}
SECOND_HAND = "second-hand"
#: More than ImageNet-1k and its labels went into the training: nothing to set beside plain training.
MORE_THAN_PLAIN = "distilled or pretrained"
RECIPES = (*dict.fromkeys(_RECIPES.values()), SECOND_HAND, MORE_THAN_PLAIN)
#: The same by patterns of network, recipe and doubts, which tell more than who tells it.
_TOLD = {
    "with SSLD|pretrained on ImageNet-": MORE_THAN_PLAIN,
    "trained by PaddleClas": "PaddleClas",
    "the authors' (MXNet )?weights": "authors",
    "^CSP.*Darknet": "authors",
}


def recipe_group(source: str, told: str = "") -> str:
    """Who trained a network, in one or two words, by the source and by what it tells of network and recipe.

    >>> recipe_group("stigma0617/VoVNet.pytorch@039d9dcb README.md")
    'authors'
    >>> recipe_group("huggingface/pytorch-image-models", "timm eval; trained by PaddleClas with SSLD distillation")
    'distilled or pretrained'
    """
    by_telling = (group for pattern, group in _TOLD.items() if re.search(pattern, told))
    by_source = (group for part, group in _RECIPES.items() if part in source)
    return next(by_telling, None) or next(by_source, SECOND_HAND)


def plainly_trained(rows: Iterable[Row]) -> list[Row]:
    """Those that were neither distilled nor pretrained on more images, so that like is set against like."""
    return [row for row in rows if row["group"] != MORE_THAN_PLAIN]


def accuracy_rows() -> list[Row]:
    """Every published single-crop ImageNet top-1 error of a registered network, with its counted costs.

    ResNets of which throughput is published too are there for context: their `family` is None.
    """
    return [
        row | _costs(row["name"], row["image_size"])
        for row in published_errors()
        if row["family"]
        or (kind_of_network(row["name"]) in CONTEXT_KINDS and has_layers(row["name"], row["image_size"]))
    ]


@cache
def published_errors() -> tuple[Row, ...]:
    """Every published single-crop ImageNet top-1 error; `family` is None of networks that are not registered."""
    rows: list[dict[Any, Any]] = published("accuracy", dataset="ImageNet", metric="top1_error").to_dict("records")
    return tuple([_error(row) for row in rows if "10-crop" not in row["evaluation"]])


def _error(row: Mapping[Any, Any]) -> Row:
    return {
        "name": row["arch"] or f"timm/{row['network'].partition('.')[0]}",
        "family": get_config(row["arch"]).family if row["arch"] else None,
        "error": float(row["value"]),
        "image_size": int(row["image_size"]) if row["image_size"] == row["image_size"] and row["image_size"] else 224,
        "group": recipe_group(row["source"], f"{row['network']}, {row['recipe']}; {row['note']}"),
        "recipe": row["recipe"],
        "evaluation": row["evaluation"],
        "evidence": "published",
        "source": row["source"],
        "note": row["note"],
    }


@cache
def _costs(name: str, size: int) -> dict[str, int | None]:
    try:
        if name.startswith("timm/"):
            costs = cost_layers(layers_of(name, size))
            return {key: sum(getattr(cost, key) for cost in costs) for key in COUNTED_COSTS}
        summary = summarize(name, size)
    except DenseScopeError:  # its input does not suit the network as it is registered, or an operation is unknown
        return dict.fromkeys(COUNTED_COSTS)
    return {key: getattr(summary, key) for key in COUNTED_COSTS}


def counted_costs(rows: Iterable[Row], key: str) -> dict[tuple[str, int], tuple[float, str]]:
    """A counted cost of each network and image side, for `with_costs`."""
    return {(row["name"], row["image_size"]): (row[key], "counted") for row in rows if row[key]}


def with_costs(rows: Iterable[Row], costs: Mapping[tuple[str, int], tuple[float, str]]) -> list[Row]:
    """The rows whose network and image side have a cost, with that `cost` and its `cost_evidence`."""
    keyed = [(row, costs.get((row["name"], row["image_size"]))) for row in rows]
    return [row | {"cost": found[0], "cost_evidence": found[1]} for row, found in keyed if found]


def pareto_front(rows: Iterable[Mapping[str, Any]], *, more_is_better: bool = False) -> list[Mapping[str, Any]]:
    """The rows that no other beats in both `cost` and `error`, the best `cost` first.

    >>> rows = [{"cost": cost, "error": error} for cost, error in ((1, 9), (2, 9), (3, 5), (4, 6))]
    >>> [row["cost"] for row in pareto_front(rows)], [row["cost"] for row in pareto_front(rows, more_is_better=True)]
    ([1, 3], [4, 3])
    """
    from analysis.statistics import pareto_mask

    sign = -1 if more_is_better else 1
    by_cost = sorted(rows, key=lambda row: (sign * row["cost"], row["error"]))
    points = [(sign * row["cost"], row["error"]) for row in by_cost]
    on_front = pareto_mask(points)
    return [row for number, row in enumerate(by_cost) if on_front[number] and points[number] not in points[:number]]
