"""Timing every layer within a run of the whole network, so that each finds the caches as it does in real use.

PyTorch hands every operation, functional ones such as concatenation too, to a `TorchFunctionMode`, which takes the time
before and after it. The operations come in the order of the trace's layers, and are matched with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode

from analysis.hardware.measure.devices import Device, Run, find_device
from analysis.hardware.measure.record import BenchmarkError, LayerTime, Workload
from analysis.hardware.measure.session import count, ready
from analysis.meter import LayerCost
from analysis.trace.names import op_name
from analysis.trace.rules import RULES
from archs.errors import ConfigError
from archs.layer import Shape


class Timed(NamedTuple):
    """One operation of a run."""

    op: str
    output_shape: Shape
    start: Any
    end: Any


class Stopwatch(TorchFunctionMode):
    """Marks when each operation of a forward pass begins and ends."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.operations: list[Timed] = []
        self._device = device

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        rule = RULES.get(op_name(func))
        call = None if rule is None else rule(*args, **kwargs)
        if call is None:
            return func(*args, **kwargs)
        start = self._device.mark()
        result = func(*args, **kwargs)
        self.operations.append(Timed(call.op, call.output_shape, start, self._device.mark()))
        return result


def measure_layers(target: object, workload: Workload, after_run: Run) -> tuple[LayerTime, ...]:
    """Time a network's layers; as `analysis.benchmark_layers`."""
    if workload.compile:
        raise ConfigError("compile", True, "False: compiling merges layers, so that none has a time of its own")
    device = find_device(workload.device, workload.precision)
    found = count(target, workload)
    times: dict[int, list[float]] = defaultdict(list)
    try:
        with ready(found, workload, device) as run:
            for _ in range(workload.repeats):
                for index, seconds in _time_once(run, found.layers, device):
                    times[index].append(seconds)
                after_run()
    except torch.OutOfMemoryError:
        raise BenchmarkError(f"{found.name} does not fit into memory ({workload.description}).") from None
    finally:
        device.release_memory()
    return tuple(LayerTime(cost, tuple(times[index])) for index, cost in enumerate(found.layers))


def _time_once(run: Run, layers: Sequence[LayerCost], device: Device) -> Iterable[tuple[int, float]]:
    """Index and seconds of each layer that one run shows."""
    with Stopwatch(device) as stopwatch:
        run()
    device.finish()
    seconds = [device.seconds_between(timed.start, timed.end) for timed in stopwatch.operations]
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
