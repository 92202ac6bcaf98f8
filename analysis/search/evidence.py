"""What is known of the guesses at accuracy that a search can use: how they rank networks that somebody has trained."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.hardware.accuracy import accuracy_rows
from analysis.statistics import spearman
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
