"""How well a network does on images that it has not learned from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.data.images import Opened, Split
from training.data.registry import DataSet
from training.engine import detectors, processes
from training.engine.augment import normalised
from training.engine.batches import fetched, to_device

if TYPE_CHECKING:
    from training.engine.learner import Learner

#: What goes through a network at once without gradients: so many images, of no more pixels together.
IMAGES, PIXELS = 500, 4_000_000


def evaluated(learner: Learner, images: Split, data: DataSet, workers: int = 0) -> dict[str, float]:
    """Scores of a network in training, by what a log calls them.

    "averaged" is of the average of its weights, "validation" of those that would be kept, each where there is one.
    """
    learner.share_buffers()
    asked: dict[str, tuple[nn.Module, Opened]] = {"test": (learner.plain, images.test)}
    if learner.average:
        asked["averaged"] = learner.learned, images.test
    if images.validation:
        asked["validation"] = learner.learned, images.validation
    score: Any = detectors.evaluate if data.boxes else evaluate
    return {
        f"{what}_{key}": value
        for what, (network, shown) in asked.items()
        for key, value in score(network, shown, data, learner.accelerator, workers).items()
    }


@torch.no_grad()
def evaluate(network: nn.Module, images: Opened, data: DataSet, accelerator: Any, workers: int = 0) -> dict[str, float]:
    """Loss of a network, and the share that it classifies right, of all images, which all processes share.

    It is left in evaluation mode.
    """
    own = torch.arange(accelerator.process_index, len(images), accelerator.num_processes)
    sums = torch.zeros(2, device=accelerator.device)
    for logits, labels in classified(network, images, own, data, accelerator, workers):
        loss = cross_entropy(logits, labels, reduction="sum")
        sums += torch.stack((loss, (logits.argmax(1) == labels).sum()))
    loss_sum, right = processes.gathered(sums).double().sum(0).tolist()
    return {"loss": loss_sum / len(images), "accuracy": right / len(images)}


def classified(
    network: nn.Module, images: Opened, numbers: Tensor, data: DataSet, accelerator: Any, workers: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """What a network says of the images of some numbers, in batches (n, classes), and their labels (n,)."""
    network.eval()
    size = max(1, min(IMAGES, PIXELS // data.image_size**2))
    for batch in fetched(images, torch.split(numbers, size), workers=workers):
        pixels, labels = to_device(batch, accelerator.device)
        seen = normalised(pixels, data).contiguous(memory_format=torch.channels_last)
        with accelerator.autocast():
            logits = network(seen)
        yield logits.float(), labels
