"""Fit of the model's factors to published times: all devices at once, with what they share and how they differ.

The fit is the most probable set of factors under two assumptions: the model is off by `NOISE` on a figure, and
each factor lies around its `PRIORS` value, each device's around the shared one, with the spreads given here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from analysis.facts import Device, get_device
from analysis.hardware.predict.host import host_time
from analysis.hardware.predict.kernels import Floats, Integers, Kernels
from analysis.hardware.predict.model import DEVICE_FACTORS, Factors, Machine, finish_times, kernel_times, met_layout
from analysis.hardware.predict.timed_runs import TimedRun

#: Expected relative error of the model on one figure.
NOISE = 0.03


class Prior(NamedTuple):
    """Where a factor is looked for: around `value`, within a few times exp(±`spread`)."""

    value: float
    spread: float


PRIORS = Factors(
    bandwidth=Prior(0.85, 0.1),  # what a copy reaches
    eager_elementwise=Prior(1.0, 0.1),
    pointwise_conv=Prior(0.8, 0.5),
    spatial_conv=Prior(1.0, 0.3),
    stem_conv=Prior(0.3, 1.0),
    depthwise_conv=Prior(0.06, 1.0),
    pointwise_transpose=Prior(0.5, 1.0),
    spatial_transpose=Prior(2.0, 0.3),  # input and output are each read and written once more
    concat_copy=Prior(0.7, 0.5),
    crowded_gb_per_s=Prior(9.3, 0.1),
)
#: How far devices differ from what they share.
DEVICE_SPREADS = {"bandwidth": 0.1, "eager_elementwise": 0.1, "pointwise_conv": 0.2, "spatial_conv": 0.2}


Fitted = TypeVar("Fitted", bound=NamedTuple)


@dataclass(frozen=True)
class CalibrationOf(Generic[Fitted]):
    """The factors that devices of a sort share, and by how much each calibrated one departs from them."""

    shared: Fitted
    deviations: Mapping[str, Mapping[str, float]]

    def factors(self, device: str) -> Fitted:
        """Those of a device; without a calibration of its own, the shared ones."""
        own = self.deviations.get(device, {})
        return self.shared._replace(**{name: getattr(self.shared, name) * own[name] for name in own})


Calibration = CalibrationOf[Factors]


class _Stack(NamedTuple):
    """Timed runs end to end: one array entry a kernel."""

    kernels: Kernels
    batch_size: Floats
    machine: Machine
    device: Integers
    starts: Integers
    log_seconds: Floats

    def predict(self, factors: Factors) -> Floats:
        """The logarithm of each run's seconds."""
        total = kernel_times(self.kernels, self.batch_size, self.machine, factors).total
        return np.log(np.add.reduceat(total, self.starts))


def calibrate(runs: Sequence[TimedRun]) -> Calibration:
    """Factors that fit the runs' published seconds."""
    devices = sorted({run.device for run in runs})
    stack = _stack(runs, devices)
    prior = np.array([*[log(prior.value) for prior in PRIORS], *[0.0] * len(DEVICE_FACTORS) * len(devices)])
    spread = np.array([*[prior.spread for prior in PRIORS], *np.repeat([*DEVICE_SPREADS.values()], len(devices))])

    def residuals(x: Floats) -> Floats:
        misfit = stack.predict(_factors(x, stack.device, len(devices))) - stack.log_seconds
        return np.concatenate([misfit / NOISE, (x - prior) / spread])

    return _calibration(least_squares(residuals, prior), devices)


def calibrate_device(runs: Sequence[TimedRun], known: Calibration, device: Device) -> Calibration:
    """Add a device to a calibration by a few of its own measured runs; what devices share stays as it is."""
    stack = _stack(runs, [device.name], {device.name: device})
    spread = np.array([*DEVICE_SPREADS.values()])

    def residuals(x: Floats) -> Floats:
        misfit = stack.predict(_scaled(known.shared, np.exp(x))) - stack.log_seconds
        return np.concatenate([misfit / NOISE, x / spread])

    found = np.exp(least_squares(residuals, np.zeros(len(DEVICE_FACTORS))))
    own = dict(zip(DEVICE_FACTORS, found.tolist(), strict=True))
    return Calibration(known.shared, {**known.deviations, device.name: own})


