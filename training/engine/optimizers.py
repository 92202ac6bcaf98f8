"""From the gradients of a network's weights to their next values, as a recipe says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from timm.optim._optim_factory import create_optimizer_v2
from torch import nn

from training.engine.finetune import parameter_groups
from training.recipes import Recipe

Groups = Sequence[dict[str, Any]]


def create_optimizer(network: nn.Module, recipe: Recipe, groups: Groups | None = None) -> torch.optim.Optimizer:
    """The recipe's optimizer, made by timm, whose "sgd" would be Nesterov's if nothing were said.

    Args:
        network: whose weights it changes.
        recipe: names it, and the terms that it has.
        groups: of parameters with a "weight_decay", and a "lr_scale" where their learning rate is another; None for
            those of `training.engine.finetune.parameter_groups`.
    """
    terms: dict[str, Any] = {}
    if recipe.optimizer == "sgd":
        terms = {"momentum": recipe.momentum, "dampening": recipe.dampening, "nesterov": recipe.nesterov}
    elif recipe.optimizer == "adamw":
        terms = {"betas": (0.9, recipe.beta2)}
    elif recipe.optimizer == "rmsprop":
        terms = {"momentum": recipe.momentum}
    return create_optimizer_v2(groups or parameter_groups(network, recipe), opt=recipe.optimizer, lr=recipe.lr, **terms)


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Give all groups their learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group.get("lr_scale", 1.0)
