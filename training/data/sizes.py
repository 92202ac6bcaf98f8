"""How images come to the side that a recipe wants: resized whole, or cut at random, each by a draw of its own."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any, NamedTuple

import torch
from torch import Tensor

from training.randomness import derived, generator
from training.recipes import Recipe


class Box(NamedTuple):
    """A part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


class Sizes(NamedTuple):
    """What a recipe does to the size of images, in training or in tests; a batch on its way, or an image of Pillow."""

    recipe: Recipe
    side: int
    training: bool

    def of_batch(self, images: Tensor, indices: Tensor, epoch: int) -> Tensor:
        """Images (n, C, H, W) of bytes to (n, C, side, side); where they are cut follows from their indices."""
        if self.training and self.recipe.crop_area:
            found = [self.of_image(each, int(index), epoch) for each, index in zip(images, indices, strict=True)]
            return torch.stack(found) if found else images.new_empty(0, images.shape[1], self.side, self.side)
        whole = images if self.keeps(*images.shape[2:]) else self._whole(images)
        if self.training and self.recipe.alternate_flip:
            turned = torch.tensor([self._mirrored(int(index), epoch) for index in indices], dtype=torch.bool)
            whole = torch.where(turned.view(-1, 1, 1, 1), whole.flip(-1), whole)
        return whole

    def of_image(self, image: Any, index: int, epoch: int) -> Any:
        """An image (C, H, W), or one of Pillow, to the side of the recipe."""
        from torchvision.transforms.v2 import functional

        if self.training and self.recipe.crop_area:
            height, width = functional.get_size(image)
            box = random_box(height, width, self.recipe, generator(self.recipe.seed, epoch, index))
            found = functional.resized_crop(image, *box, [self.side, self.side], antialias=True)
        else:
            found = self._whole(image)
        turned = self.training and self.recipe.alternate_flip and self._mirrored(index, epoch)
        return functional.horizontal_flip(found) if turned else found

    def keeps(self, height: int, width: int) -> bool:
        """Whether an image of that size stays as it is when it is shown whole."""
        return height == width == self.side and (self.training or (self.recipe.test_resize or self.side) == self.side)

    def _whole(self, images: Any) -> Any:
        """Resized by the shorter side, and the middle of that."""
        from torchvision.transforms.v2 import functional

        shorter = self.side if self.training else self.recipe.test_resize or self.side
        return functional.center_crop(functional.resize(images, [shorter], antialias=True), [self.side, self.side])

    def _mirrored(self, index: int, epoch: int) -> bool:
        """Whether an image is mirrored in an epoch: a coin's first fall, then every second epoch.

        Source: KellerJordan/cifar10-airbench@f1c599c4.
        """
        return (derived(self.recipe.seed, index) + epoch) % 2 == 1


def random_box(height: int, width: int, recipe: Recipe, random: torch.Generator) -> Box:
    """A part of an image whose area and shape are drawn from what the recipe allows; the middle where none fits.

    Source: Szegedy et al., arXiv:1409.4842, section 6; torchvision's RandomResizedCrop, which draws alike.
    """
    least, most = map(log, recipe.crop_ratio)
    for _ in range(10):
        of_area, of_ratio, of_top, of_left = torch.rand(4, generator=random, dtype=torch.float64).tolist()
        low, high = recipe.crop_area
        area = height * width * (low + (high - low) * of_area)
        ratio = exp(least + (most - least) * of_ratio)
        w, h = round(sqrt(area * ratio)), round(sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return Box(int(of_top * (height - h + 1)), int(of_left * (width - w + 1)), h, w)
    low, high = recipe.crop_ratio
    ratio = min(max(width / height, low), high)
    w, h = min(width, max(1, round(height * ratio))), min(height, max(1, round(width / ratio)))
    return Box((height - h) // 2, (width - w) // 2, h, w)
