"""A network in training: all that its steps change, and how that is kept."""

from __future__ import annotations

import json
from typing import Any

import torch
from accelerate import Accelerator
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor, nn

from archs import files
from archs.create import create_model
from archs.described import described_weights
from detectors import DetectorConfig, create_detector
from detectors.design import DetectorDesign
from detectors.weights import detector_weights
from training.engine import processes
from training.engine.checkpoints import Checkpoints, Stateful
from training.engine.finetune import freeze
from training.engine.looks import Position
from training.engine.optimizers import create_optimizer
from training.randomness import derived
from training.recipes import Recipe
from training.runs import Run


class Steps:
    """A network, and what changes its weights in a step.

    Args:
        network: as its training begins.
        recipe: how it is trained.
        accelerator: on what.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, accelerator: Accelerator) -> None:
        self.recipe, self.accelerator = recipe, accelerator
        #: The network itself, which others wrap.
        self.plain = network.to(accelerator.device)
        if recipe.channels_last:
            self.plain = self.plain.to(memory_format=torch.channels_last)
        freeze(self.plain, recipe)
        self.average = None
        if recipe.ema_decay:
            self.average = ModelEmaV3(self.plain, decay=recipe.ema_decay, use_warmup=True)
        if recipe.compile:
            self.plain.compile()
        #: As it computes with other processes, and in the recipe's precision.
        self.network = accelerator.prepare(self.plain)
        optimizer = create_optimizer(self.plain, recipe)
        #: In float16 it scales the loss; else Accelerate's would look for packages on the disk in every step.
        self.optimizer = accelerator.prepare(optimizer) if accelerator.scaler else optimizer


class Learner(Steps):
    """Network, optimizer, running average and position of a run."""

    def __init__(self, run: Run, accelerator: Accelerator, at: Position) -> None:
        super().__init__(create_network(run), run.recipe, accelerator)
        self.run, self.at = run, at
        self._best = Best()
        self._checkpoints = Checkpoints(run.folder, run.identity)

    def begin_epoch(self) -> None:
        """Put all that learns into training mode."""
        self.network.train()
        freeze(self.plain, self.recipe)

    @property
    def learned(self) -> nn.Module:
        """What is kept at the end: the average of the weights, where there is one."""
        return self.average.module if self.average else self.plain

    def update_average(self) -> None:
        """Let the average follow the step that was made."""
        if self.average:
            self.average.update(self.plain, step=self.at.steps_done)

    def keep_best(self, accuracy: float | None) -> None:
        """Keep the weights of an epoch in which most validation images were classified right, where there are any."""
        if accuracy is not None:
            self._best.offer(accuracy, self.learned)

    def finish(self) -> None:
        """Go back to the best epoch, if one was kept."""
        if self._best.weights:
            self.learned.load_state_dict(self._best.weights)

    def share_buffers(self) -> None:
        """Give all processes the main one's running statistics, which are those that are kept."""
        if processes.count() > 1:
            for network in (self.plain, self.learned):
                for buffer in network.buffers():
                    torch.distributed.broadcast(buffer, 0)

    def save(self) -> None:
        """Write a checkpoint. Raises: TrainingError: as `Checkpoints.save`."""
        processes.by_main(self._save)

    def _save(self) -> None:
        self._checkpoints.save(self._parts())
        self.run.update(seconds=round(self.at.seconds, 3))

    def restore(self) -> bool:
        """Go on from the last checkpoint, if there is one. Raises: TrainingError: as `Checkpoints.load`."""
        states = processes.by_main(self._load)
        if states:
            for name, part in self._parts().items():
                part.load_state_dict(states[name])
        return states is not None

    def remove_checkpoints(self) -> None:
        """Delete them: the run has finished."""
        self._checkpoints.remove()

    def _load(self) -> dict[str, Any] | None:
        states = self._checkpoints.load()
        if self._checkpoints.went_back:
            self.run.update(message="The last checkpoint was damaged; the run went on from the one before.")
        return states

    def _parts(self) -> dict[str, Stateful]:
        parts = {
            "network": self.plain,
            "optimizer": self.optimizer,
            "average": self.average and self.average.module,
            "scaler": self.accelerator.scaler,
            "position": self.at,
            "best": self._best,
        }
        return {name: part for name, part in parts.items() if part is not None}


class Best:
    """The weights that did best on validation images so far."""

    def __init__(self) -> None:
        self.accuracy = -1.0
        self.weights: dict[str, Tensor] = {}

    def offer(self, accuracy: float, network: nn.Module) -> None:
        """Take a network's weights if they are better."""
        if accuracy > self.accuracy:
            self.accuracy = accuracy
            self.weights = {name: tensor.to("cpu", copy=True) for name, tensor in network.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


def create_network(run: Run) -> nn.Module:
    """The network of a run, as its training begins."""
    return initial_network(run.design.config, run.recipe, run.weights_from)


def initial_network(config: Any, recipe: Recipe, weights: str = "") -> nn.Module:
    """A network as a recipe begins with it, or with weights of others."""
    torch.manual_seed(derived(recipe.seed))
    create = create_detector if isinstance(config, DetectorConfig) else create_model
    network = create(config, weights=weights or None)
    if recipe.initial == "xavier" and not weights:
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(module.weight)
    if recipe.sides:
        network.transform.min_size = recipe.sides  # type: ignore[union-attr]
    return network


def save_weights(network: nn.Module, run: Run) -> None:
    """Write what was learned, with config and recipe beside the tensors. Raises: OSError."""
    told = {"data": run.data, "recipe": json.dumps(run.recipe.to_json())}
    if isinstance(run.design, DetectorDesign):
        content = detector_weights(network.state_dict(), run.design, **told)
    else:
        content = described_weights(network.state_dict(), run.design.config, run.design.name, **told)
    files.write(run.weights, content)
