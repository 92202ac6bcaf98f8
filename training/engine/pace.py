"""How fast a training goes on this machine: a few of its steps, made on a copy that is thrown away."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from analysis.hardware.measure.benchmark import nothing
from analysis.hardware.measure.processors import Processor, find_processor
from archs.create import create_model
from training.data.registry import get_data
from training.engine.augment import varied
from training.engine.finetune import freeze
from training.engine.optimizers import create_optimizer
from training.randomness import derived, generator
from training.runs import Run

if TYPE_CHECKING:
    from training.train import Settings

#: Images of a first step, which prepares what others reuse and tells how long they will take.
FEW = 16
#: A step that would take more seconds is not made: a step of a few images tells, in proportion.
ENOUGH_SECONDS = 5.0


class Pace(NamedTuple):
    """What a device of this machine is called and can hold, and what steps and tests take on it."""

    device: str
    #: Bytes that can still be had; None where nobody tells.
    free_bytes: int | None
    #: Of a step of the whole batch: median of some; None where they did not fit.
    step_seconds: float | None = None
    steps: int = 0
    #: Images of the steps that were made.
    images: int = 0
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
    batch = asked.recipe.batch_size
    few = min(FEW, batch)

    def seconds(run: Callable[[int], None], images: int, repeats: int = 1) -> float:
        return median(processor.times(partial(run, images), repeats, nothing))

    taken = seconds(step, few)
    if taken < ENOUGH_SECONDS:  # it has prepared a lot
        taken = seconds(step, few)
    if taken * batch / few < ENOUGH_SECONDS:
        pace = pace._replace(step_seconds=seconds(step, batch, steps), steps=steps, images=batch)
    else:
        pace = pace._replace(step_seconds=taken * batch / few, steps=1, images=few)
    return pace._replace(test_seconds=seconds(test, pace.images) / pace.images)


def _runs(asked: Settings | Run, device: torch.device) -> tuple[Callable[[int], None], Callable[[int], None]]:
    """A step of the training with so many images, and what a network says of as many in a test."""
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

    def seen(count: int) -> Tensor:
        return varied(pixels[:count].to(device), data, recipe, random).contiguous(memory_format=layout)

    def step(count: int) -> None:
        parts = max(1, min(recipe.accumulate, count // 2))
        for images, truth in zip(seen(count).tensor_split(parts), labels[:count].tensor_split(parts), strict=True):
            with autocast():
                loss = cross_entropy(network(images).float(), truth)
            loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    @torch.no_grad()
    def test(count: int) -> None:
        network.eval()
        with autocast():
            network(seen(count))

    return step, test
