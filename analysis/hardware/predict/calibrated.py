"""Devices that are calibrated: by published figures, as `scripts/calibrate.py` wrote it, or by the user's own runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import exp, log
from typing import Any, NamedTuple

from analysis.facts import DATA, Device, data_sheet
from analysis.hardware.measure.record import Measurement
from analysis.hardware.predict.calibration import Calibration, calibrate_device, predicted_times
from analysis.hardware.predict.cpus import (
    CpuFactors,
    calibrate_cpu,
    calibrated_cpus,
    cpu_scatter,
    known_cpu_error,
    predicted_cpu_seconds,
    shipped_cpu_factors,
)
from analysis.hardware.predict.intervals import Scatter, of_few
from analysis.hardware.predict.model import Factors
from analysis.hardware.predict.spreads import Spread, Spreads, group_of, regime, root_mean_square
from analysis.hardware.predict.timed_runs import MIN_BATCH_SIZE, TimedRun
from analysis.precision import parse_arithmetic
from analysis.statistics import median
from archs import checks
from archs.errors import DenseScopeError
from archs.registry import list_archs

CALIBRATION = DATA / "calibration.json"
#: At another precision no published figure says how far predictions are off.
PRECISION = "float16"
#: Stands for GeForce cards that the calibration doesn't know.
OTHER_DEVICES = "other devices"
#: Kinds of networks of which no figure was ever compared; their layers are those of classifiers, in other shapes.
DETECTORS = "detectors"
#: Detectors of two stages, whose published times were (`analysis.hardware.predict.detector_trials`).
TWO_STAGE, TWO_STAGES = "two-stage detectors", ("faster_rcnn", "mask_rcnn")
#: What an interval about a detector's time is not about.
LAYERS_ALONE = "the layers' time is meant, and what the prediction leaves out comes on top"


class KnownError(NamedTuple):
    """Absolute relative errors of predictions of the same sort, for networks of the same kind."""

    median: float
    worst: float
    #: What was not known: "networks", "device", or "family" (the kind of network); "own runs": each of the user's.
    left_out: str
    #: How many published figures this comes from.
    figures: int
    #: Root mean square of their logarithmic errors.
    spread: float
    #: On how many devices.
    devices: int = 1


@cache
def _content() -> dict[str, Any]:
    return json.loads(CALIBRATION.read_text(encoding="utf-8"))


@cache
def shipped_calibration() -> Calibration:
    """The factors that the published figures give."""
    return Calibration(Factors(**_content()["shared"]), _content()["devices"])


@cache
def factors_for(device: str) -> Factors:
    """The factors of a device by name; the shared ones for a device without a calibration."""
    return shipped_calibration().factors(device)


def gpu_factors(device: Device) -> Factors:
    """The factors of a GPU, by own runs or by its name."""
    found: Factors = getattr(device, "factors", None) or factors_for(device.name)
    return found


def cpu_factors(device: Device) -> CpuFactors:
    """The factors of a CPU, by own runs or by its name."""
    found: CpuFactors = getattr(device, "factors", None) or shipped_cpu_factors(device.name)
    return found


def is_near(device: str) -> bool:
    """Whether left-out devices that were checked speak for it: GeForce cards of the architectures that calibrate."""
    sheet = data_sheet(device)
    return sheet is not None and group_of(sheet) == "GeForce since Ampere"


def is_calibrated(device: str) -> bool:
    """Whether published figures of the device are part of the calibration."""
    return device in _content()["devices"] or device in calibrated_cpus()


@cache
def shipped_spreads() -> Spreads:
    """How far predictions scatter where no figure is of the device itself."""
    content = _content()["spreads"]
    return Spreads({key: Spread(*value) for key, value in content["devices"].items()}, content["networks"])


def scatter_of(
    kind: str | None, device: Device, batch_size: int, precision: str, layout: str, execution: str
) -> Scatter:
    """What an interval about a prediction is made of; as `known_error`, with the device itself."""
    found = _scatter_of(kind, device, batch_size, precision, layout, execution)
    if kind not in (DETECTORS, TWO_STAGE):
        return found
    return found._replace(unchecked_kind=DETECTORS if kind == DETECTORS else "", note=LAYERS_ALONE)


def _scatter_of(
    kind: str | None, device: Device, batch_size: int, precision: str, layout: str, execution: str
) -> Scatter:
    layout = layout if execution == "eager" else "nchw"
    if isinstance(device, CalibratedDevice) and (own := device.known_error(precision, layout, execution)):
        return Scatter(
            of_few(own.spread, own.figures), None, f"{own.figures} runs of your own, each predicted from the others,"
        )
    if device.is_cpu:
        return cpu_scatter(kind, device, batch_size, execution)
    kinds, spreads = _content()["kinds"], shipped_spreads()
    checked = is_calibrated(device.name) and batch_size >= MIN_BATCH_SIZE and parse_arithmetic(precision) == PRECISION
    if checked and (known := known_error(kind, device.name, batch_size, precision, layout, execution)):
        return Scatter(
            of_few(known.spread, known.figures), None, f"{known.figures} published figures of its kind on this device"
        )
    if checked and (found := kinds.get(f"{device.name}, {layout}, {execution}")):
        return Scatter(found, None, "published figures of other kinds of networks on this device")
    if known := known_error(kind, device.name, batch_size, precision, layout, execution):
        words = f"{known.figures} published figures of its kind on {known.devices} such cards, each left out,"
        return Scatter(of_few(known.spread, known.devices), None, words)
    which = regime(batch_size)
    spread, place = spreads.of_device(group_of(device), which)
    return Scatter(spreads.networks[which], spread, "networks", place)


def known_error(
    kind: str | None, device: str, batch_size: int, precision: str, layout: str, execution: str
) -> KnownError | None:
    """How far off predictions of this sort were; None where no published figure tells.

    Args:
        kind: of network, by `analysis.hardware.predict.validation.kind_of_error`.
        device: its name.
        batch_size: images at once.
        precision: of the arithmetic.
        layout: "nchw" or "nhwc".
        execution: "eager" or "compiled".
    """
    if cpu := known_cpu_error(kind, device, batch_size, execution):
        return KnownError(**cpu)
    if batch_size < MIN_BATCH_SIZE or parse_arithmetic(precision) != PRECISION:
        return None
    layout = layout if execution == "eager" else "nchw"
    if not is_calibrated(device) and not is_near(device):
        return None
    place = device if is_calibrated(device) else OTHER_DEVICES
    found = _content()["errors"].get(f"{kind}, {place}, {layout}, {execution}")
    return KnownError(**found) if found else None


MIN_RUNS = 3
#: So many different runs tell all that there is to tell; the newest count. And the parts that are left out in turn.
MOST_RUNS, PARTS = 20, 5
#: Share of a run that may pass in waiting for the host, by the prediction: such time says nothing of the device.
MOST_WAITING = 0.1


class CalibrationError(DenseScopeError):
    """Too few measurements of a device suit."""


@dataclass(frozen=True, kw_only=True)
class CalibratedDevice(Device):
    """A device whose factors come from the user's own runs; its data sheet stays as it is."""

    #: `Factors`, or `CpuFactors`.
    factors: Any
    #: Of each run, predicted from the others.
    error: KnownError
    #: Precision, layout and execution of the runs: the error speaks of no other.
    circumstances: frozenset[tuple[str, str, str]]

    def known_error(self, precision: str, layout: str, execution: str) -> KnownError | None:
        """How far off predictions of this sort were; None where no run tells."""
        return self.error if (precision, layout, execution) in self.circumstances else None


