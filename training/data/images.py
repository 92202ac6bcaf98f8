"""Images, opened: those of small data sets lie in memory, those of folders are decoded as they are taken."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from archs.kept import users_folder
from training.data.registry import DataError, DataSet, Progress
from training.data.sizes import Sizes
from training.randomness import generator
from training.recipes import Recipe


class Opened(Protocol):
    """Images with what they show, whatever they lie in."""

    #: Whether a batch is decoded from files, which takes long enough to do it ahead.
    @property
    def decodes(self) -> bool: ...

    def __len__(self) -> int: ...

    def batch(self, indices: Sequence[int] | Tensor, epoch: int = 0) -> tuple[Any, Any]:
        """Bytes of images (n, C, H, W) and labels (n,), as they are in an epoch; or, with boxes, as `boxed.Boxed`."""


class Images:
    """Images (N, C, H, W) of bytes with labels (N,), all in memory; a batch is taken by its indices at once."""

    decodes = False

    def __init__(self, pixels: Tensor, labels: Tensor) -> None:
        self.pixels, self.labels = pixels, labels

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Sequence[int] | Tensor, epoch: int = 0) -> tuple[Tensor, Tensor]:
        """Images (n, C, H, W) and labels (n,)."""
        chosen = torch.as_tensor(indices)
        return self.pixels[chosen], self.labels[chosen]

    def sized(self, chosen: Tensor, sizes: Sizes, epoch: int) -> Tensor:
        """Images (n, C, side, side) as the recipe shows them."""
        return sizes.of_batch(self.pixels[chosen], chosen, epoch)


class Source(Protocol):
    """What images are taken from: `Images`, or `training.data.folder.Files`."""

    labels: Tensor
    decodes: bool

    def __len__(self) -> int: ...

    def sized(self, chosen: Tensor, sizes: Sizes, epoch: int) -> Tensor:
        """Images (n, C, side, side) as the recipe shows them."""


class Shown:
    """Some images of a source, in the size that a recipe gives them and cut as it says."""

    def __init__(self, source: Source, sizes: Sizes, which: Tensor | None = None) -> None:
        self.source, self.sizes = source, sizes
        self.which = torch.arange(len(source.labels)) if which is None else which
        self.labels, self.decodes = source.labels[self.which], source.decodes

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Sequence[int] | Tensor, epoch: int = 0) -> tuple[Tensor, Tensor]:
        """Bytes of images (n, C, side, side) and labels (n,); how they are cut follows from seed, epoch and index."""
        chosen = torch.as_tensor(indices)
        return self.source.sized(self.which[chosen], self.sizes, epoch), self.labels[chosen]

    def part(self, indices: Sequence[int] | Tensor) -> Shown:
        """Some of these images."""
        return Shown(self.source, self.sizes, self.which[torch.as_tensor(indices)])


class Sources(NamedTuple):
    """What a reader gives: what networks learn from, and what they are tested on; each a `Source`, or with boxes
    what takes images and targets by their numbers.
    """

    train: Any
    test: Any


class Split(NamedTuple):
    """What networks learn from, what they are tested on, and by what the best epoch is picked, if the recipe does."""

    train: Any
    test: Any
    validation: Shown | None = None


def data_folder() -> Path:
    """Where data sets lie that were downloaded, beside results and runs."""
    return users_folder() / "data"


def open_data(
    data: DataSet,
    recipe: Recipe,
    folder: Path | None = None,
    progress: Progress = lambda name, done, total: None,
) -> Split:
    """The images of a data set as a recipe shows them, fetched if need be.

    Args:
        data: what to open.
        recipe: says their size, how they are cut, and how many training images are kept for validation.
        folder: where downloaded data sets lie; None for `data_folder()`.
        progress: called as bytes come, if they have to be fetched.

    Raises:
        DataError: they are not there and cannot be fetched, or are damaged; it says what to put where.
        ConfigError: the recipe asks for what the images don't have.
    """
    data.check(recipe)
    module, _, function = data.reader.partition(":")
    found: Sources = getattr(import_module(module), function)(data, folder or data_folder(), progress)
    for source, count in zip(found, (data.train_images, data.test_images), strict=True):
        if len(source) != count:
            raise DataError(f"{data.title} has {count:,} images there, but {len(source):,} were found.")
    if data.boxes:
        from training.data.boxed import Boxed

        return Split(Boxed(found.train, recipe), Boxed(found.test))
    side = data.side(recipe)
    learned, tested = Sizes(recipe, side, training=True), Sizes(recipe, side, training=False)
    train, test = Shown(found.train, learned), Shown(found.test, tested)
    if not recipe.validation:
        return Split(train, test)
    order = torch.randperm(len(train), generator=generator(recipe.seed, VALIDATION))
    kept, learned_from = order[: recipe.validation].sort().values, order[recipe.validation :].sort().values
    return Split(train.part(learned_from), test, Shown(found.train, tested, kept))


#: Beside the seed: no epoch has this number.
VALIDATION = -1
