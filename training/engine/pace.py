"""How fast a training goes on this machine: a few of its steps, made on a copy that is thrown away."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import torch

from analysis.hardware.measure.benchmark import nothing
from analysis.hardware.measure.processors import Processor, find_processor
from archs import checks
from training.data.registry import DataSet, get_data
from training.engine import detectors, loop
from training.engine.accelerator import create_accelerator
from training.engine.augment import normalised
from training.engine.batches import Batch, to_device
from training.engine.finetune import freeze
from training.engine.learner import Steps, initial_network
from training.randomness import derived, generator
from training.runs import Run

if TYPE_CHECKING:
    from training.train import Settings

#: Images of a first step, which prepares what others reuse and tells how long they will take.
FEW = 16
#: A step that would take more seconds is not made: a step of a few images tells, in proportion.
ENOUGH_SECONDS = 5.0
#: Of an image of noise; those of COCO show 7 on average.
BOXES = 7


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
        pace = _measured(asked, processor, pace, steps, cpu)
    processor.release_memory()
    return pace


def _measured(asked: Settings | Run, processor: Processor, pace: Pace, steps: int, cpu: bool) -> Pace:
    step, test = _runs(asked, cpu)
    batch = asked.recipe.batch_size
    few = min(FEW, batch)

    def seconds(run: Callable[[int], object], images: int, repeats: int = 1) -> float:
        return median(processor.times(partial(run, images), repeats, nothing))

    taken = seconds(step, few)
    if taken < ENOUGH_SECONDS:  # it has prepared a lot
        taken = seconds(step, few)
    if taken * batch / few < ENOUGH_SECONDS:
        pace = pace._replace(step_seconds=seconds(step, batch, steps), steps=steps, images=batch)
    else:
        pace = pace._replace(step_seconds=taken * batch / few, steps=1, images=few)
    return pace._replace(test_seconds=seconds(test, pace.images) / pace.images)


def _runs(asked: Settings | Run, cpu: bool) -> tuple[Callable[[int], object], Callable[[int], object]]:
    """A step of the training with so many images, and what a network says of as many in a test."""
    recipe, data, random = asked.recipe, get_data(asked.data).shown(asked.recipe), generator(asked.recipe.seed)
    accelerator = create_accelerator(recipe, cpu=cpu)
    learner = Steps(initial_network(asked.design.config, recipe), recipe, accelerator)
    batch = _images(asked, data, random)
    learner.plain.train()
    freeze(learner.plain, recipe)

    def some(count: int) -> Batch:
        return to_device((batch[0][:count], batch[1][:count]), accelerator.device)

    def step(count: int) -> object:
        return loop.step(learner, *loop.seen(some(count), data, recipe, random), count)

    @torch.no_grad()
    def test(count: int) -> None:
        learner.plain.eval()
        pixels, _ = some(count)
        with accelerator.autocast():
            learner.plain(detectors.seen(pixels) if data.boxes else normalised(pixels, data))

    return step, test


def _images(asked: Settings | Run, data: DataSet, random: torch.Generator) -> Batch:
    """A batch of noise, and classes by chance; or images of a detector's size, with boxes."""
    count, classes = asked.recipe.batch_size, len(data.classes)
    if not data.boxes:
        shape = (count, data.channels, data.image_size, data.image_size)
        pixels = torch.randint(256, shape, dtype=torch.uint8, generator=random)
        return pixels, torch.randint(classes, (count,), generator=random)
    height, width = checks.image_size(asked.design.config.image_size)
    whole = torch.randint(256, (3, height, width), dtype=torch.uint8, generator=random)
    targets = []
    for _ in range(count):
        corners = torch.rand(BOXES, 2, 2, generator=random).sort(1).values
        boxes = (corners * torch.tensor((width - 2, height - 2)) + torch.tensor(((0, 0), (2, 2)))).flatten(1)
        targets.append({"boxes": boxes, "labels": torch.randint(1, classes + 1, (BOXES,), generator=random)})
    return [whole] * count, targets
