"""What a step of training does with classifiers: images (n, C, H, W), of which each shows one class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.recipes import Recipe


def parts(images: Tensor, labels: Tensor, count: int, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor]]:
    """The images in so many parts, each with its labels (n,) or shares of the classes (n, classes)."""
    if recipe.channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    return zip(images.tensor_split(count), labels.tensor_split(count), strict=True)


def losses(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    recipe: Recipe,
    autocast: Callable[[], AbstractContextManager[object]],
) -> tuple[Tensor, Tensor]:
    """The sum of the losses of images, and beside it, without a gradient, how many are classified right: (2,)."""
    with autocast():
        logits = network(images)
    loss = cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing, reduction="sum")
    most = labels if labels.ndim == 1 else labels.argmax(1)  # of images that were blended
    return loss, torch.stack((loss.detach(), (logits.detach().argmax(1) == most).sum()))
