"""Medians and quartiles, without the standard library's `statistics`, which takes milliseconds to import."""

from __future__ import annotations

from collections.abc import Iterable


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
