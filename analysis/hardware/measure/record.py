"""What was asked of a device, and what came of it: the `Workload`, `Measurement` and `LayerTime` records."""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from typing import Any, ClassVar
from uuid import uuid4

from analysis.facts import Device, data_sheet
from analysis.meter import LayerCost
from analysis.ops import op_kind
from analysis.precision import parse_arithmetic, parse_precision
from analysis.quantities import MEASURED_QUANTITIES
from analysis.statistics import quantile
from analysis.units import format_share
from archs import checks
from archs.errors import ConfigError, DenseScopeError, first_line
from archs.layer import Pair

MAX_REPEATS = 100_000
#: What is taken for a mistake: no clock tells less than the shortest time, and nobody waits for the longest.
SECONDS = (1e-9, 1e7)
MAX_BYTES, MAX_JOULES, MAX_MHZ = 2**60, 1e9, 1e6
MAX_DEVICE = MAX_ID = 100
#: From here on others disturb: the share of all processors that they keep busy, and how far apart the middle half of
#: the runs lies, as a share of the median.
DISTURBING, APART = 0.1, 0.25


class BenchmarkError(DenseScopeError, RuntimeError):
    """A network cannot be timed on this machine."""


class DeviceError(BenchmarkError):
    """There is no such device in this machine."""


class PrecisionError(BenchmarkError):
    """The device has no arithmetic of that precision."""


@dataclass(frozen=True)
class Workload:
    """How a network is run. Raises: ConfigError: a value that is not allowed.

    >>> Workload(batch_size=8, precision="amp fp16", channels_last=True).description
    'batch 8, amp float16, nhwc, eager'
    """

    #: "cpu", "cuda" or "cuda:1".
    device: str = "cpu"
    batch_size: int = 1
    #: Side or (h, w) in pixels, kept as (h, w); None for the network's own.
    image_size: int | Pair | None = None
    #: One of `analysis.precision.PRECISIONS`, however it is spelled.
    precision: str = "float32"
    channels_last: bool = False
    compile: bool = False
    #: Timed runs, after those that warm up.
    repeats: int = 20

    def __post_init__(self) -> None:
        checks.keep(
            self,
            device=checks.text("device", self.device, MAX_DEVICE),
            batch_size=checks.batch_size(self.batch_size),
            image_size=None if self.image_size is None else checks.image_size(self.image_size),
            precision=parse_precision(self.precision).name,
            channels_last=checks.boolean("channels_last", self.channels_last),
            compile=checks.boolean("compile", self.compile),
            repeats=checks.integer("repeats", self.repeats, 1, MAX_REPEATS),
        )

    @property
    def layout(self) -> str:
        """The order of a tensor's axes in memory, as published tables write it."""
        return "nhwc" if self.channels_last else "nchw"

    @property
    def execution(self) -> str:
        """Whether torch.compile fuses the layers, or each op runs as its own kernel."""
        return "compiled" if self.compile else "eager"

    @property
    def description(self) -> str:
        """One line for a table's title."""
        return f"batch {self.batch_size:,}, {self.precision}, {self.layout}, {self.execution}"


@dataclass(frozen=True)
class Machine:
    """What a network was run on, as far as it says."""

    device_name: str
    software: str
    #: Threads of the processor that PyTorch computes with.
    threads: int
    #: The device's clock right after the last run.
    clock_mhz: float | None = None

    def __post_init__(self) -> None:
        checks.keep(
            self,
            device_name=checks.text("device_name", self.device_name),
            software=checks.text("software", self.software),
            threads=checks.integer("threads", self.threads, 1, 2**20),
            clock_mhz=_at_most("clock_mhz", self.clock_mhz, MAX_MHZ),
        )


def _at_most(field_name: str, value: Any, most: float) -> Any:
    """A number from 0 on, whole where it is given as that; None stays."""
    if value is not None:
        checks.number(field_name, value, 0, most, open_low=False, open_high=False)
    return checks.real(value)


