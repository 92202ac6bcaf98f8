"""Claim: DenseScope's training loop is as fast as a bare one in PyTorch: what makes runs survive costs nothing.

Run `python -m benchmarks.training [TURNS]`; both loops take turns in one process on one thread, with the same network,
images and augmentation. The bare one neither reports nor keeps anything. Medians of CPU time are compared, which other
work on the machine disturbs least.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import torch
from torch.nn.functional import cross_entropy

import archs
from benchmarks.timing import describe_machine
from training.data import get_data
from training.data.images import Images
from training.engine.accelerator import Reporter, create_accelerator
from training.engine.augment import varied
from training.engine.batches import Batches
from training.engine.finetune import parameter_groups
from training.engine.learner import Learner, create_network
from training.engine.looks import Looks, Position
from training.engine.loop import learn_epoch
from training.engine.stopping import Stopping
from training.randomness import generator
from training.recipes import Recipe, get_recipe
from training.runs import Run
from training.train import prepare

#: Names of networks, their batch, and the steps of a turn.
NETWORKS = {"densenetbc40_k12": (64, 3), "vovnet27_slim": (64, 8), "peleenet": (64, 10)}
DATA = "fashion"


def images_of(steps: int, recipe: Recipe) -> Images:
    """As many random images as a turn needs; what they show changes no time."""
    data, random = get_data(DATA), generator(0)
    shape = (steps * recipe.batch_size, data.channels, recipe.image_size, recipe.image_size)
    pixels = torch.randint(256, shape, dtype=torch.uint8, generator=random)
    return Images(pixels, torch.randint(10, shape[:1], generator=random))


def bare_loop(run: Run, images: Images) -> Callable[[], None]:
    """An epoch of the loop that every tutorial has."""
    recipe, data = run.recipe, get_data(run.data).shown(run.recipe)
    network = create_network(run).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(parameter_groups(network, recipe), lr=recipe.lr, momentum=0.9, nesterov=True)
    random = generator(0)

    def epoch() -> None:
        for indices in torch.randperm(len(images), generator=random).split(recipe.batch_size):
            pixels, labels = images.batch(indices)
            seen = varied(pixels, data, recipe, random).contiguous(memory_format=torch.channels_last)
            loss = cross_entropy(network(seen), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()

    return epoch


def our_loop(run: Run, images: Images) -> Callable[[], None]:
    """An epoch of ours, with its looks and its log."""
    recipe, data = run.recipe, get_data(run.data).shown(run.recipe)
    accelerator = create_accelerator(recipe, run, cpu=True)
    batches = Batches(images, recipe.batch_size, recipe.seed)
    at = Position(len(batches), recipe.epochs)
    learner, looks = Learner(run, accelerator, at), Looks(at, Stopping(), save_seconds=1e9, save_every=None)
    log = Reporter(run, lambda row: None, accelerator)

    def epoch() -> None:
        at.begin_epoch()
        learn_epoch(learner, batches, data, looks, log)

    return epoch


def seconds_of(epoch: Callable[[], None]) -> float:
    """CPU time of an epoch."""
    began = process_time()
    epoch()
    return process_time() - began


def main() -> None:
    turns = int((sys.argv[1:] or ["15"])[0])
    torch.set_num_threads(1)
    print(f"{describe_machine('torch', 'accelerate')}, one thread, CPU time, median of {turns} turns")
    for name, (batch_size, steps) in NETWORKS.items():
        recipe = get_recipe("digits", image_size=32, batch_size=batch_size, shift=2, flip=0.5)
        with TemporaryDirectory() as folder:
            os.environ["DENSESCOPE_DATA"] = folder
            run = prepare(archs.get_config(name), DATA, recipe)
            images = images_of(steps, recipe)
            bare, ours = bare_loop(run, images), our_loop(run, images)
            seconds_of(bare), seconds_of(ours)
            pairs = [(seconds_of(bare), seconds_of(ours)) for _ in range(turns)]
        step_ms = 1000 * median(own for _, own in pairs) / steps
        ratio = median(theirs / own for theirs, own in pairs)
        print(
            f"  {name:<20} batch {batch_size}, {step_ms:9.1f} ms a step   ×{ratio:.3f} the throughput of the bare loop"
        )


if __name__ == "__main__":
    main()
