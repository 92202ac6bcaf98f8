"""Recipes: how networks are trained, as papers and repositories tell it. A recipe is data; `training.loop` follows it.

What a field may hold stands where it is declared, once for checks, command line and app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import cos, pi
from typing import Any

from archs.config import Declared, boolean, choice, integer, number, numbers, share
from archs.errors import ConfigError, UnknownFieldError, UnknownNameError

SCHEDULES = ("constant", "steps", "cosine", "triangle")
OPTIMIZERS = ("sgd", "adamw", "rmsprop")
PRECISIONS = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class Recipe(Declared):
    """One way to train a network. Images are (N, C, H, W).

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    #: The data set that it was made for, a name of `training.data`.
    data: str
    source: str

    epochs: int = integer(10, "Epochs", "How often every training image is seen.", high=10_000)
    batch_size: int = integer(64, "Batch", "Images of a step, of all processes together.", high=65_536)
    image_size: int | None = integer(
        None, "Image side", "Pixels that images are resized to; none: as they are.", optional=True, high=8192
    )

    lr: float = number(0.1, "Learning rate", "The highest of the schedule.", high=100, open_low=True, low=0, step=0.01)
    schedule: str = choice(
        "steps",
        "Schedule",
        "steps: × factor at each milestone; cosine: down to 0; triangle: up to the first milestone, down to 0.",
        *SCHEDULES,
    )
    milestones: tuple[float, ...] = numbers(
        (0.5, 0.75), "Milestones", "Shares of the training.", low=0, high=1, lengths=range(0, 17)
    )
    factor: float = number(0.1, "Factor", "What the learning rate is multiplied by at a milestone.", low=0, high=1)

    optimizer: str = choice("sgd", "Optimizer", "timm makes it.", *OPTIMIZERS)
    momentum: float = share(0.9, "Momentum", "Share of the last step that the next begins with.", open_high=True)
    dampening: float = share(0.0, "Dampening", "Share of a gradient that momentum leaves out.")
    nesterov: bool = boolean("Nesterov", "Look ahead by the momentum.")
    weight_decay: float = number(1e-4, "Weight decay", "Added to the gradient, × weight.", low=0, high=1, step=1e-4)
    decay_all: bool = boolean("Decay all", "Batch norm and biases too.", default=True)
    max_norm: float = number(0.0, "Largest gradient", "Norm that gradients are cut to; 0: not cut.", low=0, high=1e6)

    flip: float = share(0.0, "Flip", "Probability that an image is mirrored.")
    shift: int = integer(0, "Shift", "Pixels of zero padding that a crop of the image's size is drawn from.", low=0)
    cutout: int = integer(0, "Cutout", "Side of a square that is blanked; 0: none.", low=0)
    mixup: float = number(0.0, "Mixup α", "Of the Beta distribution that blends two images; 0: none.", low=0, high=100)
    cutmix: float = number(0.0, "CutMix α", "The same for pasting one into another.", low=0, high=100)
    label_smoothing: float = share(0.0, "Label smoothing", "Share of the target that all classes get.", open_high=True)
    drop_rate: float = share(0.0, "Dropout", "Where the network's family has it.", open_high=True)

    ema_decay: float = share(0.0, "Averaged weights", "Decay of a running average beside the weights; 0: none.")
    precision: str = choice("float32", "Precision", "Of multiplications; float16 scales the loss.", *PRECISIONS)
    accumulate: int = integer(
        1, "Parts of a step", "A step's images go through the network in so many parts.", high=1024
    )
    channels_last: bool = boolean("Channels last", "Keep images and weights as NHWC.", default=True)
    compile: bool = boolean("Compile", "Train what torch.compile makes of the network.")
    memory_efficient: bool = boolean("Recompute", "As the field of the network's config.")
    seed: int = integer(0, "Seed", "All that is random follows from it.", low=0, high=2**31 - 1)

    def varied(self, **overrides: Any) -> Recipe:
        """The recipe with some fields changed. Raises: UnknownFieldError, ConfigError."""
        known = [each.name for each in fields(self)]
        for name in overrides:
            if name not in known:
                raise UnknownFieldError(name, "Recipe", known)
        return replace(self, **overrides)

    def for_batch(self, batch_size: int) -> Recipe:
        """The recipe at another batch, with a learning rate in proportion.

        Source: Goyal et al., arXiv:1706.02677, section 2.1.
        """
        return self.varied(batch_size=batch_size, lr=self.lr * batch_size / self.batch_size)

    def lr_at(self, progress: float) -> float:
        """The learning rate when a share of the training, from 0 to 1, is done.

        >>> recipe = get_recipe("densenet-cifar")
        >>> [round(recipe.lr_at(share), 6) for share in (0, 0.5, 0.75)]
        [0.1, 0.01, 0.001]
        """
        match self.schedule:
            case "steps":
                return self.lr * self.factor ** sum(progress >= milestone for milestone in self.milestones)
            case "cosine":
                return self.lr * (1 + cos(pi * progress)) / 2
            case "triangle":
                peak = self.milestones[0]
                return self.lr * (progress / peak if progress < peak else (1 - progress) / (1 - peak))
        return self.lr

    def check_together(self) -> None:
        if self.schedule == "triangle" and not (self.milestones and 0 < self.milestones[0] < 1):
            raise ConfigError("milestones", self.milestones, "the share of the training at which the triangle peaks")
        if self.nesterov and not (self.momentum and not self.dampening):
            raise ConfigError("nesterov", True, "False without momentum, and where momentum is dampened")

    def to_json(self) -> dict[str, Any]:
        """Its fields as plain values."""
        return asdict(self)


def recipe_from_json(values: Mapping[str, Any]) -> Recipe:
    """The reverse of `to_json`. Raises: UnknownFieldError, ConfigError."""
    known = [each.name for each in fields(Recipe)]
    for name in values:
        if name not in known:
            raise UnknownFieldError(name, "Recipe", known)
    return Recipe(**values)


_DENSENET = "Huang et al., arXiv:1608.06993, section 4.2; liuzhuang13/DenseNet@e3d24fb4 train.lua, datasets/cifar10.lua"

#: By name, the quickest last.
RECIPES: dict[str, Recipe] = {
    "densenet-cifar": Recipe(
        data="cifar10", source=_DENSENET, epochs=300, batch_size=64, nesterov=True, flip=0.5, shift=4
    ),
    "digits": Recipe(
        data="digits",
        source="DenseScope: a network in seconds",
        epochs=8,
        schedule="triangle",
        milestones=(0.25,),
        nesterov=True,
        shift=1,
        decay_all=False,
    ),
}


def list_recipes() -> list[str]:
    """The names of the recipes."""
    return list(RECIPES)


def get_recipe(name: str, **overrides: Any) -> Recipe:
    """A recipe by its name, with some fields changed.

    Raises:
        UnknownNameError: no such name; it names the nearest three.
        UnknownFieldError, ConfigError: an override that is not allowed.
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name].varied(**overrides)
