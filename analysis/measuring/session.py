"""A network on a device, warmed up and ready to be timed, and what can go wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from analysis.measuring.device import Device, Run
from analysis.measuring.errors import BenchmarkError
from analysis.measuring.network import prepare
from analysis.measuring.workload import PRECISIONS, Workload
from analysis.summary import Summary, summarize
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