def _times(value: Any) -> tuple[float, ...]:
    """Seconds; those of a clock or a file, which are floats, are looked at together."""
    found = checks.items("times", value, MAX_REPEATS, f"a sequence of at most {MAX_REPEATS:,} seconds")
    low, high = SECONDS
    if set(map(type, found)) == {float} and isfinite(sum(found)) and low <= min(found) and max(found) <= high:
        return found
    return tuple(checks.number("times", time, low, high, open_low=False, open_high=False) for time in found)


def _date(value: Any) -> str:
    """A time as ISO 8601 writes it."""
    written = checks.text("date", value)
    try:
        datetime.fromisoformat(written)
    except ValueError:
        raise ConfigError("date", value, "a time such as 2026-01-31T12:00:00+00:00") from None
    return written


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _new_id() -> str:
    return uuid4().hex[:12]


#: Of names that no sheet has, which takes a search for the nearest ones to tell.
_sheet = lru_cache(1024)(data_sheet)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One network on one device. Without any times: it needs more memory than the device has."""

    evidence: ClassVar[str] = "measured"

    id: str = field(default_factory=_new_id)
    #: UTC, ISO 8601.
    date: str = field(default_factory=_now)
    name: str
    family: str | None
    workload: Workload
    machine: Machine
    #: Of the whole batch, by the meter: 2 × MACs of convolution and linear layers.
    flops: int
    #: Seconds of each timed run, in order.
    times: tuple[float, ...] = ()
    #: Largest sum of the tensors that PyTorch held, weights included; None where the device keeps no count.
    peak_memory_bytes: int | None = None
    joules_per_image: float | None = None
    #: Share of all processors that others kept busy during the timed runs; None where the machine doesn't tell.
    others_share: float | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.workload, Workload) and self.workload.image_size and isinstance(self.machine, Machine)):
            raise ConfigError("workload", self.workload, "a workload with an image size, on a machine")
        checks.keep(
            self,
            id=checks.text("id", self.id, MAX_ID),
            date=_date(self.date),
            name=checks.text("name", self.name),
            family=None if self.family is None else checks.text("family", self.family),
            flops=checks.integer("flops", self.flops, 0, 2**63 - 1),
            times=_times(self.times),
            peak_memory_bytes=_at_most("peak_memory_bytes", self.peak_memory_bytes, MAX_BYTES),
            joules_per_image=_at_most("joules_per_image", self.joules_per_image, MAX_JOULES),
            others_share=_at_most("others_share", self.others_share, 1.0),
        )

    @property
    def out_of_memory(self) -> bool:
        return not self.times

    @property
    def seconds(self) -> float | None:
        """The median run."""
        return self._quantile(0.5)

    @property
    def seconds_low(self) -> float | None:
        """A quarter of the runs took less."""
        return self._quantile(0.25)

    @property
    def seconds_high(self) -> float | None:
        """A quarter of the runs took more."""
        return self._quantile(0.75)

    def _quantile(self, share: float) -> float | None:
        return quantile(self.times, share) if self.times else None

    @property
    def images_per_s(self) -> float | None:
        return self.workload.batch_size / self.seconds if self.seconds else None

    @property
    def flops_per_s(self) -> float | None:
        return self.flops / self.seconds if self.seconds else None

    @property
    def disturbance(self) -> str:
        """What says that others disturbed it, as a part of a sentence; "" where nothing does."""
        reasons = []
        if (self.others_share or 0.0) >= DISTURBING:
            reasons.append(f"others kept {format_share(self.others_share or 0.0)} of the processors busy")
        low, high = self.seconds_low or 0.0, self.seconds_high or 0.0
        if self.seconds and (apart := (high - low) / self.seconds) >= APART:
            reasons.append(f"the middle half of its runs lies {format_share(apart)} apart")
        return " and ".join(reasons)

    @property
    def data_sheet(self) -> Device | None:
        """What the device's maker promises; None for devices whose data sheet is not shipped."""
        return _sheet(self.machine.device_name)

    @property
    def device(self) -> str:
        """Its name on the data sheet, or else as PyTorch calls it."""
        return self.data_sheet.name if self.data_sheet else self.machine.device_name

    @property
    def share_of_peak(self) -> float | None:
        """FLOP/s over the device's peak at the precision; None where that is not known."""
        sheet, arithmetic = self.data_sheet, parse_arithmetic(self.workload.precision)
        if self.flops_per_s is None or sheet is None or arithmetic not in sheet.precisions:
            return None
        return self.flops_per_s / sheet.peak_flops_per_s(arithmetic)

    def row(self) -> dict[str, Any]:
        """One record of a table: plain values, stable keys."""
        workload, machine = self.workload, self.machine
        return {
            "id": self.id,
            "date": self.date,
            "name": self.name,
            "family": self.family,
            "evidence": self.evidence,
            "device": self.device,
            "torch_device": workload.device,
            "batch_size": workload.batch_size,
            "image_size": workload.image_size,
            "precision": workload.precision,
            "layout": workload.layout,
            "execution": workload.execution,
            "outcome": "out of memory" if self.out_of_memory else "measured",
            **{key: getattr(self, key) for key in MEASURED_QUANTITIES},
            "disturbance": self.disturbance,
            "others_share": self.others_share,
            "repeats": len(self.times),
            "threads": machine.threads,
            "clock_mhz": machine.clock_mhz,
            "software": machine.software,
        }

    def to_json(self) -> dict[str, Any]:
        """What the results store keeps: everything that was observed, nothing that follows from it."""
        return {**vars(self), "workload": dict(vars(self.workload)), "machine": dict(vars(self.machine))}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measurement:
        """The reverse of `to_json`. Raises: ConfigError: it is no measurement."""
        fields = checks.mapping("a measurement", data, 100, "an object with the fields of one")
        try:
            workload, machine = _met(Workload, fields.pop("workload")), _met(Machine, fields.pop("machine"))
            return cls(**fields | {"workload": workload, "machine": machine})
        except (TypeError, KeyError) as error:  # a field that is missing, unknown, or no object
            allowed = f"an object with the fields of one ({first_line(error)})"
            raise ConfigError("a measurement", data, allowed) from None


