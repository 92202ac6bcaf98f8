"""How well a network does on images that it has not learned from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.augment import normalised
from training.data.images import Labelled
from training.data.registry import DataSet

BATCH = 500


@torch.no_grad()
def evaluate(network: nn.Module, images: Labelled, data: DataSet, accelerator: Any) -> dict[str, float]:
    """Loss of a network, and the share that it classifies right, of all images of all processes.

    It is left in training mode.
    """
    network.eval()
    sums = torch.zeros(3, dtype=torch.float64)
    rank, processes = accelerator.process_index, accelerator.num_processes
    own = torch.arange(rank, len(images), processes)
    for start in range(0, len(own), BATCH):
        logits, labels = logits_of(network, images, own[start : start + BATCH], data, accelerator)
        right = (logits.argmax(1) == labels).sum()
        loss = cross_entropy(logits.float(), labels, reduction="sum")
        sums += torch.stack((loss, right, torch.tensor(len(labels), device=right.device))).double().cpu()
    network.train()
    loss_sum, right_sum, count = accelerator.reduce(sums.to(accelerator.device), "sum").tolist()
    return {"loss": loss_sum / count, "accuracy": right_sum / count}


def logits_of(
    network: nn.Module, images: Labelled, indices: Tensor, data: DataSet, accelerator: Any
) -> tuple[Tensor, Tensor]:
    """What a network says of some images (n, classes), and their labels."""
    pixels, labels = (each.to(accelerator.device) for each in images.batch(indices))
    seen = normalised(pixels, data).contiguous(memory_format=torch.channels_last)
    with accelerator.autocast():
        return network(seen), labels
