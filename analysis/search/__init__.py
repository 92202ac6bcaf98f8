"""Search: which networks of a space keep to budgets, and which of them no other beats (docs/search.md).

Importing this package imports neither numpy nor pandas; a search does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from archs import checks
from archs.called import as_its_module
from archs.errors import ConfigError

if TYPE_CHECKING:
    import os

    from analysis.search.result import SearchResult
    from analysis.search.space import Space

#: So many configs are looked at unless the caller says otherwise.
DEFAULT_LIMIT = 100_000
MAX_LIMIT = 100_000_000
#: Far more than there are quantities.
MAX_QUANTITIES = 100


@as_its_module
def search(
    space: Space | str,
    budgets: Mapping[str, tuple[float | None, float | None]] | None = None,
    objectives: str | Iterable[str] | Mapping[str, str] = ("params", "macs", "memory_access_cost"),
    limit: int = DEFAULT_LIMIT,
    *,
    seed: int = 0,
    batch_size: int = 1,
    dtype: str = "float32",
    evaluators: Mapping[str, Callable[[Any], float]] | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[str, int, int], object] | None = None,
    jobs: int | None = None,
    anyway: bool = False,
) -> SearchResult:
    """The networks of a space that keep to budgets, and the Pareto front of the objectives among them.

    Every quantity of `analysis.search.quantities.COUNTED` is counted exactly, of all configs at once. The others are
    evaluated config by config, of those only that keep to the budgets of what is counted, through joblib:
    `joblib.parallel_config(backend="dask")` around the call spreads them over a cluster.

    Args:
        space: a `Space`, or the name of one (`analysis.search.space.list_spaces`).
        budgets: (lower, upper) by quantity, None where there is no bound: {"macs": (None, 600e6)}.
        objectives: quantities to minimise, or "min" or "max" by quantity.
        limit: how many configs to look at; more than the space has: all of them, else drawn with the seed.
        batch_size, dtype: at which costs are counted.
        evaluators: functions of a config by name, for budgets and objectives; under the name of one of
            `analysis.search.quantities.EVALUATORS` they take its place, as `PredictedSeconds("RTX 3090")` does.
        store: folder of what was evaluated; a search that was interrupted goes on from it. A function of one's own is
            known there by its name: rename it when it changes.
        progress: called with what is being done, how much is done, and how much there is.
        jobs: evaluations at once; None: what joblib's `parallel_config` says, else one.
        anyway: do also what `analysis.search.ceilings` says is too much to be done unasked.

    Raises:
        NothingFoundError: no config is a network, or none keeps to the budgets: it names the pair that excludes all.
        TooLargeSearchError: it would take long; it says what would.
        UnknownSpaceError, UnknownQuantityError: they name the nearest three.
        ConfigError: a setting that is not allowed.
    """
    from analysis.search.budgets import parse_budgets
    from analysis.search.ceilings import Ceilings
    from analysis.search.counting import BatchCosts
    from analysis.search.engine import Search
    from analysis.search.quantities import COUNTED, EVALUATORS, UnknownQuantityError
    from analysis.search.space import Space, get_space
    from analysis.search.store import Store

    allowed = "functions by names that no counted quantity has"
    own = checks.mapping("evaluators", {} if evaluators is None else evaluators, MAX_QUANTITIES, allowed)
    known = dict(EVALUATORS)
    for given, function in own.items():
        name = checks.word(given) or ""
        if not (name.isidentifier() and name not in COUNTED and callable(function)):
            raise ConfigError("evaluators", {given: function}, allowed)
        known[name] = function
    goals = _goals(objectives)
    for name in goals:
        if name not in (*COUNTED, *known):
            raise UnknownQuantityError(name, (*COUNTED, *known))
    chosen = space if isinstance(space, Space) else get_space(space)
    return Search(
        space=chosen,
        bounds=parse_budgets(budgets, (*COUNTED, *known)),
        objectives=goals,
        evaluators=known,
        limit=checks.integer("limit", limit, 1, MAX_LIMIT),
        seed=checks.integer("seed", seed, 0, 2**63 - 1),
        counter=BatchCosts(chosen, batch_size, dtype),
        store=None if store is None else Store(store),
        progress=_watched(progress),
        jobs=None if jobs is None else checks.integer("jobs", jobs, -1024, 1024),
        ceilings=Ceilings(checks.boolean("anyway", anyway)),
    ).run()


def _watched(progress: Any) -> Callable[[str, int, int], object]:
    """What is told of progress, by somebody's function if there is one. Raises: ConfigError: it is no such function."""

    def tell(what: str, done: int, total: int) -> None:
        try:
            progress(what, done, total)
        except TypeError as error:
            raise ConfigError("progress", progress, "a function of what is done, how much, and of how much") from error

    return (lambda *_: None) if progress is None else tell


def _goals(objectives: str | Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    """Objectives as "min" or "max" by quantity."""
    allowed = f"quantities, or 'min' or 'max' by quantity, at most {MAX_QUANTITIES}"
    if isinstance(objectives, Mapping):
        goals = checks.mapping("objectives", objectives, MAX_QUANTITIES, allowed)
    else:
        named = objectives if checks.word(objectives) is None else (objectives,)
        goals = dict.fromkeys(map(_named, checks.items("objectives", named, MAX_QUANTITIES, allowed)), "min")
    if not goals:
        raise ConfigError("objectives", objectives, "at least one quantity")
    senses = ("min", "max")
    return {_named(name): checks.choice("the sense of an objective", sense, senses) for name, sense in goals.items()}


def _named(given: object) -> str:
    name = checks.word(given)
    if name is None:
        raise ConfigError("an objective", given, "the name of a quantity")
    return name