#: Workloads and machines that were read before: thousands of measurements have a few of them in common.
_MET: dict[tuple[type, bytes], Any] = {}
_MOST_MET = 4096


def _met(kind: Any, given: Any) -> Any:
    """The record of what a file says of it. Raises: TypeError, ConfigError: it is none."""
    try:
        key = kind, marshal.dumps(given, 2)
    except ValueError:  # not from a file
        return kind(**given)
    if key not in _MET:
        if len(_MET) >= _MOST_MET:
            _MET.clear()
        _MET[key] = kind(**given)
    return _MET[key]


@dataclass(frozen=True)
class LayerTime:
    """One layer within a run of its network. Without times: the run does not show it as an operation of its own."""

    cost: LayerCost
    #: Seconds in each of the timed runs.
    times: tuple[float, ...] = ()

    @property
    def seconds(self) -> float | None:
        """The median run."""
        return quantile(self.times, 0.5) if self.times else None

    @property
    def flops_per_s(self) -> float | None:
        return self.cost.flops / self.seconds if self.seconds else None

    @property
    def bytes_per_s(self) -> float | None:
        """Traffic by the meter, which knows nothing of caches, in that time."""
        return self.cost.bytes_moved / self.seconds if self.seconds else None

    def row(self) -> dict[str, Any]:
        """One record of a table: plain values, stable keys."""
        layer = self.cost.layer
        return {
            "layer": layer.name,
            "op": layer.op,
            "kind": op_kind(layer),
            "stage": layer.stage,
            "seconds": self.seconds,
            "seconds_low": quantile(self.times, 0.25) if self.times else None,
            "seconds_high": quantile(self.times, 0.75) if self.times else None,
            "flops": self.cost.flops,
            "flops_per_s": self.flops_per_s,
            "bytes_moved": self.cost.bytes_moved,
            "bytes_per_s": self.bytes_per_s,
        }
