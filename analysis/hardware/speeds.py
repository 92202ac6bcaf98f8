"""How fast networks are on devices: measured, published and predicted, side by side but never mixed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from analysis.facts import Device, get_device, list_devices, published
from analysis.hardware.measure.record import Measurement
from analysis.hardware.predict.cpus import CHECKED_BATCH
from analysis.hardware.predict.predict import Prediction, predict
from analysis.hardware.predict.timed_runs import MIN_BATCH_SIZE, TimedRun, sheet_of
from analysis.precision import parse_arithmetic
from analysis.targets import Target, resolve_target
from archs import checks
from archs.errors import ConfigError
from archs.layer import Pair

#: From the strongest to the weakest.
EVIDENCE = ("measured", "trained", "published", "predicted")
EXECUTIONS = ("eager", "compiled")
#: What tells an error of a prediction: published figures of its kind, or else a rule.
CHECKED, BY_RULE = "checked", "by rule"
#: Before what disturbed a measurement.
DISTURBED = "disturbed: "
#: What published throughputs were taken at.
PUBLISHED_PRECISION, PUBLISHED_WORDS = "float16", "amp float16"


@dataclass(frozen=True)
class Conditions:
    """What a device is given; an image size of None is each network's own."""

    batch_size: int = 256
    image_size: int | Pair | None = None
    precision: str = "float16"
    layout: str = "nchw"
    #: What the host takes to issue a kernel; None for the usual, and its range in intervals.
    host_seconds: float | None = None

    def __post_init__(self) -> None:
        checks.keep(self, precision=parse_arithmetic(self.precision))

    @property
    def are_published(self) -> bool:
        """Whether published throughputs of GPUs speak of such conditions: large batches in half precision."""
        return self.batch_size >= MIN_BATCH_SIZE and self.precision == PUBLISHED_PRECISION

    @property
    def are_published_of_cpus(self) -> bool:
        """Whether those of CPUs do: one image in float32."""
        return self.batch_size == CHECKED_BATCH and self.precision == "float32"


def usual_conditions(device: str | Device, image_size: int | Pair | None = None) -> Conditions:
    """What a device is given where nobody asks: large batches in float16, as speeds are published, or in float32 where
    it has no float16; a CPU one image in float32. Raises: UnknownDeviceError: as `get_device`."""
    found = get_device(device)
    if found.is_cpu:
        return Conditions(CHECKED_BATCH, image_size, "float32")
    return Conditions(image_size=image_size, precision="float16" if found.fp16_flops_per_s else "float32")


@dataclass(frozen=True)
class Speed:
    """One network on one device, from one kind of evidence."""

    name: str
    device: str
    execution: str
    evidence: str
    batch_size: int
    image_size: Pair
    precision: str
    layout: str
    #: Of one image: 2 × MACs of convolution and linear layers.
    flops: float
    images_per_s: float
    #: The device's peak at the precision; None where it is not known.
    peak_flops_per_s: float | None
    #: How far the truth may lie below and above, as shares of the figure; None where that is not known.
    error: tuple[float, float] | None
    error_meaning: str
    #: Who says so, or what ran.
    source: str
    note: str = ""
    joules_per_image: float | None = None
    #: Of a prediction: whether published figures of its kind tell the error, so that no rule had to.
    is_checked: bool = True

    @property
    def is_open(self) -> bool:
        """Whether it has an interval that a rule widens."""
        return self.error is not None and not self.is_checked

    @property
    def checked(self) -> str:
        """In a word what stands behind a prediction's error; "" of other figures."""
        if self.evidence != "predicted":
            return ""
        return CHECKED if self.is_checked else BY_RULE

    @property
    def flops_per_s(self) -> float:
        return self.flops * self.images_per_s

    @property
    def seconds_per_image(self) -> float:
        return 1 / self.images_per_s

    @property
    def error_of_time(self) -> tuple[float, float] | None:
        """How far the time may lie below and above: a share less of images/s is a larger share more of time."""
        if self.error is None:
            return None
        low, high = self.error
        return 1 - 1 / (1 + high), 1 / (1 - low) - 1

    @property
    def share_of_peak(self) -> float | None:
        return self.flops_per_s / self.peak_flops_per_s if self.peak_flops_per_s else None

    def row(self) -> dict[str, Any]:
        """One record of a table: plain values."""
        low, high = self.error or (None, None)
        errors = {"error_below": low, "error_above": high}
        return {key: errors[key] if key in errors else getattr(self, key) for key in _COLUMNS}


