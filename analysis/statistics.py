"""Medians, quartiles and rank correlation: without the standard library's `statistics`, which takes milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which a share of the values lies, interpolated between neighbours.

    >>> quantile([4, 1, 3, 2], 0.5), quantile([1, 2, 3, 4, 5], 0.25), quantile([7], 0.75)
    (2.5, 2.0, 7.0)
    """
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def median(values: Iterable[float]) -> float:
    """The value that half of the values lie below."""
    return quantile(values, 0.5)


def spearman(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Rank correlation; equal values share their mean rank.

    >>> spearman([1, 2, 3], [10, 30, 20]), spearman([1, 1, 2], [5, 5, 9])
    (0.5, 1.0)
    """
    import numpy as np

    return round(float(np.corrcoef(_ranks(a), _ranks(b))[0, 1]), 12)


def _ranks(values: npt.ArrayLike) -> npt.NDArray[Any]:
    import numpy as np

    _, place, counts = np.unique(np.asarray(values, float), return_inverse=True, return_counts=True)
    ranks: npt.NDArray[Any] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks
