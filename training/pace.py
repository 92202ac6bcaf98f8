"""How fast a training goes on this machine: a few of its steps, made on a copy that is thrown away."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from statistics import median
from typing import NamedTuple

import torch
from torch.nn.functional import cross_entropy

from analysis.hardware.measure.benchmark import nothing
from analysis.hardware.measure.processors import Processor, find_processor
from archs.create import create_model
from training.augment import varied
from training.data.registry import get_data
from training.finetune import freeze
from training.optimizers import create_optimizer
from training.randomness import derived, generator
from training.runs import Run
from training.train import Settings

#: Seconds after which no more steps are made: the first, which prepares what others reuse, then has to do.
ENOUGH_SECONDS = 10.0


class Pace(NamedTuple):
    """What a device of this machine is called and can hold, and what steps and tests take on it."""

    device: str
    #: Bytes that can still be had; None where nobody tells.
    free_bytes: int | None
    #: Median of some steps; None where they did not fit.
    step_seconds: float | None = None
    steps: int = 0
    #: Of the network, on each test image.
    test_seconds: float | None = None


def measure(asked: Settings | Run, needed_bytes: int, *, cpu: bool, steps: int) -> Pace:
    """Make some steps of a training with random images, unless they need more memory than there is."""
    on_gpu = torch.cuda.is_available() and not cpu
    processor = find_processor("cuda" if on_gpu else "cpu", "float32")
    pace = Pace(processor.machine().device_name, processor.free_memory())
    if steps < 1 or (pace.free_bytes is not None and needed_bytes > pace.free_bytes):
        return pace
    with torch.random.fork_rng(), suppress(torch.OutOfMemoryError):
        torch.manual_seed(derived(asked.recipe.seed))
        pace = _measured(asked, processor, pace, steps)
    processor.release_memory()
    return pace


def _measured(asked: Settings | Run, processor: Processor, pace: Pace, steps: int) -> Pace:
    step, test = _runs(asked, processor.torch_device)
    time = partial(processor.times, repeats=1, after_run=nothing)
    first = time(step)
    times: tuple[float, ...] = ()
    while sum(first + times) < ENOUGH_SECONDS and len(times) < steps:
        times += time(step)
    tested = time(test)[0] / asked.recipe.batch_size
    return pace._replace(step_seconds=median(times or first), steps=len(times) or 1, test_seconds=tested)


def _runs(asked: Settings | Run, device: torch.device) -> tuple[Callable[[], None], Callable[[], None]]:
    """A step of the training, and what a network says of as many images in a test."""
    recipe, data, random = asked.recipe, get_data(asked.data).shown(asked.recipe), generator(asked.recipe.seed)
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    network = create_model(asked.design.config).to(device=device, memory_format=layout)  # type: ignore[call-overload]
    freeze(network, recipe.freeze)
    optimizer = create_optimizer(network, recipe)
    shape = (recipe.batch_size, data.channels, data.image_size, data.image_size)
    pixels = torch.randint(256, shape, dtype=torch.uint8, generator=random)
    labels = torch.randint(len(data.classes), shape[:1], generator=random).to(device)
    autocast = partial(
        torch.autocast,
        device.type,
        dtype=torch.bfloat16 if recipe.precision == "bfloat16" else torch.float16,
        enabled=recipe.precision != "float32",
    )

    def step() -> None:
        seen = varied(pixels.to(device), data, recipe, random).contiguous(memory_format=layout)
        for images, truth in zip(seen.chunk(recipe.accumulate), labels.chunk(recipe.accumulate), strict=True):
            with autocast():
                loss = cross_entropy(network(images).float(), truth)
            loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    @torch.no_grad()
    def test() -> None:
        network.eval()
        seen = varied(pixels.to(device), data, recipe, random).contiguous(memory_format=layout)
        with autocast():
            network(seen)

    return step, test