_COLUMNS = (
    *("name", "device", "execution", "evidence", "flops_per_s", "share_of_peak", "images_per_s", "seconds_per_image"),
    *("error_below", "error_above", "checked", "batch_size", "image_size", "precision", "layout", "source", "note"),
)


def find_speeds(
    target: Any,
    devices: Sequence[Device],
    executions: Sequence[str] = EXECUTIONS,
    conditions: Conditions | None = None,
) -> list[Speed]:
    """What is published and predicted of a network on devices, by execution and device.

    Raises:
        DenseScopeError: the network is unknown, or cannot take the image size, in one sentence.
    """
    given, network = conditions or Conditions(), resolve_target(target)
    size = size_of(network, given.image_size)
    return [
        speed
        for execution in executions
        for device in devices
        for speed in (
            *published_speeds(network.name, device, execution, size, given),
            *predicted_speeds(network, device, execution, size, given),
        )
    ]


def known_speed(target: Any, device: Device, execution: str, conditions: Conditions | None = None) -> Speed | None:
    """What is published of a network on a device, else what is predicted; None where the device lacks the precision.

    Raises: as `find_speeds`.
    """
    given, network = conditions or Conditions(), resolve_target(target)
    size = size_of(network, given.image_size)
    known = published_speeds(network.name, device, execution, size, given)
    return next(iter(known or predicted_speeds(network, device, execution, size, given)), None)


def measured_speeds(
    measurements: Iterable[Measurement], names: Sequence[str], devices: Sequence[str], conditions: Conditions
) -> list[Speed]:
    """Measurements of these networks on these devices that were taken in such conditions."""
    comparable = [measured_speed(one) for one in measurements if one.name in names and is_comparable(one, conditions)]
    sizes = {name: size_of(name, conditions.image_size) for name in {speed.name for speed in comparable}}
    return [speed for speed in comparable if speed.device in devices and speed.image_size == sizes[speed.name]]


def size_of(target: Any, image_size: int | Pair | None) -> Pair:
    """The image size that a network is given."""
    return checks.image_size(resolve_target(target).image_size if image_size is None else image_size)


def is_comparable(measurement: Measurement, conditions: Conditions) -> bool:
    """Whether a measurement was taken in such conditions."""
    workload = measurement.workload
    if measurement.out_of_memory or workload.batch_size != conditions.batch_size:
        return False
    same_layout = workload.compile or workload.layout == conditions.layout
    return same_layout and parse_arithmetic(workload.precision) == conditions.precision


def strongest(speeds: Iterable[Speed]) -> list[Speed]:
    """For each network, device and execution what has the strongest evidence; of measurements, the last."""
    best: dict[tuple[str, str, str], Speed] = {}
    for speed in speeds:
        key = (speed.name, speed.device, speed.execution)
        if key not in best or EVIDENCE.index(speed.evidence) <= EVIDENCE.index(best[key].evidence):
            best[key] = speed
    return list(best.values())


def measured_speed(one: Measurement) -> Speed:
    """What a measurement says. Raises: ConfigError: it ran out of memory."""
    median, low, high = one.seconds, one.seconds_low, one.seconds_high
    if not (median and low and high):
        raise ConfigError("measurement", one.id, "one that did not run out of memory")
    sheet = one.data_sheet
    arithmetic = parse_arithmetic(one.workload.precision)
    return Speed(
        name=one.name,
        device=one.device,
        execution=one.workload.execution,
        evidence="measured",
        batch_size=one.workload.batch_size,
        image_size=checks.image_size(one.workload.image_size or size_of(one.name, None)),
        precision=one.workload.precision,
        layout=one.workload.layout,
        flops=one.flops / one.workload.batch_size,
        images_per_s=one.workload.batch_size / median,
        peak_flops_per_s=sheet.peak_flops_per_s(arithmetic) if sheet and arithmetic in sheet.precisions else None,
        error=(1 - median / high, median / low - 1),
        error_meaning=f"median of {len(one.times)} runs; half of them lie within the bar",
        source=f"{one.machine.device_name}, {one.machine.software}, {one.date}",
        note=f"{DISTURBED}{one.disturbance}" if one.disturbance else "",
        joules_per_image=one.joules_per_image,
    )


