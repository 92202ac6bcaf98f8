"""Quantities that each config takes by itself, through joblib: here, or on the cluster that the caller has chosen.

`with joblib.parallel_config(backend="dask"):` (or "ray", "loky") around a search spreads its evaluations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.search.quantities import Evaluator
from analysis.search.store import Store, config_key
from archs.config import NetworkConfig
from archs.errors import ConfigError, DenseScopeError, MissingPackageError

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
    try:
        from joblib import Parallel, delayed
    except ModuleNotFoundError:
        raise MissingPackageError("Evaluating configs", "joblib") from None
    chunks = _Chunks(places)
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    tasks = (delayed(evaluate_chunk)(name, evaluator, chunk, [configs[place] for place in chunk]) for chunk in chunks)
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
    except MissingPackageError:
        raise
    except DenseScopeError:  # this network has no such quantity: its image is too small, nothing tells what it keeps
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigError(f"the value of {name}", value, "a number") from None
