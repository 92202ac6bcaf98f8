"""What a search found, and what that says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from analysis.quantities import in_a_sentence, label_of
from analysis.search.budgets import Exclusion
from analysis.search.evidence import proxy_evidence, trained_evidence
from analysis.search.quantities import PROXIES
from analysis.search.space import Space
from analysis.units import join
from archs.config import NetworkConfig
from archs.errors import DenseScopeError


class NothingFoundError(DenseScopeError, ValueError):
    """No network of a space keeps to the budgets; the sentence says which of them cannot go together."""


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """The networks that keep to all budgets, and those of them that no other beats in all objectives."""

    space: Space
    #: "min" or "max" by quantity.
    objectives: Mapping[str, str]
    #: Combinations of values that were looked at; of them, those that are no networks.
    looked_at: int
    not_networks: int
    #: Of what was looked at, if that was not the whole space.
    seed: int
    #: What each bound excludes, in the order in which they were applied.
    exclusions: tuple[Exclusion, ...]
    #: Networks without a value of a quantity, by quantity.
    not_evaluated: Mapping[str, int]
    #: Parts of the store that were found damaged, as they are called now; what they held was computed again.
    set_aside: tuple[str, ...] = ()
    #: One row a network that keeps to all budgets: its number in the space, `index`, and every quantity known of it.
    feasible: pd.DataFrame = field(repr=False)
    #: The rows of the Pareto front by the first objective, with the fields that the space leaves open before them.
    front: pd.DataFrame = field(repr=False)

    @property
    def exhaustive(self) -> bool:
        """Whether the whole space was looked at."""
        return self.looked_at == self.space.size

    @cached_property
    def configs(self) -> tuple[NetworkConfig, ...]:
        """The networks of the front, in the order of its rows."""
        return tuple(self.space.config_at(int(index)) for index in self.front["index"])

    def exclusion_rows(self) -> list[dict[str, object]]:
        """One record a bound: how many networks it excludes alone, and first."""
        return [{"bound": str(each.bound), "alone": each.alone, "first": each.first} for each in self.exclusions]

    def exclusion_finding(self) -> str:
        """What each bound costs, in one sentence; empty without bounds."""
        parts = [
            f"{each.bound} excludes {each.first:,}{' more' if number else ''}"
            + (f" ({each.alone:,} alone)" if each.alone != each.first else "")
            for number, each in enumerate(self.exclusions)
        ]
        return f"Of {self.looked_at - self.not_networks:,} networks, {join(parts)}." if parts else ""

    def finding(self) -> str:
        """What was found, in a few sentences."""
        if self.exhaustive:
            looked = f"All {self.looked_at:,} configs of the space {self.space.name} were looked at"
        else:
            drawn = f"{self.looked_at:,} of {self.space.size:,} configs of the space {self.space.name} were looked at"
            looked = f"{drawn}, drawn with seed {self.seed}"
        if self.not_networks:
            looked += f"; {self.not_networks:,} of them are no networks"
        goals = " and ".join(
            f"{'most' if sense == 'max' else 'least'} {in_a_sentence(label_of(name))}"
            for name, sense in self.objectives.items()
        )
        kept = f"{len(self.feasible):,} keep to the budgets" if self.exclusions else f"{len(self.feasible):,} compete"
        best = f"{len(self.front):,} of those no other beats in {goals}"
        words = [f"{looked}.", f"{kept}, and {best}."]
        if "capacity_proxy" in self.objectives:
            words.append(proxy_evidence().sentence())
        words += [trained_evidence(name).sentence() for name in self.objectives if name in PROXIES]
        if self.set_aside:
            words.append(f"Damaged, set aside and computed again: {join(self.set_aside)}.")
        return " ".join(words)