def published_speeds(name: str, device: Device, execution: str, size: Pair, given: Conditions) -> list[Speed]:
    """The published throughput of a registered network, or of timm's, where there is one for such conditions."""
    are_published = given.are_published_of_cpus if device.is_cpu else given.are_published
    if not are_published or size[0] != size[1]:
        return []
    layout = given.layout if execution == "eager" else "nchw"  # a compiler chooses for itself
    row = _table().get((name, device.name, execution, layout, size[0]))
    if row is None:
        return []
    batch = int(row["batch_size"])
    run = TimedRun(row["network"], device.name, size[0], batch, layout, execution, batch / row["value"])
    return [
        Speed(
            name=name,
            device=device.name,
            execution=execution,
            evidence="published",
            batch_size=batch,
            image_size=size,
            precision=row["precision"],
            layout=layout,
            flops=float(run.program().flops),
            images_per_s=row["value"],
            peak_flops_per_s=device.peak_flops_per_s(given.precision),
            error=None,
            error_meaning="",
            source=f"{row['source']}, {row['software']}",
            note=row["note"],
        )
    ]


@cache
def _table() -> dict[tuple[str, str, str, str, int], dict[Any, Any]]:
    """Published throughputs by registered name, or else the source's; of several, that of the newest software."""
    rows: list[dict[Any, Any]] = published("throughput").to_dict("records")
    cpus = {device for device in list_devices() if get_device(device).is_cpu}
    found: dict[tuple[str, str, str, str, int], dict[Any, Any]] = {}
    for row in rows:
        of_cpu = sheet_of(row["device"]) in cpus
        is_large = row["batch_size"] >= MIN_BATCH_SIZE and row["precision"] == PUBLISHED_WORDS
        if is_large or of_cpu:
            name = row["arch"] or row["network"]
            key = (
                name,
                sheet_of(row["device"]) if of_cpu else row["device"],
                row["execution"],
                row["layout"],
                int(row["image_size"]),
            )
            found[key] = max(found.get(key, row), row, key=lambda each: version_of(each["software"]))
    return found


def version_of(software: str) -> tuple[int, ...]:
    """Of PyTorch.

    >>> version_of("PyTorch 2.9.1, CUDA 12.8") > version_of("PyTorch 2.10, CUDA 12.8"), version_of("Paddle")
    (False, ())
    """
    match = re.match(r"PyTorch (\d+(?:\.\d+)*)", software)
    return tuple(map(int, match[1].split("."))) if match else ()


def predicted_speeds(target: Target, device: Device, execution: str, size: Pair, given: Conditions) -> list[Speed]:
    """The prediction, where the device has the precision."""
    if given.precision not in device.precisions:
        return []
    conditions = (given.batch_size, size, given.precision, given.layout, execution)
    found = predict(target, device, *conditions, host_seconds=given.host_seconds)
    return [predicted_speed(found, device)]


def predicted_speed(found: Prediction, device: Device) -> Speed:
    """What a prediction says, with the interval that nine of ten figures are meant to lie in."""
    known = found.interval
    return Speed(
        name=found.name,
        device=device.name,
        execution=found.execution,
        evidence="predicted",
        batch_size=found.batch_size,
        image_size=found.image_size,
        precision=found.precision,
        layout=found.layout,
        flops=found.flops / found.batch_size,
        images_per_s=found.images_per_s,
        peak_flops_per_s=device.peak_flops_per_s(found.precision),
        error=(1 - found.seconds / known.high, found.seconds / known.low - 1) if known else None,
        error_meaning=f"the bar: {known.rule}" if known else "no figure tells how far off it is",
        source=f"DenseScope's model, docs/prediction.md; calibrated by: {found.calibration}",
        is_checked=bool(known and known.is_checked),
    )