def calibrate_by(measurements: Sequence[Measurement], device: Device) -> CalibratedDevice:
    """The device as the user's own measurements show it.

    Args:
        measurements: of any networks and devices.
        device: one by its data sheet, with the name that its measurements have.

    Raises:
        CalibrationError: fewer than `MIN_RUNS` of the measurements suit.
    """
    runs = suitable_runs(measurements, device)
    if len(runs) < MIN_RUNS:
        known = {0: "none is known", 1: "only one is known"}.get(len(runs), f"only {len(runs)} are known")
        raise CalibrationError(
            f"{device.name} cannot be calibrated: it takes {MIN_RUNS} different measured runs of registered networks "
            f"that nothing disturbed, {_suiting(device)}, and {known}."
        )
    errors = [error for first in range(min(PARTS, len(runs))) for error in _errors_without(runs, first, device)]
    return CalibratedDevice(
        **asdict(device),
        factors=_fit(runs, device),
        error=KnownError(
            median(map(_size, errors)), max(map(_size, errors)), "own runs", len(runs), root_mean_square(errors)
        ),
        circumstances=frozenset((run.precision, run.layout, run.execution) for run in runs),
    )


def _suiting(device: Device) -> str:
    """What runs have to be, in words."""
    if device.is_cpu:
        return f"in float32 with {device.cores:g} {'thread' if device.cores == 1 else 'threads'}, one a core"
    return "at a precision of its data sheet and batches that keep it busy"


