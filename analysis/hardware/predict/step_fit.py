"""Fit of what training adds to the model: its factors, how devices differ from them, and the hosts of the figures.

As in `calibration.py` the most probable values are found, given that the model is off by `NOISE` on a figure and
factors lie around `PRIORS`; a figure that is far off counts less and less (pseudo-Huber), for old software has
faults of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np

from analysis.facts import get_device
from analysis.hardware.predict.backward import ADDITION
from analysis.hardware.predict.calibrated import factors_for
from analysis.hardware.predict.calibration import Prior
from analysis.hardware.predict.classes import device_class
from analysis.hardware.predict.kernels import Floats, Integers, Kernels
from analysis.hardware.predict.model import Factors, Machine, kernel_times
from analysis.hardware.predict.step_model import (
    CLASSES,
    SERVED,
    Circumstances,
    StepFactors,
    step_host,
    trained_kernels,
)
from analysis.hardware.predict.trained_runs import TrainedRun

#: Expected relative error of the model on one figure.
NOISE = 0.08
PRIORS = StepFactors(
    products=Prior(1.2, 0.3),
    grouped=Prior(2.0, 0.7),
    narrow=Prior(64.0, 1.0),
    depthwise=Prior(3.0, 1.0),
    depthwise_nhwc=Prior(3.0, 1.0),
    elementwise=Prior(1.2, 0.3),
    newer_software=Prior(0.9, 0.2),
    amd=Prior(1.0, 0.3),
    other=Prior(1.0, 0.3),
)
#: How far devices at a precision differ from the rules, and hosts from the usual one.
DEVICE_SPREAD, HOST_SPREAD = 0.15, 0.5


@dataclass(frozen=True)
class StepCalibration:
    """The factors of training, the time of each device at a precision over theirs, and the hosts of the figures."""

    factors: StepFactors
    devices: Mapping[str, float]
    #: Seconds a kernel, by `TrainedRun.setup`.
    hosts: Mapping[str, float]


class _Point(NamedTuple):
    """A place among all that is fitted, each a logarithm."""

    factors: Floats
    devices: Floats
    hosts: Floats

    def moved(self, by: Floats) -> _Point:
        ends = np.cumsum([len(part) for part in self])[:-1]
        return _Point(*(part + each for part, each in zip(self, np.split(by, ends), strict=True)))


class Stack:
    """Published steps end to end: one array entry a kernel."""

    def __init__(self, runs: Sequence[TrainedRun]) -> None:
        steps = [run.step() for run in runs]
        self._sizes = np.array([len(step.role) for step in steps])
        self._starts = np.cumsum([0, *self._sizes[:-1]])
        self._kernels = Kernels(*map(np.concatenate, zip(*(step.kernels for step in steps), strict=True)))
        self._role = np.concatenate([step.role for step in steps])
        self._width = np.concatenate([step.width for step in steps])
        self._batch = self._spread([run.batch_size for run in runs])
        sheets = [get_device(run.device) for run in runs]
        met = [(sheet, run.precision, run.layout) for sheet, run in zip(sheets, runs, strict=True)]
        self._machine = Machine(*map(self._spread, zip(*(Machine.of(*each) for each in met), strict=True)))
        circumstances = zip(*(Circumstances.of(*each) for each in met), strict=True)
        self._met = Circumstances(*(self._spread(each).astype(bool) for each in circumstances))
        shared = zip(*(factors_for(sheet.name) for sheet in sheets), strict=True)
        self._shared = Factors(*map(self._spread, shared))
        self._is_newer = np.array(
            [run.has_newer_software and sheet.architecture in SERVED for sheet, run in zip(sheets, runs, strict=True)]
        )
        self._classes = {
            field: np.array([device_class(sheet) == name for sheet in sheets]) for name, field in CLASSES.items()
        }
        self._copies = np.array([run.copy_seconds for run in runs])
        self.log_seconds = np.log([run.seconds for run in runs])
        self.devices, self.device = _told_apart([run.device_at_precision for run in runs])
        self.setups, self.setup = _told_apart([run.setup for run in runs])
        self.usual_hosts = np.zeros(len(self.setups))
        for run, setup in zip(runs, self.setup.tolist(), strict=True):
            host = step_host("eager", run.precision, autocast=run.autocast)
            self.usual_hosts[setup] = log(host.usual)

    def _spread(self, values: Sequence[float]) -> Floats:
        return np.repeat(np.array(values, float), self._sizes)

    def seconds(self, point: _Point) -> Floats:
        """Of each run."""
        factors = StepFactors(*np.exp(point.factors))
        kernels = trained_kernels(self._kernels, self._role, self._width, self._met, factors)
        scale = np.exp(point.devices)[self.device] * np.where(self._is_newer, factors.newer_software, 1.0)
        for field, is_of in self._classes.items():
            scale = scale * np.where(is_of, getattr(factors, field), 1.0)
        times = kernel_times(kernels, self._batch, self._machine, self._shared).total * np.repeat(scale, self._sizes)
        hosts = np.repeat(np.exp(point.hosts)[self.setup], self._sizes)
        issue = self._within(np.cumsum(np.where(self._role == ADDITION, 0.0, hosts)))
        before = self._within(np.cumsum(times)) - times
        return np.add.reduceat(times, self._starts) + np.maximum.reduceat(issue - before, self._starts) + self._copies

    def _within(self, sums: Floats) -> Floats:
        """Sums that start anew with each run."""
        ends = np.concatenate([[0.0], sums[self._starts[1:] - 1]])
        return sums - np.repeat(ends, self._sizes)


def _told_apart(names: Sequence[str]) -> tuple[list[str], Integers]:
    known = sorted(set(names))
    return known, np.array([known.index(name) for name in names])


def calibrate_steps(runs: Sequence[TrainedRun], start: StepCalibration | None = None) -> StepCalibration:
    """What fits published steps best.

    Args:
        runs: the figures.
        start: a calibration from which to look, such as that of more figures; it changes where to begin alone.
    """
    stack = Stack(runs)
    prior = _Point(np.log([each.value for each in PRIORS]), np.zeros(len(stack.devices)), stack.usual_hosts)
    point = point_of(stack, start) if start else prior
    return _calibration(stack, _least(stack, point, prior))


def point_of(stack: Stack, known: StepCalibration) -> _Point:
    """A calibration as far as it tells of these runs; others follow the rules, with the usual host."""
    usual = dict(zip(stack.setups, np.exp(stack.usual_hosts), strict=True)) | dict(known.hosts)
    return _Point(
        np.log(known.factors),
        np.log([known.devices.get(name, 1.0) for name in stack.devices]),
        np.log([usual[name] for name in stack.setups]),
    )


def _calibration(stack: Stack, point: _Point) -> StepCalibration:
    return StepCalibration(
        StepFactors(*np.exp(point.factors).tolist()),
        dict(zip(stack.devices, np.exp(point.devices).tolist(), strict=True)),
        dict(zip(stack.setups, np.exp(point.hosts).tolist(), strict=True)),
    )


_STEP = 1e-4
_ITERATIONS = 12
_TOLERANCE = 1e-4
_MAX_DAMPING = 1e4


def _least(stack: Stack, point: _Point, prior: _Point) -> _Point:
    """The most probable point; far-off figures are weighed down anew at each iteration."""
    spreads = [each.spread for each in PRIORS]
    spread = np.array([*spreads, *[DEVICE_SPREAD] * len(stack.devices), *[HOST_SPREAD] * len(stack.setups)])
    logs = np.log(stack.seconds(point))
    cost, damping = _cost(stack, logs, point, prior, spread), 1e-3
    for _ in range(_ITERATIONS):
        misfit = (logs - stack.log_seconds) / NOISE
        weight = (1 + misfit**2) ** -0.25
        jacobian = _jacobian(stack, point, logs) * weight[:, None] / NOISE
        away = (np.concatenate(point) - np.concatenate(prior)) / spread
        normal = jacobian.T @ jacobian + np.diag(spread**-2)
        gradient = jacobian.T @ (misfit * weight) + away / spread
        while damping < _MAX_DAMPING:
            candidate = point.moved(-np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient))
            new_logs = np.log(stack.seconds(candidate))
            new_cost = _cost(stack, new_logs, candidate, prior, spread)
            if new_cost < cost:
                break
            damping *= 6
        else:
            return point
        improvement = 1 - new_cost / cost
        point, logs, cost, damping = candidate, new_logs, new_cost, damping / 8
        if improvement < _TOLERANCE:
            break
    return point


def _cost(stack: Stack, logs: Floats, point: _Point, prior: _Point, spread: Floats) -> float:
    misfit = (logs - stack.log_seconds) / NOISE
    away = (np.concatenate(point) - np.concatenate(prior)) / spread
    return float(2 * np.sum(np.sqrt(1 + misfit**2) - 1) + away @ away)


def _jacobian(stack: Stack, point: _Point, logs: Floats) -> Floats:
    """Of the logarithms of seconds. Each run has one device and one host, so that all of them are moved at once."""
    rows, factors = np.arange(len(logs)), len(point.factors)
    found = np.zeros((len(logs), sum(map(len, point))))
    for number in range(factors):
        moved = point.factors + _STEP * (np.arange(factors) == number)
        found[:, number] = (np.log(stack.seconds(point._replace(factors=moved))) - logs) / _STEP
    devices = np.log(stack.seconds(point._replace(devices=point.devices + _STEP)))
    found[rows, factors + stack.device] = (devices - logs) / _STEP
    hosts = np.log(stack.seconds(point._replace(hosts=point.hosts + _STEP)))
    found[rows, factors + len(point.devices) + stack.setup] = (hosts - logs) / _STEP
    return found
