"""Predicted training steps: seconds of the forward pass, of the gradients and of the update, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from analysis.facts import Device, get_device
from analysis.hardware.predict.backward import (
    FORWARD,
    INPUT_GRADIENT,
    PHASE_OF,
    PHASES,
    UPDATE_NUMBERS,
    WEIGHT_GRADIENT,
    Step,
    planned_step,
    step,
)
from analysis.hardware.predict.calibrated import CalibratedDevice, factors_for
from analysis.hardware.predict.intervals import interval
from analysis.hardware.predict.model import BOUNDS
from analysis.hardware.predict.predict import LAYOUTS, Prediction, bounds_of, program_of
from analysis.hardware.predict.step_calibrated import device_slowdown, known_step_error, step_factors, step_scatter
from analysis.hardware.predict.step_model import finished, issued, step_host, step_times
from analysis.memory import memory
from analysis.ops import op_kind
from analysis.precision import PRECISIONS, parse_arithmetic
from analysis.targets import Target, resolve_target
from archs import checks
from archs.errors import ConfigError
from archs.layer import Layer, Pair

OPTIMIZERS = tuple(UPDATE_NUMBERS)
#: More than any data set has.
MOST_IMAGES = 10**12


class StepLayer(NamedTuple):
    """One layer of a training step: the time that passes for it, by phase, and what holds it back most."""

    name: str
    op: str
    kind: str
    stage: str
    #: Of the forward pass and the gradients.
    flops: int
    seconds: float
    forward_seconds: float
    again_seconds: float
    backward_seconds: float
    #: Its weights' share of the update.
    update_seconds: float
    #: One of `analysis.hardware.predict.model.BOUNDS`.
    bound: str


@dataclass(frozen=True)
class StepPrediction(Prediction):
    """How long a training step takes, by the model: loading images is not in it, nor the loss.

    `seconds`, `images_per_s`, `flops` and the interval are those of a step.
    """

    optimizer: str
    _step: Step = field(repr=False)

    @cached_property
    def flops(self) -> int:
        """Of the forward pass and the gradients, for the whole batch; what is made again has no products."""
        return self._passes * int(self._kernel_flops.sum())

    @cached_property
    def _kernel_flops(self) -> np.ndarray[Any, Any]:
        layers = np.array([cost.flops for cost in self._program.layers])
        counted = np.isin(self._step.role, (FORWARD, WEIGHT_GRADIENT, INPUT_GRADIENT))
        return np.where(counted & (self._step.kernels.padded_flops > 0), layers[self._step.layer_index], 0)

    def seconds_by_phase(self) -> dict[str, float]:
        """How much of the time each phase takes: forward, what is made again, backward, update."""
        sums = np.bincount(PHASE_OF[self._step.role], self._kernel_seconds, len(PHASES))
        return dict(zip(PHASES, sums.tolist(), strict=True))

    def epoch_seconds(self, images: int) -> float:
        """The steps of an epoch of so many images."""
        return checks.integer("images", images, 1, MOST_IMAGES) / self.images_per_s

    def float32_bytes(self) -> int:
        """The peak of a step in float32, counted (`analysis.memory`); under autocast maps take half."""
        found = memory(self.target, self.image_size, self.batch_size, mode="training")
        return found.total_bytes(self.optimizer)

    @cached_property
    def layers(self) -> tuple[StepLayer, ...]:  # type: ignore[override]
        """Every layer in the order of the forward pass; their seconds add up to the whole."""
        count, index = len(self._program.layers), self._step.layer_index
        place = index * len(PHASES) + PHASE_OF[self._step.role]
        phases = np.bincount(place, self._kernel_seconds, count * len(PHASES)).reshape(count, len(PHASES))
        params = np.array([float(cost.params) for cost in self._program.layers])
        phases[:, -1] = phases[:, -1].sum() * params / max(params.sum(), 1.0)
        bounds = np.bincount(
            index * len(BOUNDS) + self._kernel_bounds, self._kernel_seconds, count * len(BOUNDS)
        ).reshape(count, len(BOUNDS))
        flops = self._passes * np.bincount(index, self._kernel_flops, count)
        columns = zip(self._program.layers, flops.tolist(), phases.tolist(), bounds.argmax(1).tolist(), strict=True)
        return tuple(_layer(cost.layer, int(done), spent, BOUNDS[bound]) for cost, done, spent, bound in columns)

    def row(self) -> dict[str, Any]:
        """What a table shows of it: plain values."""
        names = ("forward_seconds", "again_seconds", "backward_seconds", "update_seconds")
        phases = dict(zip(names, self.seconds_by_phase().values(), strict=True))
        return super().row() | {"mode": "training", "optimizer": self.optimizer} | phases


def _layer(layer: Layer, flops: int, spent: Sequence[float], bound: str) -> StepLayer:
    forward, again, backward, update = spent
    return StepLayer(
        layer.name,
        layer.op,
        op_kind(layer),
        layer.stage,
        flops,
        sum(spent),
        forward,
        again,
        backward,
        update,
        bound,
    )


def predict_step(
    target: Any,
    device: str | Device,
    batch_size: int = 256,
    image_size: int | Pair | None = None,
    precision: str = "float16",
    layout: str = "nchw",
    execution: str = "eager",
    optimizer: str = "sgd",
    *,
    host_seconds: float | None = None,
    in_channels: int | None = None,
    verify: bool | str = True,
) -> StepPrediction:
    """How long a training step would take, with software of today.

    Args:
        optimizer: "sgd" with momentum, "adamw", or "none" for the gradients alone.
        others: as for `predict`.

    Raises:
        ConfigError: a compiled step, of which no figure is published; or as `predict`.
    """
    gpu, batch = training_device(device), checks.batch_size(batch_size)
    resolved = resolve_target(target).stating(None, in_channels, verify)
    if resolved.is_detector or resolved.detector is not None:
        raise ConfigError(
            "mode", "training", f"'inference' for {resolved.name}: only steps of classifiers are predicted"
        )
    precision = parse_arithmetic(precision)
    layout = checks.choice("layout", layout, LAYOUTS)
    if execution != "eager":
        raise ConfigError("execution", execution, "'eager', as no published figure tells of compiled training steps")
    optimizer = checks.choice("optimizer", optimizer, OPTIMIZERS)
    size = checks.image_size(resolved.image_size if image_size is None else image_size)
    host = step_host(execution, precision, host_seconds)
    found = _step_of(resolved, size, PRECISIONS[precision].element_bytes == 2, optimizer)
    shared = gpu.factors if isinstance(gpu, CalibratedDevice) else factors_for(gpu.name)
    times = step_times(found, batch, gpu, precision, layout, shared, step_factors())
    busy = device_slowdown(gpu, precision) * times.total
    low, usual, high = (finished(busy, issued(found.role, each)) for each in host)
    spent = np.diff(usual, prepend=0.0)
    error = known_step_error(gpu, batch, precision, layout)
    scatter = step_scatter(gpu, batch, precision, layout)
    return StepPrediction(
        target=resolved,
        device=gpu,
        image_size=size,
        batch_size=batch,
        precision=precision,
        layout=layout,
        execution=execution,
        error=error,
        interval=interval(scatter, float(low[-1]), float(high[-1]), host, is_checked=error is not None),
        host=host,
        _program=found.program,
        _kernel_seconds=tuple(spent.tolist()),
        _kernel_bounds=bounds_of(times, spent),
        optimizer=optimizer,
        _step=found,
    )


def training_device(device: str | Device) -> Device:
    """A device whose training steps are predicted. Raises: ConfigError: a CPU; or as `get_device`."""
    found = get_device(device)
    if found.is_cpu:
        raise ConfigError("device", found.name, "a GPU for training steps: no published figure tells of a CPU's")
    return found


def _step_of(target: Target, size: Pair, half: bool, optimizer: str) -> Step:
    if target.best_route == "plan":
        return planned_step(target.config, size, half, optimizer)
    return step(program_of(target, size, "eager", half), half, optimizer)
