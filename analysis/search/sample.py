"""Which configs of a space are looked at: all of them, or as many as are asked for, drawn with a seed."""

from __future__ import annotations

import numpy as np

from analysis.search.columns import Integers


def draw(size: int, limit: int, seed: int) -> Integers:
    """Numbers of configs, ascending and none twice: all below `size`, or `limit` of them.

    >>> draw(5, 9, seed=0).tolist(), draw(10**15, 3, seed=0).tolist() == draw(10**15, 3, seed=0).tolist()
    ([0, 1, 2, 3, 4], True)
    """
    if limit >= size:
        return np.arange(size, dtype=np.int64)
    random = np.random.default_rng(seed)
    if 4 * limit >= size:
        return np.sort(random.permutation(size)[:limit])
    drawn = np.zeros(0, np.int64)
    while len(drawn) < limit:
        drawn = np.unique(np.concatenate((drawn, random.integers(0, size, limit, dtype=np.int64))))
    return np.sort(random.permutation(drawn)[:limit])
