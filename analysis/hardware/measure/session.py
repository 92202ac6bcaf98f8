"""A network on a device, warmed up and ready to be timed, and what can go wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor, nn

from analysis.hardware.measure.devices import Device, Run, find_device
from analysis.hardware.measure.quantiles import quantile
from analysis.hardware.measure.record import PRECISIONS, BenchmarkError, Machine, Measurement, Workload
from analysis.summary import Summary, summarize
from analysis.targets import Target
from archs.create import create_model
from archs.errors import DenseScopeError
from archs.layer import INPUT, Shape

#: Runs before the first that is timed: they compile, choose algorithms and fill caches.
WARM_UP_RUNS = 3


def count(target: object, workload: Workload) -> Summary:
    """What the workload costs on paper. Raises: DenseScopeError: the network does not suit it."""
    return summarize(target, workload.image_size, workload.batch_size, PRECISIONS[workload.precision].activations)


@contextmanager
def ready(found: Summary, workload: Workload, device: Device) -> Iterator[Run]:
    """A function that runs the network once, after warm-up.

    Raises:
        torch.OutOfMemoryError: it does not fit.
        BenchmarkError: it cannot be run.
    """
    device.release_memory()
    _require_memory(found, device)
    where = f"{found.name} cannot be run on {workload.device} ({workload.description})"
    with _one_sentence(where):
        forward = prepare(found.target, _input_shape(found), workload, device)

    def run() -> None:
        with _one_sentence(where):
            forward()

    with device.numerics(workload.precision):
        for _ in range(WARM_UP_RUNS):
            run()
        device.finish()
        yield run


def _require_memory(found: Summary, device: Device) -> None:
    """Fail before the operating system ends the process: what one layer reads and writes has to be held at once."""
    needed, free = max(cost.bytes_moved for cost in found.layers), device.free_memory()
    if free is not None and needed > free:
        raise torch.OutOfMemoryError(f"A layer needs {needed} bytes, and {free} are free.")


def _input_shape(found: Summary) -> Shape:
    """(N, C, H, W) of the images, as the layers that read them say."""
    layers = (cost.layer for cost in found.layers)
    return next(layer.input_shapes[layer.inputs.index(INPUT)] for layer in layers if INPUT in layer.inputs)


@contextmanager
def _one_sentence(where: str) -> Iterator[None]:
    try:
        yield
    except (torch.OutOfMemoryError, DenseScopeError):
        raise
    except MemoryError as error:
        raise torch.OutOfMemoryError(str(error)) from None
    except Exception as error:  # whatever PyTorch and compilers raise
        reason = next(iter(str(error).strip().splitlines()), "").rstrip(".") or type(error).__name__
        if "allocate memory" in reason:
            raise torch.OutOfMemoryError(reason) from None
        raise BenchmarkError(f"{where}: {reason}.") from error


def prepare(target: Target, shape: Shape, workload: Workload, device: Device) -> Callable[[], Tensor]:
    """A function that runs the network once, in inference mode, on one batch of random images (N, C, H, W)."""
    precision = PRECISIONS[workload.precision]
    place = {"device": device.torch_device, "dtype": getattr(torch, precision.weights)}
    layout = torch.channels_last if workload.channels_last else torch.contiguous_format
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build(target).eval().to(**place).to(memory_format=layout)
        images = torch.randn(shape).to(**place).to(memory_format=layout)
    if workload.compile:
        torch.compiler.reset()  # else the ninth shape would run uncompiled, without a word
    forward = torch.compile(module, dynamic=False) if workload.compile else module

    def run() -> Tensor:
        kind, dtype = device.torch_device.type, getattr(torch, precision.activations)
        with torch.inference_mode(), torch.autocast(kind, dtype, enabled=precision.is_mixed):
            output: Tensor = forward(images)
            return output

    return run


def build(target: Target) -> nn.Module:
    """The target's module with weights: its own, or random ones where it has none; a copy if it was given as one."""
    if target.module is None:
        return create_model(target.config)
    module = deepcopy(target.module)
    for part in module.modules():
        _fill(part)
    return module


def _fill(module: nn.Module) -> None:
    """Give what a module has without values some that keep signals in range: denormal numbers would take longer."""
    for name, parameter in module.named_parameters(recurse=False):
        if parameter.is_meta:
            setattr(module, name, nn.Parameter(_values(name, parameter)))
    for name, buffer in module.named_buffers(recurse=False):
        if buffer.is_meta:
            setattr(module, name, _values(name, buffer))


def _values(name: str, like: Tensor) -> Tensor:
    if like.dim() > 1 and like.is_floating_point():
        return nn.init.kaiming_normal_(torch.empty_like(like, device="cpu"))
    scales = name in ("weight", "running_var")
    return torch.full_like(like, 1 if scales else 0, device="cpu")


def measure(target: object, workload: Workload, after_run: Run) -> Measurement:
    """Time a network; as `analysis.benchmark`."""
    device = find_device(workload.device, workload.precision)
    found = count(target, workload)
    try:
        measurement = _take(found, workload, device, after_run)
    except torch.OutOfMemoryError:
        measurement = _record(found, workload, device.machine())
    device.release_memory()
    return measurement


def _take(found: Summary, workload: Workload, device: Device, after_run: Run) -> Measurement:
    with ready(found, workload, device) as run:
        times = device.times(run, workload.repeats, after_run)
        machine, peak = device.machine(), device.peak_memory()
        joules = device.joules(run, quantile(times, 0.5))
        per_image = None if joules is None else joules / workload.batch_size
        return _record(found, workload, machine, times, peak, per_image)


def _record(
    found: Summary,
    workload: Workload,
    machine: Machine,
    times: tuple[float, ...] = (),
    peak_memory_bytes: int | None = None,
    joules_per_image: float | None = None,
) -> Measurement:
    return Measurement(
        name=found.name,
        family=found.family,
        workload=replace(workload, image_size=found.image_size),
        machine=machine,
        flops=found.flops,
        times=times,
        peak_memory_bytes=peak_memory_bytes,
        joules_per_image=joules_per_image,
    )
