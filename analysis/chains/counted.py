"""What each step of a chain costs, and what it changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from analysis.chains.records import Chain, Step, change_words, get_chain
from analysis.columns import Column, changes_of, column, columns
from analysis.facts import DEFAULT_DEVICE, get_device
from analysis.findings import Delta
from analysis.memory.inference import inference_memory
from analysis.memory.training import training_memory
from analysis.quantities import QUANTITIES
from analysis.summary import Summary, summarize
from analysis.units import format_si
from archs import checks
from archs.errors import DenseScopeError
from archs.layer import Pair

if TYPE_CHECKING:
    import pandas as pd

    from analysis.choice import Fact

#: What a step costs, how it is built, and what is predicted of it by how it is run.
COSTS = ("params", "macs", "memory_access_cost", "bytes_moved", "peak_bytes", "training_bytes")
SHAPE = ("depth", "receptive_field")
PREDICTED = {"eager_seconds": "eager", "compiled_seconds": "compiled"}
MEASURED = "measured"
#: A chain's quantities, in the order of every table.
CHAIN_QUANTITIES = (*COSTS, *PREDICTED, *SHAPE)
#: The metric of chains that name none.
TOP1 = "ImageNet top-1"


@dataclass(frozen=True)
class Stop:
    """One step of a chain, counted."""

    step: Step
    summary: Summary = field(repr=False)
    device: str
    #: In the chain's metric, in percent; who trained the network, and who says so.
    measured: float | None = None
    group: str = ""
    source: str = ""

    def value(self, key: str) -> float | None:
        """A quantity of `CHAIN_QUANTITIES`, or what was `MEASURED`; None where it is not known."""
        if key in PREDICTED or key == MEASURED:
            fact = self.fact(key)
            return fact and fact.value
        return getattr(self if hasattr(type(self), key) else self.summary, key)

    def fact(self, key: str) -> Fact | None:
        """A quantity that is not counted; None where it is, or nothing is known of it."""
        return self._facts.get(key)

    @property
    def depth(self) -> int:
        """As the family's papers count it."""
        return self.summary.depth.total

    @cached_property
    def receptive_field(self) -> int:
        """Side of the square that one element of the last map sees, in pixels."""
        from analysis.structure.receptive_field import receptive_field

        return receptive_field(cost.layer for cost in self.summary.layers)

    @cached_property
    def peak_bytes(self) -> int:
        """Of the tensors, at inference."""
        return inference_memory(self.summary).peak_bytes

    @cached_property
    def training_bytes(self) -> int | None:
        """At the peak of a step of SGD with momentum; None of an element type without gradients."""
        try:
            return training_memory(self.summary).total_bytes()
        except DenseScopeError:
            return None

    @cached_property
    def _facts(self) -> dict[str, Fact | None]:
        from analysis.choice import Fact

        measured = None if self.measured is None else Fact(self.measured, "published")
        return {MEASURED: measured} | {key: self._predicted(execution) for key, execution in PREDICTED.items()}

    def _predicted(self, execution: str) -> Fact | None:
        """Seconds an image, as the device is usually given them; None where that cannot be predicted."""
        from analysis.choice import Candidate
        from analysis.hardware.speeds import predicted_speeds, usual_conditions

        target, device = self.summary.target, get_device(self.device)
        try:
            speeds = predicted_speeds(target, device, execution, self.summary.image_size, usual_conditions(device))
        except DenseScopeError:
            return None
        return next((Candidate(target.name, None, speed).fact("seconds_per_image") for speed in speeds), None)