def suitable_runs(measurements: Sequence[Measurement], device: Device) -> list[TimedRun]:
    """The newest measurements from which a device's factors can be told, `MOST_RUNS` at most; of repeated ones the
    last.
    """
    known, seen, found = set(list_archs()), set(), []
    for one in reversed(measurements):
        if one.device == device.name and one.name in known and _is_suitable(one, device):
            run = _run(one, device)
            if (asked := replace(run, seconds=0.0)) not in seen and not one.disturbance:
                seen.add(asked)
                if _keeps_busy(run, device):
                    found.append(run)
        if len(found) == MOST_RUNS:
            break
    return found[::-1]


def _is_suitable(one: Measurement, device: Device) -> bool:
    arithmetic = parse_arithmetic(one.workload.precision)
    all_cores = not device.is_cpu or one.machine.threads == device.cores
    return arithmetic in device.precisions and all_cores and not one.out_of_memory and _side(one) is not None


def _side(one: Measurement) -> int | None:
    """Of a square image."""
    height, width = checks.image_size(one.workload.image_size)
    return height if height == width else None


def _run(one: Measurement, device: Device) -> TimedRun:
    work = one.workload
    return TimedRun(
        network=one.name,
        device=device.name,
        image_size=_side(one) or 0,
        batch_size=work.batch_size,
        layout=work.layout,
        execution=work.execution,
        seconds=one.seconds or 0.0,
        precision=parse_arithmetic(work.precision),
    )


def _keeps_busy(run: TimedRun, device: Device) -> bool:
    """Whether the device hardly waits for the host; a CPU is its own."""
    if device.is_cpu:
        return True
    times = predicted_times(run, device, factors_for(device.name))
    return times.busy >= (1 - MOST_WAITING) * times.total


def _fit(runs: Sequence[TimedRun], device: Device) -> Any:
    """What is known of the device already is where the fit starts from, and stays near."""
    if device.is_cpu:
        return calibrate_cpu(runs, shipped_cpu_factors(device.name), device)
    return calibrate_device(runs, Calibration(factors_for(device.name), {}), device).factors(device.name)


def _errors_without(runs: Sequence[TimedRun], first: int, device: Device) -> list[float]:
    """The logarithms of predicted over measured seconds of a part of the runs, from all others."""
    left_out = runs[first::PARTS]
    factors = _fit([run for run in runs if run not in left_out], device)
    return [log(_predicted_seconds(run, device, factors) / run.seconds) for run in left_out]


def _predicted_seconds(run: TimedRun, device: Device, factors: Any) -> float:
    if device.is_cpu:
        return predicted_cpu_seconds(run, device, factors)
    return predicted_times(run, device, factors).total


def _size(error: float) -> float:
    """The relative error of a logarithm, without its sign."""
    return abs(exp(error) - 1)
