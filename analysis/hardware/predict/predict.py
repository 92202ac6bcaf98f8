"""Predictions: seconds and FLOP/s of a network on a device that nobody has to own, and what holds layers back."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from analysis.facts import Device, get_device
from analysis.hardware.predict.calibrated import (
    CalibratedDevice,
    KnownError,
    cpu_factors,
    gpu_factors,
    is_calibrated,
    known_error,
    scatter_of,
)
from analysis.hardware.predict.calibration import Calibration
from analysis.hardware.predict.cpus import Place, cpu_times
from analysis.hardware.predict.host import HostTime, host_time
from analysis.hardware.predict.intervals import Interval, interval
from analysis.hardware.predict.kernels import EXECUTIONS, Floats, Program, planned_program, program
from analysis.hardware.predict.model import (
    BOUNDS,
    COMPUTE,
    LAUNCH,
    MEMORY,
    Machine,
    Times,
    finish_times,
    kernel_times,
    met_layout,
)
from analysis.hardware.predict.validation import kind_of_target
from analysis.ops import op_kind
from analysis.precision import PRECISIONS, parse_arithmetic
from analysis.targets import Target, resolve_target
from archs import checks
from archs.errors import ConfigError
from archs.layer import Pair

LAYOUTS = ("nchw", "nhwc")
MODES = ("inference", "training")


class PredictedLayer(NamedTuple):
    """One layer: the time that passes for it, and what holds it back."""

    name: str
    op: str
    kind: str
    stage: str
    flops: int
    seconds: float
    #: One of `analysis.hardware.predict.model.BOUNDS`; "merged" where a compiler computes it inside another layer.
    bound: str


@dataclass(frozen=True)
class Prediction:
    """How long a network takes, by the model: never to be mixed with what is measured or published."""

    target: Target
    device: Device
    image_size: Pair
    batch_size: int
    precision: str
    layout: str
    execution: str
    #: How far such predictions were off where figures are published; None where none are.
    error: KnownError | None
    #: Where the seconds lie in nine of ten cases, and by what rule; None of a calibration that is not shipped.
    interval: Interval | None
    #: The host's time a kernel: its range, and the one that the seconds are for.
    host: HostTime
    _program: Program = field(repr=False)
    _kernel_seconds: tuple[float, ...] = field(repr=False)
    _kernel_bounds: tuple[int, ...] = field(repr=False)

    @property
    def name(self) -> str:
        return self.target.name

    @cached_property
    def seconds(self) -> float:
        """For the whole batch."""
        return sum(self._kernel_seconds)

    @property
    def _passes(self) -> int:
        """How often the program's images go into the batch."""
        return self.batch_size // self._program.batch_size

    @property
    def flops(self) -> int:
        """For the whole batch."""
        return self._passes * self._program.flops

    @property
    def flops_per_s(self) -> float:
        """2 × MACs over seconds."""
        return self.flops / self.seconds

    @property
    def images_per_s(self) -> float:
        return self.batch_size / self.seconds

    @property
    def share_of_peak(self) -> float:
        """FLOP/s over the device's peak at the precision."""
        return self.flops_per_s / self.device.peak_flops_per_s(self.precision)

    @cached_property
    def layers(self) -> tuple[PredictedLayer, ...]:
        """Every layer in execution order; their seconds add up to the whole."""
        times = dict(zip(self._program.layer_index.tolist(), self._kernel_seconds, strict=True))
        bounds = dict(zip(self._program.layer_index.tolist(), self._kernel_bounds, strict=True))
        return tuple(
            PredictedLayer(
                cost.layer.name,
                cost.layer.op,
                op_kind(cost.layer),
                cost.layer.stage,
                self._passes * cost.flops,
                times.get(number, 0.0),
                BOUNDS[bounds[number]] if number in bounds else "merged",
            )
            for number, cost in enumerate(self._program.layers)
        )

    def seconds_by_bound(self) -> dict[str, float]:
        """How much of the time each bound takes."""
        sums = np.bincount(self._kernel_bounds, self._kernel_seconds, len(BOUNDS))
        return dict(zip(BOUNDS, sums.tolist(), strict=True))

    @property
    def calibration(self) -> str:
        """Where the factors come from."""
        if isinstance(self.device, CalibratedDevice):
            return f"{self.device.error.figures} own runs"
        return "published" if is_calibrated(self.device.name) else "other devices"

    def row(self) -> dict[str, Any]:
        """What a table shows of it: plain values."""
        error = self.error
        return {
            "name": self.name,
            "device": self.device.name,
            "evidence": "predicted",
            "image_size": self.image_size,
            "batch_size": self.batch_size,
            "precision": self.precision,
            "layout": self.layout,
            "execution": self.execution,
            "flops": self.flops,
            "seconds": self.seconds,
            "at_least_seconds": self.interval.low if self.interval else None,
            "at_most_seconds": self.interval.high if self.interval else None,
            "images_per_s": self.images_per_s,
            "flops_per_s": self.flops_per_s,
            "share_of_peak": self.share_of_peak,
            **{f"{bound.replace(' ', '_')}_seconds": spent for bound, spent in self.seconds_by_bound().items()},
            "calibration": self.calibration,
            "median_error": error.median if error else None,
            "worst_error": error.worst if error else None,
            "interval": self.interval.rule if self.interval else None,
        }


