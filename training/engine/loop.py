"""The training loop: what happens in a step, in an epoch, and around them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from training.data.images import Opened, Split, open_data
from training.data.registry import DataSet, get_data
from training.engine import classifiers, detectors, processes
from training.engine.accelerator import Reporter, create_accelerator, described
from training.engine.augment import blended, varied
from training.engine.batches import Batch, Batches, to_device
from training.engine.evaluate import evaluated
from training.engine.learner import Learner, Steps, save_weights
from training.engine.looks import Looks, Position
from training.engine.optimizers import set_lr
from training.engine.predictions import save_predictions
from training.engine.stopping import Stopping
from training.randomness import derived, generator, seed_layers
from training.recipes import Recipe
from training.runs import Run
from training.runs.log import Row

#: Called with a row of the log as it is written.
Report = Callable[[Row], object]
#: Called with the network and how many epochs it has learned, before the first and after each.
Watch = Callable[[nn.Module, int], object]


def fit(
    run: Run,
    report: Report = lambda row: None,
    *,
    cpu: bool = False,
    workers: int = 0,
    save_seconds: float = 60.0,
    save_every: int | None = None,
    tracker: str | None = None,
    watch: Watch = lambda network, epochs: None,
    images: Split | None = None,
) -> None:
    """Train a run to its end, from where it stands; every process that trains it calls this.

    Args:
        run: what to train, on what, how; its folder gets log, checkpoints and weights.
        report: called with every row of the log.
        cpu: not to use a GPU that is there.
        workers: processes that decode images ahead, where images are files.
        save_seconds: between two checkpoints inside an epoch; each epoch ends with one.
        save_every: steps of an epoch after which there is one besides.
        tracker: what else keeps the numbers, as Accelerate calls it.
        watch: called with the network and how many epochs it has learned, before the first and after each.
        images: to learn from and to be tested on; None: those of the run's data set.

    Raises:
        KeyboardInterrupt: it was asked to stop, and has kept where it stands.
        TrainingError, MissingPackageError, UnknownNameError: it cannot begin, or go on.
    """
    recipe = run.recipe
    data = get_data(run.data).shown(recipe)
    accelerator = create_accelerator(recipe, run, cpu=cpu, tracker=tracker)
    log = Reporter(run, report, accelerator)
    log.record(**described(accelerator))
    images = images or processes.main_first(lambda: open_data(data, recipe))
    share = accelerator.process_index, accelerator.num_processes
    batches = Batches(images.train, recipe.batch_size, recipe.seed, *share, workers)
    at = Position(len(batches), recipe.epochs, classifies=not data.boxes)
    learner = Learner(run, accelerator, at)
    if not learner.restore():
        watch(learner.plain, 0)

    with Stopping() as stopping:
        looks = Looks(at, stopping, save_seconds, save_every)
        while at.epoch < recipe.epochs:
            learn_epoch(learner, batches, data, looks, log)
            began = perf_counter()
            scores = evaluated(learner, images, data, workers)
            row = at.end_epoch(perf_counter() - began)
            watch(learner.plain, at.epoch)
            log("epoch", at.steps_done, **row, **scores)
            learner.keep_best(scores.get("validation_accuracy"))
            learner.save()
            looks.has_saved()
    processes.by_main(lambda: finish(learner, images.test, data))


def learn_epoch(learner: Learner, batches: Batches, data: DataSet, looks: Looks, log: Reporter) -> None:
    """The steps of an epoch, from where it stands. Raises: KeyboardInterrupt, TrainingError: as `fit`."""
    recipe, accelerator, at = learner.run.recipe, learner.accelerator, learner.at
    learner.begin_epoch()
    looks.begin()
    for batch in batches.of_epoch(at.epoch, at.step):
        now = recipe.seed, at.epoch, at.step, accelerator.process_index  # all that is random follows from this
        seed_layers(derived(*now), accelerator.device)
        images, labels = seen(to_device(batch, accelerator.device), data, recipe, generator(*now))
        at.lr = recipe.lr_at(at.progress) * recipe.warmed(at.steps_done)
        set_lr(learner.optimizer, at.lr)
        whole = batches.size(at.step)
        result = step(learner, images, labels, whole)
        at.step += 1
        learner.update_average()
        looks.add(result, whole)
        if looks.due:
            look = looks.look()
            log("step", at.steps_done, loss=look.loss, lr=at.lr, images_per_s=look.images_per_s)
            if look.save or look.stop:
                learner.save()
                looks.has_saved()
            if look.stop:
                raise KeyboardInterrupt


def seen(batch: Batch, data: DataSet, recipe: Recipe, random: torch.Generator) -> Batch:
    """What a network sees in training of bytes (n, C, H, W) with labels (n,), and what it shall say of it.

    Images with boxes were varied as they were decoded.
    """
    pixels, labels = batch
    if data.boxes:
        return detectors.seen(pixels), labels
    return blended(varied(pixels, data, recipe, random), labels, len(data.classes), recipe, random)


def finish(learner: Learner, tests: Opened, data: DataSet) -> None:
    """Keep what was learned, and last of all the weights: a run that has them has finished."""
    learner.finish()
    with learner.run.writing():
        if not data.boxes:
            save_predictions(learner.run.folder, learner.learned, tests, data, learner.accelerator)
        save_weights(learner.learned, learner.run)
    learner.remove_checkpoints()


def step(learner: Steps, images: Any, truths: Any, whole: int) -> Tensor:
    """One update of the weights by this process's share of a batch.

    Its images go through the network in parts, whose gradients add up to that of the whole batch.

    Args:
        learner: the network, and what changes it.
        images: as the network sees them: (n, C, H, W), or a list of (3, H, W) with boxes.
        truths: labels (n,), or shares of the classes (n, classes); or a list of targets.
        whole: images of all processes together.

    Returns:
        The sum of the losses of images, and of classifiers how many were right before the step: (1,) or (2,), on the
        device.
    """
    recipe, accelerator, network = learner.recipe, learner.accelerator, learner.network
    task: Any = detectors if isinstance(images, list) else classifiers
    count = max(1, min(recipe.accumulate, len(truths) // 2))  # batch norm learns nothing of a single image
    results = []
    for part, (own, truth) in enumerate(task.parts(images, truths, count, recipe), 1):
        with accelerator.no_sync(network) if part < count else nullcontext():
            loss, result = task.losses(network, own, truth, recipe, accelerator.autocast)
            accelerator.backward(loss * (processes.count() / whole))  # gradients of processes are averaged
        results.append(result)
    if recipe.max_norm:
        accelerator.clip_grad_norm_(network.parameters(), recipe.max_norm)
    learner.optimizer.step()
    learner.optimizer.zero_grad()
    return torch.stack(results).sum(0)
