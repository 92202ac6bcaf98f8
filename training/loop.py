"""The training loop: what happens in a step, in an epoch, and around them."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch
from accelerate import Accelerator
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from archs.create import create_model
from archs.described import described_weights
from training.augment import varied
from training.batches import Batches
from training.checkpoints import Checkpoints
from training.data.images import open_data
from training.data.registry import get_data
from training.evaluate import evaluate
from training.predictions import save_predictions
from training.randomness import derived, generator
from training.recipes import Recipe
from training.runs import Run

#: Called with a row of the log as it is written.
Report = Callable[[dict[str, Any]], object]
#: Called with the network and how many epochs it has learned, before the first and after each.
Watch = Callable[[nn.Module, int], object]
#: How precisions are called by Accelerate.
MIXED = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
#: Seconds between two reports of steps.
REPORT_SECONDS = 0.5


class Position:
    """How far a training is, and what the epoch has added up to so far."""

    def __init__(self) -> None:
        self.epoch = 0
        self.begin_epoch()

    def begin_epoch(self) -> None:
        self.step = 0
        self.loss_sum: Any = 0.0
        self.right: Any = 0.0
        self.seen = 0

    def end_epoch(self) -> None:
        self.epoch += 1
        self.begin_epoch()

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


def fit(
    run: Run,
    report: Report = lambda row: None,
    *,
    cpu: bool = False,
    save_seconds: float = 60.0,
    watch: Watch = lambda network, epochs: None,
) -> None:
    """Train a run to its end, from where it stands.

    Args:
        run: what to train, on what, how; its folder gets log, checkpoints and weights.
        report: called with every row of the log.
        cpu: not to use a GPU that is there.
        save_seconds: between two checkpoints inside an epoch; each epoch ends with one.
        watch: called with the network and how many epochs it has learned, before the first and after each.
    """
    recipe = run.recipe
    data = get_data(run.data).shown(recipe)
    accelerator = Accelerator(mixed_precision=MIXED[recipe.precision], cpu=cpu)
    images = open_data(data, recipe)
    torch.manual_seed(derived(recipe.seed))
    network = create_model(run.design.config, weights=run.weights_from or None)
    network = network.to(memory_format=torch.channels_last if recipe.channels_last else torch.contiguous_format)
    network, optimizer = accelerator.prepare(network, create_optimizer(network, recipe))
    average = ModelEmaV3(accelerator.unwrap_model(network), decay=recipe.ema_decay, use_warmup=True)
    rank, processes = accelerator.process_index, accelerator.num_processes
    batches = Batches(images.train, recipe.batch_size, recipe.seed, rank, processes)
    at, steps = Position(), len(batches)
    accelerator.register_for_checkpointing(at, average)
    checkpoints = Checkpoints(accelerator, run.folder)
    if not checkpoints.restore():
        watch(accelerator.unwrap_model(network), 0)
    reported, saved = perf_counter(), perf_counter()
    network.train()
    while at.epoch < recipe.epochs:
        for pixels, labels in batches.of_epoch(at.epoch, at.step):
            begun, now = at.epoch * steps + at.step, (recipe.seed, at.epoch, at.step, rank)
            torch.manual_seed(derived(*now))  # of dropout
            lr = recipe.lr_at(begun / (recipe.epochs * steps))
            for group in optimizer.param_groups:
                group["lr"] = lr
            seen = varied(pixels.to(accelerator.device), data, recipe, generator(*now))
            loss, right = step(network, optimizer, accelerator, seen, labels.to(accelerator.device), recipe)
            if recipe.ema_decay:
                average.update(accelerator.unwrap_model(network), step=begun)
            at.step += 1
            at.loss_sum, at.right, at.seen = at.loss_sum + loss * len(labels), at.right + right, at.seen + len(labels)
            if perf_counter() - reported > REPORT_SECONDS:
                rate = len(labels) * processes / (perf_counter() - reported)
                reported = perf_counter()
                row = {"kind": "step", "step": begun + 1, "loss": float(loss), "lr": lr, "images_per_s": rate}
                _report(run, accelerator, report, row)
            if perf_counter() - saved > save_seconds:
                checkpoints.save()
                saved = perf_counter()
        row = {
            "kind": "epoch",
            "step": (at.epoch + 1) * steps,
            "epoch": at.epoch + 1,
            "train_loss": float(at.loss_sum / at.seen),
            "train_accuracy": float(at.right / at.seen),
            **{f"test_{key}": value for key, value in evaluate(network, images.test, data, accelerator).items()},
        }
        if recipe.ema_decay:
            scores = evaluate(average.module, images.test, data, accelerator)
            row |= {f"averaged_{key}": value for key, value in scores.items()}
        at.end_epoch()
        watch(accelerator.unwrap_model(network), at.epoch)
        _report(run, accelerator, report, row)
        checkpoints.save()
        saved = perf_counter()
    if accelerator.is_main_process:
        learned = average.module if recipe.ema_decay else accelerator.unwrap_model(network)
        save_weights(learned, run)
        save_predictions(run.folder, learned, images.test, data, accelerator)


def step(
    network: nn.Module, optimizer: Any, accelerator: Accelerator, images: Tensor, labels: Tensor, recipe: Recipe
) -> tuple[Tensor, Tensor]:
    """One update of the weights; the loss, and how many images were classified right before it."""
    with accelerator.autocast():
        logits = network(images.contiguous(memory_format=torch.channels_last))
        loss = cross_entropy(logits.float(), labels, label_smoothing=recipe.label_smoothing)
    accelerator.backward(loss)
    if recipe.max_norm:
        accelerator.clip_grad_norm_(network.parameters(), recipe.max_norm)
    optimizer.step()
    optimizer.zero_grad()
    return loss.detach(), (logits.detach().argmax(1) == labels).sum()


def create_optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer of a network's weights."""
    decayed = [each for each in network.parameters() if recipe.decay_all or each.ndim > 1]
    rest = [each for each in network.parameters() if not (recipe.decay_all or each.ndim > 1)]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.SGD(
        [group for group in groups if group["params"]],
        lr=recipe.lr,
        momentum=recipe.momentum,
        dampening=recipe.dampening,
        nesterov=recipe.nesterov,
    )


def _report(run: Run, accelerator: Accelerator, report: Report, row: dict[str, Any]) -> None:
    if accelerator.is_main_process:
        run.append(row)
        report(row)


def save_weights(network: nn.Module, run: Run) -> None:
    """Write what was learned, with config and recipe beside the tensors."""
    recipe = json.dumps(run.recipe.to_json())
    content = described_weights(network.state_dict(), run.design.config, run.design.name, data=run.data, recipe=recipe)
    aside = run.weights.with_name(f".{run.weights.name}.unfinished")
    aside.write_bytes(content)
    aside.rename(run.weights)
