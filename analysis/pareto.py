"""Which of many points no other beats in every objective: the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def pareto_mask(values: npt.ArrayLike, maximize: Sequence[bool] | None = None) -> npt.NDArray[np.bool_]:
    """Which rows no other row beats: none is at least as good in every column and better in one.

    Rows that are equal stay together, on the front or off it.

    >>> pareto_mask([[1, 9], [2, 9], [3, 5], [4, 6]]).tolist()
    [True, False, True, False]

    Args:
        values: one row a point, one column an objective; finite numbers.
        maximize: for each column whether more is better; None: less is better in all.
    """
    points = np.array(values, float)  # a copy
    if not len(points):
        return np.zeros(0, bool)
    if maximize is not None:
        points[:, list(maximize)] *= -1
    distinct, place = np.unique(points, axis=0, return_inverse=True)
    return _front_of_sorted(distinct)[place.ravel()]


def _front_of_sorted(points: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """As `pareto_mask` for distinct rows in lexicographic order, so that no row beats an earlier one."""
    if points.shape[1] == 2:
        best_before = np.minimum.accumulate(np.concatenate(([np.inf], points[:-1, 1])))
        front: npt.NDArray[np.bool_] = points[:, 1] < best_before
        return front
    front, alive = np.zeros(len(points), bool), np.arange(len(points))
    while len(alive):  # its first row is beaten by none, and takes all that it beats out
        first, *_ = alive
        front[first] = True
        alive = alive[(points[alive] < points[first]).any(axis=1)]
    return front