class RunTimes(NamedTuple):
    """Seconds of a run: those in which the device works, and those that pass at the host's usual, least and most time a
    kernel."""

    busy: float
    total: float
    low: float
    high: float


def predicted_times(run: TimedRun, device: Device, factors: Factors) -> RunTimes:
    """The model's answer for a run, the copy that its source times along included."""
    times = kernel_times(run.program().kernels, run.batch_size, machine_of(run, device), factors).total
    host = host_time(run.execution, run.precision, autocast=run.autocast)
    low, usual, high = (float(finish_times(times, each)[-1]) + run.copy_seconds for each in host)
    return RunTimes(float(times.sum()), usual, low, high)


def machine_of(run: TimedRun, device: Device) -> Machine:
    """What the kernels of a run meet."""
    return Machine.of(device, run.precision, met_layout(run.program(), run.layout, run.execution))


def _scaled(shared: Factors, scales: Sequence[float] | Floats) -> Factors:
    pairs = zip(DEVICE_FACTORS, scales, strict=True)
    return shared._replace(**{name: getattr(shared, name) * scale for name, scale in pairs})


def _factors(x: Floats, device: Integers, count: int) -> Factors:
    """The factors that each kernel meets: fields are numbers where devices share them, else arrays."""
    shared = Factors(*np.exp(x[: len(PRIORS)]))
    own = np.exp(x[len(PRIORS) :].reshape(len(DEVICE_FACTORS), count))
    return _scaled(shared, own[:, device] if count else own)


def _calibration(x: Floats, devices: Sequence[str]) -> Calibration:
    shared = Factors(*np.exp(x[: len(PRIORS)]).tolist())
    own = np.exp(x[len(PRIORS) :].reshape(len(DEVICE_FACTORS), len(devices)))
    columns = zip(devices, own.T.tolist(), strict=True)
    return Calibration(shared, {name: dict(zip(DEVICE_FACTORS, values, strict=True)) for name, values in columns})


def _stack(runs: Sequence[TimedRun], devices: Sequence[str], own: Mapping[str, Device] | None = None) -> _Stack:
    parts = [run.program().kernels for run in runs]
    sizes = [len(part.kind) for part in parts]
    machines = [machine_of(run, (own or {}).get(run.device) or get_device(run.device)) for run in runs]
    return _Stack(
        Kernels(*map(np.concatenate, zip(*parts, strict=True))),
        np.repeat([float(run.batch_size) for run in runs], sizes),
        Machine(*[np.repeat(column, sizes) for column in zip(*machines, strict=True)]),
        np.repeat([devices.index(run.device) for run in runs], sizes),
        np.cumsum([0, *sizes[:-1]]),
        np.log([run.seconds for run in runs]),
    )


_STEP = 1e-5
_ITERATIONS = 40
#: The fit has converged where an iteration improves it by less than this share.
_TOLERANCE = 1e-6
_MAX_DAMPING = 1e9


def least_squares(residuals: Callable[[Floats], Floats], start: Floats) -> Floats:
    """The parameters near `start` for which the sum of squared residuals is least."""
    x, r, damping = start, residuals(start), 1e-3
    for _ in range(_ITERATIONS):
        jacobian = np.stack([(residuals(x + step) - r) / _STEP for step in _STEP * np.eye(len(x))], axis=1)
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ r
        while damping < _MAX_DAMPING:
            candidate = x - np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient)
            new = residuals(candidate)
            if new @ new < r @ r:
                break
            damping *= 4
        else:
            break
        improvement = 1 - (new @ new) / (r @ r)
        x, r, damping = candidate, new, damping / 8
        if improvement < _TOLERANCE:
            break
    return x
