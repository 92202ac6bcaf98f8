"""From the bytes of images to what a network sees: normalised and, in training, varied at random."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from training.data.registry import DataSet
from training.recipes import Recipe


def normalised(images: Tensor, data: DataSet) -> Tensor:
    """Images (N, C, H, W) of bytes as floats with mean 0 and standard deviation 1 of each channel."""
    mean, std = (torch.tensor(values, device=images.device).view(-1, 1, 1) for values in (data.mean, data.std))
    return (images.float() / 255 - mean) / std


def varied(images: Tensor, recipe: Recipe, random: torch.Generator) -> Tensor:
    """Bytes of images (N, C, H, W), each mirrored and shifted as the recipe says."""
    count, _, height, width = images.shape
    if recipe.flip:
        mirrored = torch.rand(count, generator=random) < recipe.flip
        images = torch.where(mirrored.to(images.device).view(-1, 1, 1, 1), images.flip(-1), images)
    if recipe.shift:
        padded = pad(images, (recipe.shift,) * 4)
        tops, lefts = torch.randint(0, 2 * recipe.shift + 1, (2, count), generator=random).to(images.device)
        rows = tops.view(-1, 1) + torch.arange(height, device=images.device)
        cols = lefts.view(-1, 1) + torch.arange(width, device=images.device)
        which = torch.arange(count, device=images.device).view(-1, 1, 1)
        images = padded.permute(0, 2, 3, 1)[which, rows.unsqueeze(2), cols.unsqueeze(1)].permute(0, 3, 1, 2)
    return images
