"""What training does with detectors: images of sizes of their own, of which each shows things in boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from archs.errors import MissingPackageError, require
from training.data.boxed import Target
from training.data.images import Opened
from training.data.registry import DataSet
from training.engine import processes
from training.engine.batches import fetched, to_device
from training.recipes import Recipe

#: So many images go through a detector at once without gradients.
IMAGES = 8


def seen(images: list[Tensor]) -> list[Tensor]:
    """Bytes of images (3, H, W) as detectors of torchvision want them, who resize and normalise them themselves."""
    return [image.float() / 255 for image in images]


def parts(
    images: list[Tensor], targets: list[Target], count: int, recipe: Recipe
) -> Iterator[tuple[list[Tensor], list[Target]]]:
    """The images in so many parts, each with its targets."""
    for numbers in torch.arange(len(images)).tensor_split(count):
        yield [images[number] for number in numbers], [targets[number] for number in numbers]


def losses(
    network: nn.Module,
    images: list[Tensor],
    targets: list[Target],
    recipe: Recipe,
    autocast: Callable[[], AbstractContextManager[object]],
) -> tuple[Tensor, Tensor]:
    """The detector's losses, added up and once for each image, and beside it the same without a gradient: (1,).

    A detector divides its losses by the images that it is given, or by their boxes.
    """
    with autocast():
        told: dict[str, Tensor] = network(images, targets)
    loss = torch.stack([each.float() for each in told.values()]).sum() * len(images)
    return loss, loss.detach().reshape(1)


def missing() -> str:
    """Why average precision cannot be computed here; empty where it can."""
    try:
        _metric()
    except MissingPackageError as error:
        return str(error)
    return ""


def _metric() -> Any:
    for package in ("torchmetrics", "pycocotools"):
        require(package, "Average precision, without which a detector can be trained all the same,")
    from torchmetrics.detection import MeanAveragePrecision

    metric = MeanAveragePrecision(sync_on_compute=False)
    metric.warn_on_many_detections = False
    return metric


@torch.no_grad()
def evaluate(network: nn.Module, images: Opened, data: DataSet, accelerator: Any, workers: int = 0) -> dict[str, float]:
    """Average precision of a detector over all images, which all processes share: "ap" as COCO counts it, the mean over
    overlaps from 0.5 to 0.95, and "ap50" at an overlap of 0.5; nothing where the packages for it are missing.

    It is left in evaluation mode.
    """
    network.eval()
    if missing():
        return {}
    own = torch.arange(accelerator.process_index, len(images), accelerator.num_processes)
    batches = torch.split(own, IMAGES)
    found: list[tuple[int, dict[str, Tensor], Target]] = []
    for numbers, batch in zip(batches, fetched(images, batches, workers=workers), strict=True):
        pixels, targets = to_device(batch, accelerator.device)
        with accelerator.autocast():
            said = network(seen(pixels))
        for number, one, target in zip(numbers.tolist(), said, targets, strict=True):
            found.append((number, *({key: value.cpu() for key, value in each.items()} for each in (one, target))))
    everything = sorted(processes.collected(found), key=lambda each: each[0])
    return processes.by_main(lambda: average_precision([each[1:] for each in everything]))


def average_precision(found: list[tuple[dict[str, Tensor], Target]]) -> dict[str, float]:
    """Of what a detector says of images, "boxes", "scores" and "labels", and of what they show; as `evaluate`."""
    metric = _metric()
    said, targets = ([dict(each) for each in some] for some in zip(*found, strict=True))
    for each in said:
        each["scores"], each["boxes"] = each["scores"].float(), each["boxes"].float()
    metric.update(said, targets)
    counted = metric.compute()
    scores = {"ap": float(counted["map"]), "ap50": float(counted["map_50"])}
    return {key: value for key, value in scores.items() if value >= 0}  # -1 where no image shows anything
