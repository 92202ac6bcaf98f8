"""From the bytes of images to what a network sees: normalised and, in training, varied at random.

Sizes and crops come before it, image by image (`training.data.images`); here a whole batch is changed at once, on the
device that it lies on, by numbers drawn on the CPU: the same on every machine.
"""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor
from torch.nn.functional import pad

from training.data.registry import DataSet
from training.recipes import Recipe

#: How the colours of ImageNet's images vary together, in [0, 1]: eigenvalues, and eigenvectors as columns.
#: Source: Krizhevsky et al., AlexNet, section 4.1; liuzhuang13/DenseNet@9859da05 datasets/imagenet.lua.
EIGENVALUES = (0.2175, 0.0188, 0.0045)
EIGENVECTORS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))
#: Shares of red, green and blue in brightness. Source: there, datasets/transforms.lua.
GREY = (0.299, 0.587, 0.114)


def beside(images: Tensor, values: Tensor) -> Tensor:
    """Values from the CPU on the device where images lie; the CPU does not wait for it."""
    return values.to(images.device, non_blocking=True)


def normalised(images: Tensor, data: DataSet) -> Tensor:
    """Images (N, C, H, W) of bytes as floats: divided by 255, less the data's mean, divided by its deviation."""
    values = beside(images, torch.tensor((data.mean, data.std)))
    mean, std = values.view(2, -1, 1, 1)
    return (images.float() / 255 - mean) / std


def varied(images: Tensor, data: DataSet, recipe: Recipe, random: torch.Generator) -> Tensor:
    """Bytes of images (N, C, H, W) as a network sees them in training: each changed as the recipe says.

    Colours change before they are normalised, places after: what moves in from outside is the mean colour.
    Source of the order: liuzhuang13/DenseNet@4b5cc63a datasets/cifar10.lua, @9859da05 datasets/imagenet.lua.

    Raises: ConfigError: the recipe asks for what the images don't have.
    """
    data.check(recipe)
    if recipe.jitter:
        images = _jittered(images.float(), recipe.jitter, random)
    if recipe.lighting:
        images = images + 255 * beside(images, _lighting(len(images), recipe.lighting, random))
    images = normalised(images, data)
    if recipe.flip and not recipe.alternate_flip:
        mirrored = torch.rand(len(images), generator=random) < recipe.flip
        images = torch.where(beside(images, mirrored).view(-1, 1, 1, 1), images.flip(-1), images)
    if recipe.shift:
        images = _shifted(images, recipe.shift, random)
    if recipe.cutout:
        images = images.masked_fill(_squares(images, recipe.cutout, random), 0)
    return images


def blended(
    images: Tensor, labels: Tensor, classes: int, recipe: Recipe, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Normalised images (N, C, H, W), blended or pasted into each other if the recipe says so, and what they show.

    That is labels (N,) as they are, or shares of the classes (N, classes); `cross_entropy` takes both. A recipe with
    mixup and CutMix does one of them to a batch, at random.
    """
    kinds = [(name, alpha) for name, alpha in (("MixUp", recipe.mixup), ("CutMix", recipe.cutmix)) if alpha]
    if not kinds:
        return images, labels
    from torchvision.transforms import v2

    name, alpha = kinds[int(torch.randint(len(kinds), (), generator=random))]
    with torch.random.fork_rng(devices=[]):  # it draws from the global generator of the CPU
        torch.manual_seed(int(torch.randint(2**62, (), generator=random)))
        blend = getattr(v2, name)(alpha=alpha, num_classes=classes)
        mixed: tuple[Tensor, Tensor] = blend(images, labels)
    return mixed


def _jittered(images: Tensor, strength: float, random: torch.Generator) -> Tensor:
    """Images with other brightness, contrast and saturation, one after the other in an order of its own for each.

    Each is a blend of the image with black, with its mean brightness, or with its brightness pixel by pixel.
    """
    factors = beside(images, 1 + strength * (2 * torch.rand(3, len(images), 1, 1, 1, generator=random) - 1))
    orders = list(permutations(range(3)))
    drawn = torch.randint(len(orders), (len(images),), generator=random)
    found = images.clone()
    for number, order in enumerate(orders):
        which = beside(images, (drawn == number).nonzero().squeeze(1))
        some = images[which]
        for kind in order:
            grey = (some * some.new_tensor(GREY).view(-1, 1, 1)).sum(1, keepdim=True)
            other = (torch.zeros_like(grey), grey.mean((2, 3), keepdim=True), grey)[kind]
            some = other + factors[kind, which] * (some - other)
        found[which] = some
    return found


def _lighting(count: int, deviation: float, random: torch.Generator) -> Tensor:
    """What is added to the colours (count, 3, 1, 1) of images, in [0, 1]."""
    alphas = deviation * torch.randn(count, 3, generator=random) * torch.tensor(EIGENVALUES)
    return (alphas @ torch.tensor(EIGENVECTORS).T).view(count, 3, 1, 1)


def _shifted(images: Tensor, most: int, random: torch.Generator) -> Tensor:
    """Images moved by up to `most` pixels either way, with zeros where nothing was."""
    count, _, height, width = images.shape
    padded = pad(images, (most,) * 4)
    tops, lefts = beside(images, torch.randint(0, 2 * most + 1, (2, count), generator=random))
    rows = tops.view(-1, 1) + torch.arange(height, device=images.device)
    cols = lefts.view(-1, 1) + torch.arange(width, device=images.device)
    which = torch.arange(count, device=images.device).view(-1, 1, 1)
    return padded.permute(0, 2, 3, 1)[which, rows.unsqueeze(2), cols.unsqueeze(1)].permute(0, 3, 1, 2)


def _squares(images: Tensor, side: int, random: torch.Generator) -> Tensor:
    """Where a square lies (N, 1, H, W) whose centre is anywhere in the image; what lies outside is lost.

    Source: DeVries and Taylor, arXiv:1708.04552, section 3.2.
    """
    ends = []
    for length in images.shape[2:]:
        first = torch.randint(0, length, (len(images), 1), generator=random) - side // 2
        at = torch.arange(length) - first
        ends.append((at >= 0) & (at < side))
    return beside(images, (ends[0].unsqueeze(2) & ends[1].unsqueeze(1)).unsqueeze(1))
