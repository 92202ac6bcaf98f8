"""What is known of the guesses at accuracy that a search can use: how they rank networks that somebody has trained."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.facts import DATA
from analysis.hardware.accuracy import accuracy_rows
from analysis.quantities import label_of
from analysis.statistics import spearman, spearman_interval
from archs.errors import ConfigError

#: At this rank correlation and above, a proxy is not called weak.
STRONG = 0.7
#: The one published recipe that trained networks of all three families; its figures stand in osmr/imgclsmob's README.
RECIPE = "imgclsmob Gluon (original training)"
#: The image size at which accuracies are compared.
IMAGE_SIZE = 224


def capacity_proxy(params: npt.ArrayLike, macs: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """log10(params × MACs), MACs of one image: both equally, nothing fitted.

    Source: parameters and FLOPs as the baselines that few zero-cost proxies beat: White et al., "A Deeper Look at
    Zero-Cost Proxies for Lightweight NAS", ICLR Blog Track 2022.
    """
    return np.log10(np.asarray(params, float)) + np.log10(np.asarray(macs, float))


class ProxyEvidence(NamedTuple):
    """How the proxy ranks the networks that one recipe has trained."""

    recipe: str
    networks: tuple[str, ...]
    #: Spearman's rank correlation between the proxy and published ImageNet top-1 accuracy.
    rank_correlation: float
    #: Pairs of networks whose MACs differ by less than a factor of two, and how many of them it ranks right.
    close_pairs: int
    close_pairs_right: int

    def sentence(self) -> str:
        """What is known about the proxy, to stand wherever it is offered."""
        points = f"Spearman, {len(self.networks)} networks of the recipe {self.recipe}"
        strength = "" if self.rank_correlation >= STRONG else " It is weak: do not choose by it."
        return (
            "The capacity proxy is log10(parameters × MACs). Its rank correlation with published ImageNet top-1 "
            f"accuracy is {self.rank_correlation:.2f} ({points}); it ranks {self.close_pairs_right} of "
            f"{self.close_pairs} pairs right whose MACs differ by less than a factor of two, so within a narrow budget "
            f"it says little.{strength}"
        )


@cache
def proxy_evidence(recipe: str = RECIPE) -> ProxyEvidence:
    """How the proxy ranks the registered networks that a recipe has trained. Raises: ConfigError: fewer than three."""
    rows = {row["name"]: row for row in accuracy_rows() if _fits(row, recipe)}
    if len(rows) < 3:
        raise ConfigError("recipe", recipe, "one that trained three registered networks or more")
    proxies = capacity_proxy([row["params"] for row in rows.values()], [row["macs"] for row in rows.values()])
    accuracies = np.array([-row["error"] for row in rows.values()])
    macs = [row["macs"] for row in rows.values()]
    close = [(a, b) for a, b in combinations(range(len(rows)), 2) if 0.5 < macs[a] / macs[b] < 2]
    right = sum(bool((proxies[a] - proxies[b]) * (accuracies[a] - accuracies[b]) > 0) for a, b in close)
    return ProxyEvidence(recipe, tuple(rows), spearman(proxies, accuracies), len(close), right)


def _fits(row: dict[str, Any], recipe: str) -> bool:
    return bool(row["family"] and row["recipe"] == recipe and row["image_size"] == IMAGE_SIZE and row["macs"])


#: Networks that `python -m scripts.proxies --train` has trained, with what the proxies say of them.
TRAINED = DATA / "trained_proxies.csv"
#: MACs that make a budget: the others are there to show what size alone tells.
BAND = (1.5e6, 3e6)


class TrainedEvidence(NamedTuple):
    """How a quantity ranks networks of one budget that were trained here."""

    quantity: str
    networks: int
    #: Spearman's, with the mean accuracy of the seeds; 95 % of bootstrap resamples lie between `low` and `high`.
    rank_correlation: float
    low: float
    high: float

    def told(self) -> str:
        """The correlation, and in parentheses the interval."""
        return f"{signed(self.rank_correlation)} ({signed(self.low)} to {signed(self.high)})"

    def sentence(self) -> str:
        """What is known about it, to stand wherever it is offered."""
        strength = "" if self.rank_correlation >= STRONG else " It is weak: do not choose by it."
        return (
            f"{label_of(self.quantity)} is a guess at accuracy by an untrained network. Its rank correlation with "
            f"accuracy trained here is {self.told()}: Spearman, and what 95 % of bootstrap resamples give, of "
            f"{self.networks} DenseNets of {BAND[0] / 1e6:g} to {BAND[1] / 1e6:g} M MACs on Fashion-MNIST "
            f"(docs/proxies.md).{strength}"
        )


#: What the file knows of a network beside its config, its accuracies and what they took.
JUDGED = ("params", "macs", "memory_access_cost", "capacity_proxy", "synflow", "naswot", "grad_norm")


def signed(value: float) -> str:
    """A rank correlation for people.

    >>> signed(-0.25)
    '−0.25'
    """
    return f"{value:.2f}".replace("-", "−")


@cache
def trained_rows() -> tuple[dict[str, Any], ...]:
    """Every network that was trained: what it was judged by, `accuracies` of its seeds, and `accuracy`, their mean."""
    rows = []
    with TRAINED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            accuracies = [float(value) for key, value in row.items() if key.startswith("accuracy_") and value]
            judged = {key: float(row[key]) for key in JUDGED}
            rows.append(judged | {"accuracies": accuracies, "accuracy": sum(accuracies) / len(accuracies)})
    return tuple(rows)


def at_one_budget(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those whose MACs lie in the band."""
    return [row for row in rows if BAND[0] <= row["macs"] <= BAND[1]]


@cache
def trained_evidence(quantity: str) -> TrainedEvidence:
    """How one of `JUDGED` ranks the networks of one budget that were trained here."""
    return evidence_of(quantity, at_one_budget(trained_rows()))


def evidence_of(quantity: str, rows: Sequence[dict[str, Any]]) -> TrainedEvidence:
    """How a quantity ranks some trained networks."""
    judged, accuracies = ([row[key] for row in rows] for key in (quantity, "accuracy"))
    low, high = spearman_interval(judged, accuracies)
    return TrainedEvidence(quantity, len(rows), spearman(judged, accuracies), low, high)
