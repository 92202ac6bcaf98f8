"""Budgets: bounds on quantities, and what each of them excludes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.quantities import label_of
from analysis.search.quantities import UnknownQuantityError, format_value
from analysis.search.walks import Mask
from archs import checks
from archs.errors import ConfigError

#: Far more than there are quantities.
MAX_BUDGETS = 100


class Bound(NamedTuple):
    """One end of a budget."""

    quantity: str
    #: Whether the quantity must not be less; else it must not be more.
    at_least: bool
    value: float

    def holds(self, values: npt.NDArray[Any]) -> Mask:
        """Which values keep to it; those that are no numbers do not."""
        kept = values >= self.value if self.at_least else values <= self.value
        return np.asarray(kept, bool)

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{label_of(self.quantity)} {sign} {format_value(self.quantity, self.value)}"


def parse_budgets(budgets: Mapping[str, Any] | None, known: Collection[str]) -> tuple[Bound, ...]:
    """Bounds from (lower, upper) by quantity, None where there is none.

    >>> [str(bound) for bound in parse_budgets({"depth": (50, 100)}, ["depth"])]
    ['Depth ≥ 50', 'Depth ≤ 100']

    Raises:
        UnknownQuantityError: it names the nearest three.
        ConfigError: a bound is no number, or a lower one lies above the upper.
    """
    bounds: list[Bound] = []
    asked = checks.mapping("budgets", {} if budgets is None else budgets, MAX_BUDGETS, "bounds by quantity")
    for name, limits in asked.items():
        quantity = checks.word(name)
        if quantity is None or quantity not in known:
            raise UnknownQuantityError(name, known)
        field, allowed = f"the budget of {quantity}", "a pair (lower, upper) of numbers or None"
        pair = checks.items(field, limits, 2, allowed) if isinstance(checks.plain(limits), (tuple, list)) else ()
        if not (len(pair) == 2 and all(map(_is_limit, pair))):
            raise ConfigError(field, limits, allowed)
        low, high = map(checks.real, pair)
        if low is not None and high is not None and low > high:
            raise ConfigError(field, limits, "a pair whose lower bound is not above the upper")
        bounds += [
            Bound(quantity, at_least, value) for at_least, value in ((True, low), (False, high)) if value is not None
        ]
    return tuple(bounds)


def _is_limit(value: Any) -> bool:
    number = checks.real(value)
    return checks.plain(value) is None if number is None else isfinite(number)


class Exclusion(NamedTuple):
    """How many networks a bound excludes."""

    bound: Bound
    #: Whatever the other bounds are. Of a quantity that is evaluated one by one: among those evaluated.
    alone: int
    #: Networks that no bound before it had excluded.
    first: int


class Tally:
    """Counts what bounds exclude, over any number of batches of networks."""

    def __init__(self, bounds: tuple[Bound, ...]) -> None:
        self.bounds = bounds
        self.total = 0
        self._both = np.zeros((len(bounds), len(bounds)), np.int64)
        self._first = np.zeros(len(bounds), np.int64)

    def apply(self, columns: Mapping[str, npt.NDArray[Any]], count: int) -> Mask:
        """Which of `count` networks keep to all bounds."""
        kept = np.ones(count, bool)
        holds = [bound.holds(columns[bound.quantity]) for bound in self.bounds]
        for number, own in enumerate(holds):
            self._first[number] += np.count_nonzero(kept & ~own)
            kept &= own
        self.total += count
        for a, b in np.ndindex(self._both.shape):
            self._both[a, b] += np.count_nonzero(holds[a] & holds[b])
        return kept

    def exclusions(self) -> tuple[Exclusion, ...]:
        """One record a bound."""
        alone = self.total - np.diagonal(self._both)
        return tuple(
            Exclusion(bound, int(alone[number]), int(self._first[number])) for number, bound in enumerate(self.bounds)
        )

    def contradiction(self) -> str:
        """Why no network is left: one bound that none keeps, else a pair that none keeps both of, else all."""
        for number, bound in enumerate(self.bounds):
            if not self._both[number, number]:
                return f"none keeps {bound}"
        for a, b in combinations(range(len(self.bounds)), 2):
            if not self._both[a, b]:
                each = f"{self._both[a, a]:,} keep the first alone and {self._both[b, b]:,} the second"
                return f"none keeps both {self.bounds[a]} and {self.bounds[b]} ({each})"
        return f"none keeps all of {', '.join(map(str, self.bounds))}, though some keep any two of them"