@dataclass(frozen=True)
class CountedChain:
    """A chain with what its steps cost."""

    chain: Chain
    stops: tuple[Stop, ...]

    @property
    def metric(self) -> str:
        """What `measured` is."""
        return self.chain.metric or TOP1

    def label(self, key: str) -> str:
        """What a quantity is called."""
        return self.metric if key == MEASURED else QUANTITIES[key].label

    @property
    def known(self) -> list[str]:
        """The quantities that every step has, and what was measured of two of them."""
        keys = [key for key in CHAIN_QUANTITIES if all(stop.value(key) is not None for stop in self.stops)]
        return [*keys, MEASURED] if len(self.alike) > 1 else keys

    @property
    def alike(self) -> list[Stop]:
        """What was measured of networks that the same people trained as the first of them."""
        known = [stop for stop in self.stops if stop.measured is not None]
        return [stop for stop in known if stop.group == known[0].group]

    def delta(self, number: int, key: str) -> Delta | None:
        """What the step of this number, from 1, changes of a quantity; None where that is not known."""
        before, after = (self.stops[at].value(key) for at in (number - 1, number))
        return None if before is None or after is None else Delta(before, after)

    def rows(self) -> list[dict[str, Any]]:
        """One record a step: each quantity, what the step changes of it, and that as a share of what it was."""
        return [self._row(number) for number in range(len(self.stops))]

    def _row(self, number: int) -> dict[str, Any]:
        stop = self.stops[number]
        words = change_words(self.stops[number - 1].step, stop.step) if number else ""
        row: dict[str, Any] = {"number": number, "title": stop.step.title, "change": words}
        row |= {"name": stop.step.registered, "family": stop.summary.family, "image_size": stop.summary.image_size}
        for key in CHAIN_QUANTITIES:
            delta = self.delta(number, key) if number else None
            row[key] = stop.value(key)
            row |= {f"{key}_change": delta and delta.difference, f"{key}_share": delta and delta.share}
            if key in PREDICTED:
                fact = stop.fact(key)
                low, high = (fact and fact.error) or (None, None)
                row |= {f"{key}_error_below": low, f"{key}_error_above": high}
        return row | {MEASURED: stop.measured, "metric": self.metric, "group": stop.group, "source": stop.source}

    def to_frame(self) -> pd.DataFrame:
        """One row a step, with stable column names; raw values."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def columns(self, first: str = "") -> list[Column]:
        """What a table shows of the rows; the quantity `first` before all others."""
        keys = sorted(self.known, key=lambda key: key != first)
        figures = [each for key in keys for each in self._columns_of(key)]
        sources = columns("group", "source") if MEASURED in keys else ()
        return [*columns("step.title"), *figures, *columns("change"), *sources]

    def _columns_of(self, key: str) -> tuple[Column, ...]:
        """A quantity and what it changes by; what was measured, in percent."""
        if key == MEASURED:
            help = "As published of that very network."
            return (Column(MEASURED, self.metric, help, lambda value: format_si(value, "%")),)
        return column(key), changes_of(key)[1]


def chain(
    *names: Any,
    image_size: int | Pair | None = None,
    batch_size: int = 1,
    dtype: str = "float32",
    device: str = DEFAULT_DEVICE,
) -> CountedChain:
    """A shipped chain by its name, or any networks in a row, with what each step changes.

    >>> [row["params_change"] for row in chain("vovnet39", "vovnetv2_39").rows()]
    [None, 3608832]

    Args:
        names: one of `list_chains()`, or two targets of `analysis.summarize` or more.
        image_size, batch_size, dtype: as `analysis.summarize`.
        device: a shipped device, that times are predicted for.

    Raises:
        UnknownChainError: no chain has the one name that is given.
        DenseScopeError: as `analysis.summarize`; an unknown device.
    """
    return count_chain(get_chain(*names), image_size, batch_size, dtype, device)


def count_chain(found: Chain, image_size: int | Pair | None, batch_size: int, dtype: str, device: str) -> CountedChain:
    """As `chain`, of a record."""
    get_device(device)
    summaries = [summarize(step.target, image_size, batch_size, dtype) for step in found.steps]
    measured = _measured(found, summaries)
    stops = zip(found.steps, summaries, measured, strict=True)
    return CountedChain(found, tuple(Stop(step, summary, device, *known) for step, summary, known in stops))


def _measured(found: Chain, summaries: Sequence[Summary]) -> Iterator[tuple[float, str, str] | tuple[()]]:
    """What was measured of each step at its own image size, and by whom: in the chain's metric, or else as published
    of registered networks.
    """
    for step, summary in zip(found.steps, summaries, strict=True):
        if not found.metric:
            from analysis.choice import published_accuracies

            accuracy = published_accuracies({step.registered: summary.image_size}).get(step.registered)
            yield (100 * accuracy.top1, accuracy.group, accuracy.source) if accuracy else ()
        elif step.measured is None or summary.image_size != checks.image_size(step.target.image_size):
            yield ()
        else:
            yield step.measured, found.measured_by, found.measured_by
