"""One step of training, timed: forward pass, loss, backward pass and update, and the most memory that it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from analysis.hardware.measure.benchmark import AfterRun, nothing
from analysis.hardware.measure.processors import Processor, Run, find_processor
from analysis.hardware.measure.record import Machine, Workload
from analysis.hardware.measure.session import WARM_UP_RUNS, build, count, one_sentence
from analysis.hardware.measure.turn import alone_on_this_machine
from analysis.memory import OPTIMIZERS
from analysis.precision import PRECISIONS
from analysis.statistics import quantile
from analysis.summary import Summary
from archs import checks
from archs.errors import ConfigError

#: How each optimizer of `analysis.memory.OPTIMIZERS` is made. What the learning rate is changes no time.
_MADE: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "none": lambda parameters: torch.optim.SGD(parameters, 1e-3),
    "sgd": lambda parameters: torch.optim.SGD(parameters, 1e-3, momentum=0.9),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, 1e-3),
}


@dataclass(frozen=True, kw_only=True)
class StepMeasurement:
    """Steps of one network on one device. Without any times: they need more memory than the device has."""

    evidence = "measured"

    name: str
    family: str | None
    #: Its `repeats` are timed steps.
    workload: Workload
    #: One of `analysis.memory.OPTIMIZERS`.
    optimizer: str
    machine: Machine
    #: Seconds of each timed step, in order.
    times: tuple[float, ...] = ()
    #: Largest sum of the tensors in those steps: weights, optimizer state and workspaces included.
    peak_memory_bytes: int | None = None

    @property
    def seconds(self) -> float | None:
        """The median step."""
        return quantile(self.times, 0.5) if self.times else None

    @property
    def images_per_s(self) -> float | None:
        return self.workload.batch_size / self.seconds if self.seconds else None


def measure_step(
    target: Any, workload: Workload, optimizer: str = "sgd", after_step: AfterRun = nothing
) -> StepMeasurement:
    """Time steps of training on random images and labels that are on the device already.

    The gradients of a step are dropped before the next one. Losses in 16 bits are not scaled.

    Args:
        target: as `analysis.benchmark`.
        workload: weights must be kept in float32 or bfloat16, as every precision but float16 does.
        optimizer: "sgd" with momentum, "adamw", or "none" (SGD without state).
        after_step: called after each timed step.

    Raises:
        ConfigError: float16 weights, which lose their updates; no such optimizer.
        DeviceError, PrecisionError, BenchmarkError: as `analysis.benchmark`.
    """
    checks.choice("optimizer", optimizer, tuple(OPTIMIZERS))
    if PRECISIONS[workload.precision].weights == "float16":
        raise ConfigError("precision", workload.precision, "one that keeps weights in more than float16 to train")
    processor = find_processor(workload.device, workload.precision)
    found = count(target, workload)
    observed: dict[str, Any] = {}
    try:
        with alone_on_this_machine(), _ready(found, workload, optimizer, processor) as step:
            observed["times"] = processor.times(step, workload.repeats, after_step)
            observed["peak_memory_bytes"] = processor.peak_memory()
    except torch.OutOfMemoryError:
        pass
    processor.release_memory()
    asked = replace(workload, image_size=found.image_size, batch_size=found.batch_size)
    machine = processor.machine()
    return StepMeasurement(
        name=found.name, family=found.family, workload=asked, optimizer=optimizer, machine=machine, **observed
    )


@contextmanager
def _ready(found: Summary, workload: Workload, optimizer: str, processor: Processor) -> Iterator[Run]:
    """A function that runs a step once, after warm-up. Raises: as `analysis.hardware.measure.session.ready`."""
    processor.release_memory()
    where = f"{found.name} cannot be trained on {workload.device} ({workload.description})"
    with one_sentence(where):
        train = _prepare(found, workload, optimizer, processor)

    def step() -> None:
        with one_sentence(where):
            train()

    with processor.numerics(workload.precision):
        for _ in range(WARM_UP_RUNS):
            step()
        processor.finish()
        yield step


def _prepare(found: Summary, workload: Workload, optimizer: str, processor: Processor) -> Run:
    precision, device = PRECISIONS[workload.precision], processor.torch_device
    weights = getattr(torch, precision.weights)
    layout = torch.channels_last if workload.channels_last else torch.contiguous_format
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module: nn.Module = build(found.target).train().to(device, weights).to(memory_format=layout)
        images = torch.randn(found.input_shapes[0]).to(device, weights).to(memory_format=layout)
    labels = torch.zeros(len(images), dtype=torch.long, device=device)
    update = _MADE[optimizer](module.parameters())
    if workload.compile:
        torch.compiler.reset()
    forward = torch.compile(module, dynamic=False) if workload.compile else module

    def step() -> None:
        update.zero_grad()
        with torch.autocast(device.type, getattr(torch, precision.activations), enabled=precision.is_mixed):
            loss = cross_entropy(forward(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        update.step()

    return step
