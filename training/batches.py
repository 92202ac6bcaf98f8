"""The batches of an epoch, in an order that follows from seed and epoch, however many processes share them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from training.data.images import Labelled
from training.forecast import steps_of_epoch
from training.randomness import generator


class Batches:
    """The part of each batch that one of several processes takes; the last batch may be smaller."""

    def __init__(self, images: Labelled, batch_size: int, seed: int, rank: int = 0, processes: int = 1) -> None:
        self.images, self.batch_size, self.seed, self.rank, self.processes = images, batch_size, seed, rank, processes

    def __len__(self) -> int:
        return steps_of_epoch(len(self.images), self.batch_size, self.processes)

    def of_epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Images (n, C, H, W) and labels (n,) from a step of an epoch on."""
        order = torch.randperm(len(self.images), generator=generator(self.seed, epoch))
        for step in range(start, len(self)):
            whole = order[step * self.batch_size : (step + 1) * self.batch_size]
            yield self.images.batch(whole[self.rank :: self.processes], epoch)
