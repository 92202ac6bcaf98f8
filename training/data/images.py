"""Labelled images, opened: those of small data sets lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from archs.kept import users_folder
from training.data.registry import DataSet


class Images(torch.utils.data.Dataset[Any]):
    """Images (N, C, H, W) of bytes with labels (N,), all in memory; a batch is taken by its indices at once."""

    def __init__(self, pixels: Tensor, labels: Tensor) -> None:
        self.pixels, self.labels = pixels, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.pixels[index], self.labels[index]

    def batch(self, indices: Sequence[int] | Tensor) -> tuple[Tensor, Tensor]:
        """Images (n, C, H, W) and labels (n,)."""
        chosen = torch.as_tensor(indices)
        return self.pixels[chosen], self.labels[chosen]


class Split(NamedTuple):
    """What networks learn from, and what they are tested on."""

    train: Images
    test: Images


def data_folder() -> Path:
    """Where data sets lie that were downloaded, beside results and runs."""
    return users_folder() / "data"


def open_data(data: DataSet, folder: Path | None = None) -> Split:
    """The images of a data set.

    Raises: DataError: they are not there and cannot be fetched, or are damaged; it says what to put where.
    """
    module, _, function = data.reader.partition(":")
    return getattr(import_module(module), function)(folder or data_folder())
