"""Medians, quartiles, rank correlation and Pareto fronts; the standard library's `statistics` takes milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Rows of a front that take out what they beat before the rest is copied.
TOGETHER = 64
#: Rows whose front tells how large that of all may be.
SAMPLED = 2000


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


def spearman_interval(a: npt.ArrayLike, b: npt.ArrayLike, resamples: int = 1000) -> tuple[float, float]:
    """The middle 95 % of the rank correlations of resamples of the pairs, drawn with replacement and a fixed seed.

    >>> spearman_interval(range(20), range(20))
    (1.0, 1.0)

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, section 13.3: the percentile interval.
    """
    import numpy as np

    x, y = np.asarray(a, float), np.asarray(b, float)
    drawn = np.random.default_rng(0).integers(0, len(x), (resamples, len(x)))
    varied = [each for each in drawn if len(np.unique(x[each])) > 1 and len(np.unique(y[each])) > 1]
    found = [spearman(x[each], y[each]) for each in varied]
    return quantile(found, 0.025), quantile(found, 0.975)


def _ranks(values: npt.ArrayLike) -> npt.NDArray[Any]:
    import numpy as np

    _, place, counts = np.unique(np.asarray(values, float), return_inverse=True, return_counts=True)
    ranks: npt.NDArray[Any] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def pareto_mask(values: npt.ArrayLike, maximize: Sequence[bool] | None = None) -> npt.NDArray[np.bool_]:
    """Which rows no other row beats: none is at least as good in every column and better in one.

    Rows that are equal stay together, on the front or off it.

    >>> pareto_mask([[1, 9], [2, 9], [3, 5], [4, 6]]).tolist()
    [True, False, True, False]

    Args:
        values: one row a point, one column an objective; finite numbers.
        maximize: for each column whether more is better; None: less is better in all.
    """
    import numpy as np

    points = np.array(values, float)  # a copy
    if not len(points):
        return np.zeros(0, bool)
    if maximize is not None:
        points[:, list(maximize)] *= -1
    distinct, place = np.unique(points, axis=0, return_inverse=True)
    return _front_of_sorted(distinct)[place.ravel()]


def _front_of_sorted(points: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """As `pareto_mask` for distinct rows in lexicographic order, so that no row beats an earlier one."""
    import numpy as np

    if points.shape[1] == 2:
        best_before = np.minimum.accumulate(np.concatenate(([np.inf], points[:-1, 1])))
        front: npt.NDArray[np.bool_] = points[:, 1] < best_before
        return front
    ranks = np.array([np.unique(column, return_inverse=True)[1] for column in points.T], np.int32)
    place = np.argsort(ranks.sum(axis=0, dtype=np.int64), kind="stable")  # what beats a row stands before it
    ranks, front = ranks[:, place], np.zeros(len(points), bool)
    while len(place):
        alive = np.ones(len(place), bool)
        for row in range(min(len(place), TOGETHER)):
            if alive[row]:  # it is beaten by none, and takes all that it beats out
                front[place[row]] = True
                better = ranks[0, row + 1 :] < ranks[0, row]
                for column in ranks[1:]:
                    better |= column[row + 1 :] < column[row]
                alive[row + 1 :] &= better
        alive[:TOGETHER] = False
        ranks, place = ranks[:, alive], place[alive]
    return front


def front_comparisons(values: npt.ArrayLike, maximize: Sequence[bool] | None = None) -> int:
    """How many numbers `pareto_mask` compares at most, as far as the front of a sample tells.

    Of fewer rows a larger share is on the front, and each of the front is compared with those that are left. Of two
    columns one pass tells.

    >>> front_comparisons([[x, -x, x] for x in range(100)]), front_comparisons([[x, -x] for x in range(100)])
    (15000, 200)
    """
    import numpy as np

    points = np.asarray(values, float)
    count, columns = points.shape
    if columns <= 2 or not count:
        return count * columns
    few = min(count, SAMPLED)
    drawn = points[np.random.default_rng(0).permutation(count)[:few]]
    front = count * int(np.count_nonzero(pareto_mask(drawn, maximize))) // few
    return columns * max(count, front * front // 2)
