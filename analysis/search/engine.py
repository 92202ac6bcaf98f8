"""The search itself: count everything, keep what keeps to the budgets, evaluate the rest, find the front."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.search.budgets import Bound, Exclusion, Tally
from analysis.search.ceilings import Ceilings
from analysis.search.counting import BatchCosts
from analysis.search.quantities import COUNTED, EvaluationError, Evaluator, counted_columns, evaluation_key
from analysis.search.result import NothingFoundError, SearchResult
from analysis.search.space import Space
from analysis.search.store import Store, config_key
from analysis.search.walks import Integers, Mask
from analysis.statistics import front_comparisons, pareto_mask
from archs.config import NetworkConfig
from archs.errors import ConfigError, DenseScopeError, MissingPackageError, require

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
    ceilings: Ceilings
    _exclusions: list[Exclusion] = field(default_factory=list)
    _not_evaluated: dict[str, int] = field(default_factory=dict)

    def run(self) -> SearchResult:
        self.ceilings.check_counted(min(self.space.size, self.limit))
        indices = draw(self.space.size, self.limit, self.seed)
        feasible, not_networks = self._count(indices)
        evaluated = self._evaluated()
        self.ceilings.check_evaluated(len(feasible), evaluated)
        for name in evaluated:
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
            set_aside=tuple(self.store.set_aside) if self.store else (),
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
        maximize = [sense == "max" for sense in self.objectives.values()]
        self.ceilings.check_compared(front_comparisons(values, maximize), *values.shape)
        return pareto_mask(values, maximize)

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


#: At most about so much work is lost with a killed process.
CHUNK_SECONDS = 1.0
MAX_CHUNK = 256

#: Called with what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], object]


def evaluate(
    name: str,
    key: str,
    evaluator: Evaluator,
    configs: Sequence[NetworkConfig],
    store: Store | None,
    progress: Progress,
    jobs: int | None,
) -> npt.NDArray[np.float64]:
    """One value a config, NaN where there is none; those that the store has under `key` are not computed again.

    Raises: ConfigError: the evaluator returns something that is no number.
    """
    keys = [config_key(config) for config in configs]
    known = store.load(key) if store else {}
    values = np.array([known.get(key, np.nan) for key in keys])
    missing = [place for place, config in enumerate(keys) if config not in known]
    done = len(configs) - len(missing)
    progress(name, done, len(configs))
    for places, found in _in_parallel(name, evaluator, configs, missing, jobs):
        values[places] = found
        if store:
            store.append(key, [keys[place] for place in places], found)
        done += len(places)
        progress(name, done, len(configs))
    return values


class _Chunks:
    """Cuts work into chunks that take about `CHUNK_SECONDS`, by what the chunks before them took."""

    def __init__(self, places: Sequence[int]) -> None:
        self._places = places
        self.size = 1

    def __iter__(self) -> Iterator[Sequence[int]]:
        begin = 0
        while begin < len(self._places):
            chunk = self._places[begin : begin + self.size]
            begin += len(chunk)
            yield chunk

    def learn(self, count: int, seconds: float) -> None:
        self.size = int(min(max(1, count * CHUNK_SECONDS / max(seconds, 1e-9)), MAX_CHUNK))


def _in_parallel(
    name: str, evaluator: Evaluator, configs: Sequence[NetworkConfig], places: Sequence[int], jobs: int | None
) -> Iterator[tuple[Sequence[int], list[float]]]:
    """Places and their values, as soon as a chunk is done."""
    joblib = require("joblib", "Evaluating configs")
    chunks = _Chunks(places)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    tasks = (
        joblib.delayed(evaluate_chunk)(name, evaluator, chunk, [configs[place] for place in chunk]) for chunk in chunks
    )
    for chunk, values, seconds in parallel(tasks):
        chunks.learn(len(chunk), seconds)
        yield chunk, values


def evaluate_chunk(
    name: str, evaluator: Evaluator, places: Sequence[int], configs: Sequence[NetworkConfig]
) -> tuple[Sequence[int], list[float], float]:
    """What a worker does: the values of some configs, and how long they took."""
    begin = perf_counter()
    values = [_value(name, evaluator, config) for config in configs]
    return places, values, perf_counter() - begin


def _value(name: str, evaluator: Evaluator, config: NetworkConfig) -> float:
    try:
        value: Any = evaluator(config)
    except (MissingPackageError, EvaluationError):
        raise
    except DenseScopeError:  # this network has no such quantity: its image is too small, nothing tells what it keeps
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigError(f"the value of {name}", value, "a number") from None
