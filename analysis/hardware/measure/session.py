"""A network on a processor, warmed up and timed, whole or layer by layer, and what can go wrong on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map_only

from analysis.hardware.measure import neighbours
from analysis.hardware.measure.processors import Processor, Run, find_processor
from analysis.hardware.measure.record import BenchmarkError, LayerTime, Measurement, Workload
from analysis.hardware.measure.turn import alone_on_this_machine
from analysis.meter import LayerCost
from analysis.ops import find_op
from analysis.precision import PRECISIONS
from analysis.statistics import quantile
from analysis.summary import Summary, summarize
from analysis.targets import Target
from analysis.trace import products  # noqa: F401  registers its rules
from analysis.trace.detectors import as_counted
from analysis.trace.names import op_name, torch_names
from analysis.trace.rules import RULES, Call
from analysis.trace.stand_in import tensors_in
from archs.create import create_model
from archs.errors import ConfigError, DenseScopeError
from archs.layer import Shape
from detectors import create_detector

#: Runs before the first that is timed: they compile, choose algorithms and fill caches.
WARM_UP_RUNS = 3


def count(target: object, workload: Workload) -> Summary:
    """What the workload costs on paper. Raises: DenseScopeError: the network does not suit it."""
    verify = target.verify if isinstance(target, Target) else True
    return summarize(target, workload.image_size, workload.batch_size, workload.precision, verify=verify)


@contextmanager
def ready(found: Summary, workload: Workload, processor: Processor) -> Iterator[Run]:
    """A function that runs the network once, after warm-up, while nothing else is timed on this machine.

    Raises:
        torch.OutOfMemoryError: it does not fit.
        BenchmarkError: it cannot be run, or something else is being timed.
    """
    with alone_on_this_machine():
        yield from _warmed_up(found, workload, processor)


def _warmed_up(found: Summary, workload: Workload, processor: Processor) -> Iterator[Run]:
    processor.release_memory()
    _require_memory(found, processor)
    where = f"{found.name} cannot be run on {workload.device} ({workload.description})"
    with one_sentence(where):
        forward = prepare(found, workload, processor)

    def run() -> None:
        with one_sentence(where):
            forward()

    with processor.numerics(workload.precision):
        for _ in range(WARM_UP_RUNS):
            run()
        processor.finish()
        yield run


def _require_memory(found: Summary, processor: Processor) -> None:
    """Fail before the operating system ends the process: what one layer reads and writes has to be held at once."""
    needed, free = max((cost.bytes_moved for cost in found.layers), default=0), processor.free_memory()
    if free is not None and needed > free:
        raise torch.OutOfMemoryError(f"A layer needs {needed} bytes, and {free} are free.")


def _random_inputs(found: Summary, place: Callable[[Tensor], Tensor]) -> Any:
    """Arguments, in order and by name: random images, or random numbers of the stated shapes; integers are zeros."""
    given = found.trace.inputs if found.trace else ((torch.empty(found.input_shapes[0], device="meta"),), {})

    def filled(like: Tensor) -> Tensor:
        draws = like.is_floating_point()
        return place(torch.randn(like.shape)) if draws else torch.zeros(like.shape, dtype=like.dtype)

    return tree_map_only(Tensor, filled, tuple(given))


@contextmanager
def one_sentence(where: str) -> Iterator[None]:
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


def prepare(found: Summary, workload: Workload, processor: Processor) -> Run:
    """A function that runs the network once, in inference mode, on one batch of random images (N, C, H, W)."""
    precision = PRECISIONS[workload.precision]
    place = {"device": processor.torch_device, "dtype": getattr(torch, precision.weights)}
    layout = torch.channels_last if workload.channels_last else torch.contiguous_format
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build(found.target).eval().to(**place).to(memory_format=layout)
        args, kwargs = _random_inputs(found, lambda values: _to_layout(values.to(**place), layout))
    if workload.compile:
        torch.compiler.reset()  # else the ninth shape would run uncompiled, without a word
    forward = torch.compile(module, dynamic=False) if workload.compile else module

    def run() -> None:
        kind, dtype = processor.torch_device.type, getattr(torch, precision.activations)
        with torch.inference_mode(), torch.autocast(kind, dtype, enabled=precision.is_mixed):
            forward(*args, **kwargs)

    return run


def _to_layout(values: Tensor, layout: torch.memory_format) -> Tensor:
    return values.to(memory_format=layout) if values.ndim == 4 else values


def build(target: Target) -> nn.Module:
    """The target's module with weights: its own, or random ones where it has none; a copy if it was given as one.

    Of a detector, what is counted: backbone, neck and heads, on images as they reach the backbone.
    """
    if target.detector is not None:
        return as_counted(create_detector(target.detector))
    if target.module is None:
        return create_model(target.config, weights=target.weights)
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


def measure(target: object, workload: Workload, after_run: Run, *, energy: bool = True) -> Measurement:
    """Time a network; as `analysis.benchmark`."""
    processor = find_processor(workload.device, workload.precision)
    found = count(target, workload)
    try:
        with ready(found, workload, processor) as run:
            others = neighbours.watch()
            times = processor.times(run, workload.repeats, after_run)
            observed: dict[str, Any] = {
                "times": times,
                "others_share": others(),
                "machine": processor.machine(),
                "peak_memory_bytes": processor.peak_memory(),
            }
            joules = processor.joules(run, quantile(times, 0.5)) if energy else None
            observed["joules_per_image"] = None if joules is None else joules / workload.batch_size
    except torch.OutOfMemoryError:
        observed = {"machine": processor.machine()}
    processor.release_memory()
    asked = replace(workload, image_size=found.image_size, batch_size=found.batch_size)
    return Measurement(name=found.name, family=found.family, workload=asked, flops=found.flops, **observed)


class Timed(NamedTuple):
    """One operation of a run."""

    op: str
    output_shape: Shape
    start: Any
    end: Any


class Stopwatch(TorchFunctionMode):
    """Marks when each operation of a forward pass begins and ends.

    PyTorch hands it every operation, functional ones such as concatenation too, in the order of the trace's layers.
    """

    def __init__(self, processor: Processor) -> None:
        super().__init__()
        self.operations: list[Timed] = []
        self._processor = processor

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = op_name(func)
        rule = RULES.get(name)
        call = rule(*args, **torch_names(kwargs)) if rule else None
        if not isinstance(call, Call) and (rule or find_op(name).kind != "activation"):
            return func(*args, **kwargs)
        start = self._processor.mark()
        result = func(*args, **kwargs)
        end = self._processor.mark()
        shape = tuple(next(tensors_in(result)).shape)
        self.operations.append(Timed(call.op if isinstance(call, Call) else name, shape, start, end))
        return result


def measure_layers(target: object, workload: Workload, after_run: Run) -> tuple[LayerTime, ...]:
    """As `analysis.benchmark_layers`: within whole runs, where each layer finds the caches as in real use."""
    if workload.compile:
        raise ConfigError("compile", True, "False: compiling merges layers, so that none has a time of its own")
    processor = find_processor(workload.device, workload.precision)
    found = count(target, workload)
    times: dict[int, list[float]] = defaultdict(list)
    try:
        with ready(found, workload, processor) as run:
            for _ in range(workload.repeats):
                for index, seconds in _time_once(run, found.layers, processor):
                    times[index].append(seconds)
                after_run()
    except torch.OutOfMemoryError:
        raise BenchmarkError(f"{found.name} does not fit into memory ({workload.description}).") from None
    finally:
        processor.release_memory()
    return tuple(LayerTime(cost, tuple(times[index])) for index, cost in enumerate(found.layers))


def _time_once(run: Run, layers: Sequence[LayerCost], processor: Processor) -> Iterable[tuple[int, float]]:
    """Index and seconds of each layer that one run shows."""
    with Stopwatch(processor) as stopwatch:
        run()
    processor.finish()
    seconds = [processor.seconds_between(timed.start, timed.end) for timed in stopwatch.operations]
    return zip(match(stopwatch.operations, layers), seconds, strict=True)


def match(operations: Iterable[Timed], layers: Sequence[LayerCost]) -> list[int]:
    """The index of each operation's layer; both come in order, and layers may be missing among the operations.

    Raises:
        BenchmarkError: an operation is not among the layers that are left.
    """
    indices, index = [], -1
    for timed in operations:
        remaining = range(index + 1, len(layers))
        key = timed.op, timed.output_shape
        index = next((i for i in remaining if (layers[i].layer.op, layers[i].layer.output_shape) == key), -1)
        if index < 0:
            raise BenchmarkError(f"The layers cannot be timed one by one: the run has a {timed.op} that is no layer.")
        indices.append(index)
    return indices
