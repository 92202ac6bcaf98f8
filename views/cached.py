"""The computations of the views, cached on plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from analysis import Summary, summarize
from analysis.crosscheck import cross_check
from analysis.findings import reason
from analysis.memory import InferenceMemory, TrainingMemory, memory_of
from analysis.optimize.saving import Saving
from analysis.summary import comparison_row
from analysis.targets import LIBRARIES, is_library_name
from archs.design import Design
from archs.errors import DenseScopeError, require_installed
from archs.layer import Pair
from archs.registry import list_families, recomputes
from views.answers import by_content, kept
from views.elsewhere import elsewhere, require_library
from views.networks import variant
from views.sidebar import InputSettings
from views.work import bounds, process, tasks
from views.workbench import config_of, read, target_of, written

if TYPE_CHECKING:
    import pandas as pd

#: Layers of the networks that pages draw unasked: three times as many as the longest registered network has.
MOST_LAYERS = 3000


def given(name: str, settings: InputSettings) -> tasks.Given:
    """What another process is told of a network: names of libraries alone mean the same there."""
    if is_library_name(name):
        require_library(name.partition("/")[0])
        return tasks.Given(name, *settings.values())
    return tasks.Given(settings.taken(target_of(name)), *settings.values()[:3])


def needs_of(name: str) -> Sequence[str]:
    """What a trace of a network imports."""
    return [*tasks.TRACES, *([name.partition("/")[0]] if is_library_name(name) else [])]


@by_content()
def summary(name: str, settings: InputSettings) -> Summary:
    """The layers that all else is counted from: of a network from a library, a trace that takes a moment.

    A page shows its notes: `widgets.say_notes`.

    Raises: DenseScopeError: the input does not suit it.
    """
    if is_library_name(name):
        found: Summary = elsewhere(f"trace of {name}", tasks.summarized, given(name, settings), needs=needs_of(name))
        return found
    return _modest(settings.summarize(target_of(name)))


def summary_of(design: Design, settings: InputSettings) -> Summary:
    """As `summary`, of a design that may be on no shelf."""
    return _summary_of(written(design), settings)


@kept()
def _summary_of(text: str, settings: InputSettings) -> Summary:
    return _modest(settings.summarize(read(text)))


def _modest(found: Summary) -> Summary:
    """A network that pages can draw. Raises: BoundError: it has too many layers."""
    count = len(found.layers)
    sentence = f"{found.name} has {count:,} layers, and pages draw up to {MOST_LAYERS:,}: more makes them slow."
    bounds.check(count, MOST_LAYERS, sentence, f"{count} layers")
    return found


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


@by_content(512)
def _traced(name: str, settings: InputSettings) -> dict[str, Any] | str:
    """Each on its own: they take up to seconds, so that a selection with one network more must not trace all."""
    try:
        found: dict[str, Any] | str = elsewhere(
            f"trace of {name}", tasks.row_or_reason, given(name, settings), needs=needs_of(name)
        )
    except process.UnwantedError:
        raise
    except DenseScopeError as error:
        return reason(error)
    if isinstance(found, str):
        return found
    return found | {"name": name, "family": name.partition("/")[0], "variant": variant(name)}


@by_content(beside=["before"])
def counters(
    name: str, image_size: int | Pair | None, batch_size: int, *, before: Callable[[str], object]
) -> pd.DataFrame:
    """What the public counters say; `before` hears again and again which of them runs, unless all have run.

    Raises: DenseScopeError: the network cannot be traced here.
    """
    require_installed("torch", "Cross-checking counters")
    target: Any = name
    if not is_library_name(name):
        found = summarize(target_of(name), image_size, batch_size)  # the plan says which size would suit
        target = found.target.planned or target_of(name)
    asked = target, image_size, batch_size
    frame: pd.DataFrame = elsewhere(
        f"counters on {name}", cross_check, *asked, told="before", tell=before, needs=tasks.COUNTERS
    )
    return frame


@by_content()
def inference_memory(name: str, settings: InputSettings, lifetimes: str = "eager") -> InferenceMemory:
    """What is alive as a network runs. Raises: DenseScopeError: the input does not suit it."""
    return memory_of(summary(name, settings), "inference", lifetimes=lifetimes)


@by_content()
def training_memory(name: str, settings: InputSettings) -> TrainingMemory:
    """What a network saves for the backward pass. Raises: DenseScopeError: the input does not suit it, or an op."""
    if is_library_name(name):
        found: TrainingMemory = elsewhere(
            f"training of {name}", tasks.trained, given(name, settings), needs=needs_of(name)
        )
        return found
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
    require_installed("torch", "Optimising a network")
    found: Saving = elsewhere(
        f"folding of {name}", tasks.saved, given(name, settings), channels_last, needs=needs_of(name)
    )
    return found
