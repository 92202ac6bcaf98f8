"""A device calibrated by the user's own measurements of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median

from analysis.hardware.devices import Device
from analysis.hardware.measure.record import PRECISIONS, Measurement
from analysis.hardware.predict.calibrated import KnownError, factors_for
from analysis.hardware.predict.calibration import Calibration, calibrate_device, predicted_times
from analysis.hardware.predict.model import Factors
from analysis.hardware.predict.timed_runs import TimedRun
from archs import checks
from archs.errors import DenseScopeError
from archs.registry import list_archs

MIN_RUNS = 3
#: Share of a run that may pass in waiting for the host, by the prediction: such time says nothing of the device.
MOST_WAITING = 0.1


class CalibrationError(DenseScopeError):
    """Too few measurements of a device suit."""


@dataclass(frozen=True, kw_only=True)
class CalibratedDevice(Device):
    """A device whose factors come from the user's own runs; its data sheet stays as it is."""

    factors: Factors
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
            f"{device.name} cannot be calibrated: it takes {MIN_RUNS} different measured runs of registered networks, "
            f"at a precision of its data sheet and batches that keep it busy, and {known}."
        )
    errors = [_error_without(run, runs, device) for run in runs]
    return CalibratedDevice(
        **asdict(device),
        factors=_fit(runs, device),
        error=KnownError(median(errors), max(errors), "own runs", len(runs)),
        circumstances=frozenset((run.precision, run.layout, run.execution) for run in runs),
    )


def suitable_runs(measurements: Sequence[Measurement], device: Device) -> list[TimedRun]:
    """The measurements from which a device's factors can be told; of repeated ones the last."""
    runs = [_run(one, device) for one in measurements if _is_suitable(one, device)]
    different = {replace(run, seconds=0.0): run for run in runs}
    return [run for run in different.values() if _keeps_busy(run, device)]


def _is_suitable(one: Measurement, device: Device) -> bool:
    arithmetic = PRECISIONS[one.workload.precision].arithmetic
    known = one.name in list_archs() and arithmetic in device.precisions
    return known and not one.out_of_memory and one.row()["device"] == device.name and _side(one) is not None


def _side(one: Measurement) -> int | None:
    """Of a square image."""
    height, width = checks.image_size(one.row()["image_size"])
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
        precision=PRECISIONS[work.precision].arithmetic,
    )


def _keeps_busy(run: TimedRun, device: Device) -> bool:
    """Whether the device hardly waits for the host."""
    busy, total = predicted_times(run, device, factors_for(device.name))
    return busy >= (1 - MOST_WAITING) * total


def _fit(runs: Sequence[TimedRun], device: Device) -> Factors:
    """What is known of the device already is where the fit starts from, and stays near."""
    return calibrate_device(runs, Calibration(factors_for(device.name), {}), device).factors(device.name)


def _error_without(run: TimedRun, runs: Sequence[TimedRun], device: Device) -> float:
    """Absolute relative error of a run's prediction from the other runs."""
    others = [each for each in runs if each is not run]
    _, seconds = predicted_times(run, device, _fit(others, device))
    return abs(seconds / run.seconds - 1)
