"""The computations of the views, cached on plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import streamlit as st

from analysis import Summary, summarize
from analysis.crosscheck import cross_check
from analysis.findings import reason
from analysis.memory import InferenceMemory, TrainingMemory, memory_of
from analysis.optimize.saving import Saving, saving
from analysis.summary import comparison_row
from analysis.targets import LIBRARIES, is_library_name
from archs.design import Design
from archs.errors import DenseScopeError, require_installed
from archs.kept import is_run, version_of_run
from archs.layer import Pair
from archs.registry import list_families, recomputes
from views import work
from views.networks import variant
from views.public import is_there, session_id
from views.sidebar import InputSettings
from views.workbench import config_of, contents_of, target_of, written

if TYPE_CHECKING:
    import pandas as pd


Arguments, Result = ParamSpec("Arguments"), TypeVar("Result")


def by_content(max_entries: int = 64) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Caches what is computed of names, or of one, by what they mean: the name of a design may mean another one in
    another session, that of a run another one tomorrow.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        def compute(contents: list[str], /, *arguments: Any, **more: Any) -> Result:
            return function(*arguments, **more)

        compute.__module__, compute.__qualname__ = function.__module__, function.__qualname__
        kept = st.cache_data(compute, max_entries=max_entries, show_spinner=False)

        @wraps(function)
        def answer(*arguments: Any, **more: Any) -> Result:
            return kept(_meanings(arguments[0]), *arguments, **more)

        return answer

    return decorate


def _meanings(names: str | Sequence[str]) -> list[str]:
    """What those of some names stand for that may mean one thing now and another later; of designs in this session."""
    runs = filter(is_run, [names] if isinstance(names, str) else names)
    designs = [fingerprint(text) for text in contents_of(names)]
    own = [session_id()] if designs else []
    return [*own, *designs, *(f"{name} {version_of_run(name)}" for name in runs)]


def fingerprint(value: str | Design) -> str:
    """What a cache knows a design by, or a text of its own: nobody makes another one with the same.

    Streamlit's own hash of a config leaves out what family it is of.
    """
    return sha256((written(value) if isinstance(value, Design) else value).encode()).hexdigest()


@by_content()
def summary(name: str, settings: InputSettings) -> Summary:
    """The layers that all else is counted from: of a network from a library, a trace that takes a moment.

    A page shows its notes: `widgets.say_notes`.

    Raises: DenseScopeError: the input does not suit it.
    """
    return settings.summarize(target_of(name), verify="warn")


@by_content()
def comparison(names: Sequence[str], settings: InputSettings) -> tuple[pd.DataFrame, dict[str, str]]:
    """A row for each network that can take the input, by family and size, and the reasons why the others cannot."""
    import pandas as pd

    families = [*list_families(), *LIBRARIES]
    found = {name: (_traced if is_library_name(name) else _row_or_reason)(name, settings) for name in names}
    rows = [row for row in found.values() if isinstance(row, dict)]
    rows.sort(key=lambda row: (families.index(row["family"]), row["params"]))
    return pd.DataFrame(rows), {name: text for name, text in found.items() if isinstance(text, str)}


def _row_or_reason(name: str, settings: InputSettings) -> dict[str, Any] | str:
    """What a comparison shows of a network, or why it cannot be compared."""
    try:
        found = settings.summarize(target_of(name))
    except DenseScopeError as error:
        return reason(error)
    family = name.partition("/")[0] if found.target.network is None else found.target.network.family
    return comparison_row(found) | {"name": name, "family": family, "variant": variant(name)}


#: Each on its own: they take up to seconds, so that a selection with one network more must not trace all of them.
_traced = by_content(512)(_row_or_reason)


#: What counters have said, the latest last: Streamlit's cache takes no function that draws how far it is.
_COUNTED: dict[Any, pd.DataFrame] = {}
MOST_COUNTED = 64


def counters(
    name: str, image_size: int | Pair | None, batch_size: int, before: Callable[[str], object]
) -> pd.DataFrame:
    """What the public counters say; `before` hears again and again which of them runs, unless all have run.

    Raises: DenseScopeError: the network cannot be traced here.
    """
    target = target_of(name)
    key = target, *_meanings(name), image_size, batch_size
    if key not in _COUNTED:
        require_installed("torch", "Cross-checking counters")
        found = summarize(target, image_size, batch_size)  # the plan says which size would suit, the trace does not
        given = found.target.planned or target, image_size, batch_size
        _COUNTED[key] = work.run(
            cross_check, *given, told="before", tell=before, goes_on=partial(is_there, session_id())
        )
        for old in list(_COUNTED)[:-MOST_COUNTED]:
            _COUNTED.pop(old, None)
    return _COUNTED[key]


@by_content()
def inference_memory(name: str, settings: InputSettings, lifetimes: str = "eager") -> InferenceMemory:
    """What is alive as a network runs. Raises: DenseScopeError: the input does not suit it."""
    return memory_of(summary(name, settings), "inference", lifetimes=lifetimes)


@by_content()
def training_memory(name: str, settings: InputSettings) -> TrainingMemory:
    """What a network saves for the backward pass. Raises: DenseScopeError: the input does not suit it, or an op."""
    return memory_of(summary(name, settings), "training")


@by_content()
def recomputed_memory(name: str, settings: InputSettings) -> TrainingMemory | None:
    """As `training_memory`, where what can be made again is; None of networks that cannot do so, such as libraries'."""
    if is_library_name(name) or not recomputes(config_of(name)):
        return None
    return memory_of(settings.summarize(config_of(name, memory_efficient=True)), "training")


@by_content()
def optimised(name: str, settings: InputSettings, channels_last: bool) -> Saving:
    """What optimising a network saves; takes seconds. Raises: DenseScopeError: it cannot be built or traced here."""
    given = settings.image_size, settings.batch_size, settings.dtype
    return saving(settings.taken(target_of(name)), *given, channels_last=channels_last)
