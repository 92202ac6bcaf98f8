"""What pages have done in another process (`views.work.process`), of plain values: nothing here knows Streamlit."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.findings import reason
from analysis.hardware.speeds import usual_conditions
from analysis.memory import TrainingMemory, memory_of
from analysis.optimize.saving import Saving, saving
from analysis.search import search
from analysis.search.quantities import PredictedSeconds, TrainingSeconds
from analysis.summary import Summary, comparison_row, summarize
from analysis.targets import resolve_target
from archs.errors import DenseScopeError
from archs.layer import Pair

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analysis.hardware.measure.schemes import SchemeRun
    from analysis.search.result import SearchResult
    from analysis.search.space import Space

#: Modules that take long to import: what traces need, what counters need beside that, and all, in order.
TRACES = ("views.work.tasks", "torch", "analysis.trace.tracing", "analysis.trace.witness")
COUNTERS = (*TRACES, "analysis.crosscheck.reconcile", "torchinfo", "thop", "fvcore.nn", "ptflops")
IMPORTED = (*COUNTERS, "analysis.search.engine", "torchvision", "timm", "analysis.optimize.optimize")


class Given(NamedTuple):
    """A network and its input."""

    #: Whatever `analysis.summarize` takes.
    target: Any
    image_size: int | Pair | None = None
    batch_size: int = 1
    dtype: str = "float32"
    as_backbone: bool = False

    def summarize(self, verify: bool | str = "warn") -> Summary:
        """Raises: DenseScopeError."""
        found = resolve_target(self.target)
        found = found.as_backbone() if self.as_backbone else found
        return summarize(found, self.image_size, self.batch_size, self.dtype, verify=verify)


def summarized(given: Given) -> Summary:
    """The layers. Raises: DenseScopeError."""
    return given.summarize()


def row_or_reason(given: Given) -> dict[str, Any] | str:
    """What a comparison shows of a network, or why it cannot be compared."""
    try:
        return comparison_row(given.summarize(verify=True))
    except DenseScopeError as error:
        return reason(error)


def trained(given: Given) -> TrainingMemory:
    """What a network saves for the backward pass, and how that grows with the batch. Raises: DenseScopeError."""
    found = memory_of(given.summarize(), "training")
    assert isinstance(found, TrainingMemory)
    assert found.footprint()  # a module's takes another step, which is kept with it
    return found


def saved(given: Given, channels_last: bool) -> Saving:
    """What optimising a network saves. Raises: DenseScopeError."""
    found = resolve_target(given.target)
    found = found.as_backbone() if given.as_backbone else found
    return saving(found, given.image_size, given.batch_size, given.dtype, channels_last=channels_last)


def measured(target: Any, batch_size: int, image_size: int, turns: int, before: Callable[[str], object]) -> SchemeRun:
    """The schemes of training memory, timed; `before` hears how many steps are done. Raises: DenseScopeError."""
    from analysis.hardware.measure.training import measure_schemes

    steps = count(1)
    return measure_schemes(target, batch_size, image_size, turns, after_step=lambda: before(str(next(steps))))


def module_text(target: Any) -> str:
    """What PyTorch prints of a network's module. Raises: DenseScopeError."""
    return str(resolve_target(target).without_weights())


class Sought(NamedTuple):
    """What is searched for, as `analysis.search.search` takes it, and the device that times are predicted for."""

    space: Space
    budgets: dict[str, tuple[float | None, float | None]]
    objectives: dict[str, str]
    limit: int
    device: str
    #: Whatever it takes.
    anyway: bool = False

    def search(self, **more: Any) -> SearchResult:
        """The result. Raises: DenseScopeError: nothing keeps to the budgets."""
        given = usual_conditions(self.device)
        timed = {"predicted_seconds": PredictedSeconds, "training_seconds": TrainingSeconds}
        asked = {name: kind for name, kind in timed.items() if name in {*self.budgets, *self.objectives}}
        evaluators = {name: kind(self.device, given.batch_size, given.precision) for name, kind in asked.items()}
        return search(
            self.space, self.budgets, self.objectives, self.limit, evaluators=evaluators, anyway=self.anyway, **more
        )


def searched(sought: Sought, store: Path | None, before: Callable[[str], object] = str) -> SearchResult:
    """The result of a search; `before` hears how far it is: a share, and words. Raises: DenseScopeError."""

    def tell(what: str, done: int, total: int) -> None:
        before(f"{done / max(1, total)} {what}: {done:,} of {total:,}")

    return sought.search(store=store, progress=tell)
