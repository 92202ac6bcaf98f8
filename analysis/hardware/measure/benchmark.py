"""Measured speed: networks run and timed on this machine, whole, at growing batches, and layer by layer.

Weights and images are random. torch is imported when something is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from analysis.hardware.measure.record import LayerTime, Measurement, Workload
from analysis.targets import resolve_target
from archs import checks
from archs.errors import require
from archs.layer import Pair

#: Called after each timed run, for a progress bar; an exception that it raises ends the measurement.
AfterRun = Callable[[], object]


#: Batch sizes of one sweep: far more than doublings.
MAX_SWEPT = 1000


def nothing() -> None:
    """What happens after a run if nothing is asked for."""


def benchmark(
    target: Any,
    device: str = "cpu",
    batch_size: int = 1,
    image_size: int | Pair | None = None,
    precision: str = "float32",
    channels_last: bool = False,
    compile: bool = False,
    repeats: int = 20,
    after_run: AfterRun = nothing,
    *,
    input: Any = None,
    in_channels: int | None = None,
    verify: bool | str = True,
) -> Measurement:
    """Time a network's inference. Memory that does not suffice is an answer: `Measurement.out_of_memory`.

    Args:
        target: a registered name, a config, an `nn.Module`, `"timm/NAME"` or `"torchvision/NAME"`.
        device: "cpu", "cuda" or "cuda:N".
        batch_size: N of the images (N, C, H, W).
        image_size: side or (h, w) of the images in pixels; None for the target's own.
        precision: one of `analysis.precision.PRECISIONS`.
        channels_last: keep tensors as (N, H, W, C) in memory.
        compile: run what torch.compile makes of the network.
        repeats: timed runs, after those that warm up.
        after_run: called after each timed run.
        input, in_channels, verify: as `analysis.summarize`; batch and size follow from an input that is stated.

    Raises:
        DeviceError, PrecisionError: there is no such device here, or it lacks the precision.
        BenchmarkError: the network cannot be run.
        DenseScopeError: a bad target, size or option, in one sentence.
    """
    workload = Workload(device, batch_size, image_size, precision, channels_last, compile, repeats)
    return benchmark_workload(resolve_target(target).stating(input, in_channels, verify), workload, after_run)


def benchmark_workload(
    target: Any, workload: Workload, after_run: AfterRun = nothing, *, energy: bool = True
) -> Measurement:
    """`benchmark`, with its options as one record; without `energy`, which takes seconds more, none is read."""
    require("torch", "Timing a network")
    from analysis.hardware.measure.session import measure

    return measure(target, workload, after_run, energy=energy)


def benchmark_sweep(
    target: Any, workload: Workload, batch_sizes: Iterable[int] | None = None, after_run: AfterRun = nothing
) -> Iterator[Measurement]:
    """A measurement of each batch size, as soon as it is taken; the one that exceeds the memory is the last.

    Args and errors: as `benchmark`; batch_sizes: those to take, else the workload's own and its doublings.
    """
    allowed = f"a sequence of at most {MAX_SWEPT} batch sizes"
    asked = doublings(workload.batch_size) if batch_sizes is None else batch_sizes
    for batch_size in checks.items("batch_sizes", asked, MAX_SWEPT, allowed):
        measurement = benchmark_workload(target, replace(workload, batch_size=batch_size), after_run)
        yield measurement
        if measurement.out_of_memory:
            return


def doublings(batch_size: int) -> Iterator[int]:
    """A batch size, twice that, and so on, to the largest that is allowed.

    >>> list(doublings(10_000))
    [10000, 20000, 40000]
    """
    while batch_size <= checks.MAX_BATCH_SIZE:
        yield batch_size
        batch_size *= 2


def benchmark_layers(target: Any, workload: Workload, after_run: AfterRun = nothing) -> tuple[LayerTime, ...]:
    """The time of every layer within runs of the whole network, with its FLOP/s and bytes/s.

    Functional layers such as concatenation are timed too. Taking the time costs some: the layers add up to more
    than the network takes by itself, most of all where they are short.

    Args and errors: as `benchmark`; compiled networks have no layers to time.
    """
    require("torch", "Timing layers")
    from analysis.hardware.measure.session import measure_layers

    return measure_layers(target, workload, after_run)
