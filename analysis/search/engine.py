"""The search itself: count everything, keep what keeps to the budgets, evaluate the rest, find the front."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.pareto import pareto_mask
from analysis.search.batch import BatchCosts
from analysis.search.budgets import Bound, Exclusion, Tally
from analysis.search.columns import Integers, Mask
from analysis.search.evaluate import Progress, evaluate
from analysis.search.quantities import COUNTED, Evaluator, counted_columns, evaluation_key
from analysis.search.result import NothingFoundError, SearchResult
from analysis.search.sample import draw
from analysis.search.space import Space
from analysis.search.store import Store
from archs.errors import ConfigError

#: Configs that are counted together: their arrays stay in the processor's cache.
BATCH = 8192


@dataclass(kw_only=True)
class Search:
    """One search with its settings checked; see `analysis.search.search`."""

    space: Space
    bounds: tuple[Bound, ...]
    #: "min" or "max" by quantity.
    objectives: Mapping[str, str]
    evaluators: Mapping[str, Evaluator]
    limit: int
    seed: int
    counter: BatchCosts
    store: Store | None
    progress: Progress
    jobs: int | None
    _exclusions: list[Exclusion] = field(default_factory=list)
    _not_evaluated: dict[str, int] = field(default_factory=dict)

    def run(self) -> SearchResult:
        indices = draw(self.space.size, self.limit, self.seed)
        feasible, not_networks = self._count(indices)
        for name in self._evaluated():
            feasible = self._evaluate(name, feasible)
        front = feasible[self._front(feasible)].sort_values([*self.objectives, "index"], ascending=self._ascending())
        return SearchResult(
            space=self.space,
            objectives=self.objectives,
            looked_at=len(indices),
            not_networks=not_networks,
            seed=self.seed,
            exclusions=tuple(self._exclusions),
            not_evaluated=self._not_evaluated,
            feasible=feasible,
            front=self._with_fields(front.reset_index(drop=True)),
        )

    def _evaluated(self) -> list[str]:
        """What has to be evaluated config by config, budgets first: they leave fewer for the objectives."""
        wanted = dict.fromkeys([*(bound.quantity for bound in self.bounds), *self.objectives])
        return [name for name in wanted if name in self.evaluators]

    def _count(self, indices: Integers) -> tuple[pd.DataFrame, int]:
        """The networks that keep to the budgets of what is counted, and how many configs are no networks."""
        tally = Tally(tuple(bound for bound in self.bounds if bound.quantity not in self.evaluators))
        kept: list[dict[str, npt.NDArray[Any]]] = []
        for begin in range(0, len(indices), BATCH):
            batch = indices[begin : begin + BATCH]
            costs = self.counter.of(batch)
            networks = {key: values[costs.is_network] for key, values in costs.quantities.items()}
            columns = {"index": batch[costs.is_network], **counted_columns(networks, self.counter.batch_size)}
            mask = tally.apply(columns, len(columns["index"]))
            kept.append({key: values[mask] for key, values in columns.items()})
            self.progress("counting", begin + len(batch), len(indices))
        if not tally.total:
            raise NothingFoundError(
                f"{_subject(len(indices), self.space)} is a network: {self._first_problem(indices)}"
            )
        frame = pd.DataFrame({key: np.concatenate([part[key] for part in kept]) for key in ("index", *COUNTED)})
        self._keep_counts(tally, frame)
        return frame, len(indices) - tally.total

    def _first_problem(self, indices: Integers) -> str:
        try:
            self.counter.summarize(self.space.config_at(int(indices[0])))
        except ConfigError as error:
            return str(error)
        raise AssertionError("a config that was counted as none is a network")

    def _evaluate(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """The networks with a value of the quantity that keeps to its budgets, and that value."""
        evaluator = self.evaluators[name]
        configs = [self.space.config_at(int(index)) for index in frame["index"]]
        key = evaluation_key(name, evaluator)
        values = evaluate(name, key, evaluator, configs, self.store, self.progress, self.jobs)
        known: Mask = np.isfinite(values)
        self._not_evaluated[name] = int(np.count_nonzero(~known))
        if not known.any():
            raise NothingFoundError(f"None of the {len(frame):,} networks that are left has a value of {name}.")
        frame, values = frame[known].reset_index(drop=True), values[known]
        tally = Tally(tuple(bound for bound in self.bounds if bound.quantity == name))
        frame = frame.assign(**{name: values})
        kept = frame[tally.apply({name: values}, len(values))].reset_index(drop=True)
        self._keep_counts(tally, kept)
        return kept

    def _keep_counts(self, tally: Tally, kept: pd.DataFrame) -> None:
        before = ", ".join(str(each.bound) for each in self._exclusions)
        self._exclusions += tally.exclusions()
        if not len(kept):
            subject = "" if not before else f"Of the networks that keep {before}, "
            raise NothingFoundError(f"{subject or 'Of the networks looked at, '}{tally.contradiction()}.")

    def _front(self, frame: pd.DataFrame) -> Mask:
        values = frame[list(self.objectives)].to_numpy(float)
        return pareto_mask(values, [sense == "max" for sense in self.objectives.values()])

    def _ascending(self) -> list[bool]:
        return [*(sense == "min" for sense in self.objectives.values()), True]

    def _with_fields(self, front: pd.DataFrame) -> pd.DataFrame:
        """The rows with what tells their configs apart, after the index."""
        configs = [self.space.config_at(int(index)) for index in front["index"]]
        for place, name in enumerate(self.space.open_fields, start=1):
            front.insert(place, name, pd.Series([getattr(config, name) for config in configs], dtype=object))
        return front


def _subject(count: int, space: Space) -> str:
    return f"None of the {count:,} configs that were looked at in the space {space.name}"
