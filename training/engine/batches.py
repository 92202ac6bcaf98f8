"""The batches of an epoch, in an order that follows from seed and epoch, however many processes share them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from archs.errors import DenseScopeError
from training.data.images import Opened
from training.engine.stopping import leave_stopping_to_main
from training.errors import TrainingError
from training.randomness import generator
from training.recipes import steps_of_epoch

#: Images and what they show: tensors, or with boxes lists.
Batch = tuple[Any, Any]


class Batches:
    """The part of each batch that one of several processes takes; the last batch may be smaller.

    Raises: TrainingError: batches or images are too few for the processes.
    """

    def __init__(
        self, images: Opened, batch_size: int, seed: int, rank: int = 0, processes: int = 1, workers: int = 0
    ) -> None:
        self.images, self.batch_size, self.seed, self.workers = images, batch_size, seed, workers
        self.rank, self.processes = rank, processes
        if min(batch_size, len(images)) < 2 * processes:
            raise TrainingError(
                f"A batch of {batch_size} of {len(images)} images gives some of {processes} processes fewer than the "
                "two images that batch norm needs: take fewer processes, a larger batch_size or more images."
            )

    def __len__(self) -> int:
        return steps_of_epoch(len(self.images), self.batch_size, self.processes)

    def size(self, step: int) -> int:
        """Images of a step of an epoch, of all processes together."""
        return min(self.batch_size, len(self.images) - step * self.batch_size)

    def of_epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Images and what they show from a step of an epoch on, as `training.data.images.Opened.batch`."""
        order = torch.randperm(len(self.images), generator=generator(self.seed, epoch))
        wholes = (order[step * self.batch_size :][: self.batch_size] for step in range(start, len(self)))
        return fetched(self.images, [whole[self.rank :: self.processes] for whole in wholes], epoch, self.workers)


def fetched(images: Opened, indices: Sequence[Tensor], epoch: int = 0, workers: int = 0) -> Iterator[Batch]:
    """The batches of images at some indices, decoded ahead by workers where there is something to decode."""
    if not images.decodes:
        return (images.batch(each, epoch) for each in indices)
    loader = DataLoader(
        _ByIndices(images, epoch),
        sampler=indices,  # whose items are those of a batch
        batch_size=None,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=leave_stopping_to_main,
        generator=torch.Generator(),  # else it would draw from the one that all share
    )
    return map(_taken, iter(loader))


class _ByIndices(Dataset[Any]):
    """What a DataLoader asks item by item, asked batch by batch."""

    def __init__(self, images: Opened, epoch: int) -> None:
        self.images, self.epoch = images, epoch

    def __getitem__(self, indices: Tensor) -> Batch | DenseScopeError:
        """A batch, or what is wrong with it: raised in a worker, it would come with the worker's traceback."""
        try:
            return self.images.batch(indices, self.epoch)
        except DenseScopeError as error:
            return error


def _taken(found: Batch | DenseScopeError) -> Batch:
    if isinstance(found, DenseScopeError):
        raise found
    return found


def to_device(batch: Any, device: torch.device) -> Any:
    """A batch on the device that computes, on its way there while that still computes with the last."""
    if isinstance(batch, Tensor):
        return (batch.pin_memory() if device.type == "cuda" else batch).to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {key: to_device(value, device) for key, value in batch.items()}
    return type(batch)(to_device(each, device) for each in batch)