def predict(
    target: Any,
    device: str | Device,
    batch_size: int = 256,
    image_size: int | Pair | None = None,
    precision: str = "float16",
    layout: str = "nchw",
    execution: str = "eager",
    calibration: Calibration | None = None,
    *,
    mode: str = "inference",
    optimizer: str = "sgd",
    host_seconds: float | None = None,
    input: Any = None,
    in_channels: int | None = None,
    verify: bool | str = True,
) -> Prediction:
    """How long a network would take at inference, or a training step.

    Args:
        target: as for `analysis.summarize`.
        device: a shipped device's name, or a `Device`; `analysis.calibrate_by` calibrates one by your own runs. CPUs
            compute in float32, with a thread a core; of them the figure is for inference alone.
        image_size: side or (h, w); None for the network's own.
        precision: "float16" and "bfloat16" as under autocast, "tf32", "float32", however they are spelled.
        layout: "nchw" or "nhwc" (channels last); a compiler chooses for itself.
        execution: "eager" or "compiled" (torch.compile).
        calibration: another one than the shipped; no error is known of it.
        mode: "inference", or "training": a `StepPrediction`.
        optimizer: of training: "sgd" with momentum, "adamw", or "none" for the gradients alone.
        host_seconds: what your host takes to issue a kernel; None for the usual, and its range in the interval. A CPU
            has no host: what it takes to start a kernel is among its factors.
        input, in_channels, verify: as `analysis.summarize`; batch and size follow from an input that is stated.

    Raises:
        UnknownOpError: an operation whose time is not known.
        DenseScopeError: an unknown device, a precision that it lacks, a bad size or target, in one sentence.
    """
    if checks.choice("mode", mode, MODES) == "training":
        from analysis.hardware.predict.step_prediction import predict_step

        if calibration or input is not None:
            what = "input" if calibration is None else "calibration"
            raise ConfigError(what, "one that is given", "None: training steps are predicted without")
        return predict_step(
            *(target, device, batch_size, image_size, precision, layout, execution, optimizer),
            host_seconds=host_seconds,
            in_channels=in_channels,
            verify=verify,
        )
    gpu, batch = get_device(device), checks.batch_size(batch_size)
    resolved = resolve_target(target).stating(input, in_channels, verify)
    precision = parse_arithmetic(precision)
    if gpu.is_cpu:
        gpu.peak_flops_per_s(precision)
        if calibration:
            raise ConfigError("calibration", "one of GPUs", f"None for a CPU such as {gpu.name}")
    layout = checks.choice("layout", layout, LAYOUTS)
    execution = checks.choice("execution", execution, EXECUTIONS)
    size = checks.image_size(resolved.image_size if image_size is None else image_size)
    host = host_time(execution, precision, host_seconds)
    half = PRECISIONS[precision].element_bytes == 2
    if input is None:
        found = program_of(resolved, size, execution, half)
    else:
        given = resolved.trace(size, batch)
        batch, size = given.batch_and_size
        found = program(given.layers, execution, half, batch)
    kind = kind_of_target(resolved, gpu)
    if calibration:
        error, scatter = None, None
    else:
        scatter = scatter_of(kind, gpu, batch, precision, layout, execution)
        if isinstance(gpu, CalibratedDevice):
            error = None if resolved.is_detector else gpu.known_error(precision, layout, execution)
        else:
            error = known_error(kind, gpu.name, batch, precision, layout, execution)
    passes = batch // found.batch_size
    if gpu.is_cpu:
        host, taken = HostTime(0.0, 0.0, 0.0), _on_cpu(found, passes, gpu, layout, execution)
    else:
        factors = calibration.factors(gpu.name) if calibration else gpu_factors(gpu)
        machine = Machine.of(gpu, precision, met_layout(found, layout, execution))
        taken = _on_gpu(kernel_times(found.kernels, passes, machine, factors), host)
    known = interval(scatter, taken.low, taken.high, host, is_checked=error is not None) if scatter else None
    return Prediction(
        *(resolved, gpu, size, batch, precision, layout, execution, error, known, host, found),
        *(tuple(taken.spent.tolist()), taken.bounds),
    )


class _Taken(NamedTuple):
    """Seconds that pass for each kernel and what it waits for most; of the whole at the host's least and most time."""

    spent: Floats
    bounds: tuple[int, ...]
    low: float
    high: float


def _on_gpu(times: Times, host: HostTime) -> _Taken:
    """The host issues kernels, and the GPU works them off."""
    low, usual, high = (finish_times(times.total, each) for each in (host.low, host.usual, host.high))
    spent = np.diff(usual, prepend=0.0)
    return _Taken(spent, bounds_of(times, spent), float(low[-1]), float(high[-1]))


def _on_cpu(found: Program, passes: int, cpu: Device, layout: str, execution: str) -> _Taken:
    """Kernels are started and worked off in turn."""
    times = cpu_times(found.kernels, passes, Place.of(cpu, layout, execution), cpu_factors(cpu))
    spent = times.spent
    return _Taken(spent, bounds_of(times.work, spent), float(spent.sum()), float(spent.sum()))


def bounds_of(times: Times, spent: Floats) -> tuple[int, ...]:
    """What each kernel waits for most, given the time that passes for it."""
    bounds = np.where(times.compute > times.memory, COMPUTE, MEMORY)
    return tuple(np.where(spent > 2 * times.total, LAUNCH, bounds).tolist())


def program_of(target: Target, size: Pair, execution: str, half: bool) -> Program:
    if target.best_route == "plan":
        return planned_program(target.planned, size, execution, half)
    return program(target.layers(size, 1, "trace"), execution, half)
