"""What a recipe is: fields that declare what they may hold, once for checks, command line and app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from archs.config import Declared, boolean, choice, integer, integers, number, numbers, share
from archs.errors import ConfigError, UnknownFieldError
from training.recipes.schedule import SCHEDULES, Schedule

OPTIMIZERS = ("sgd", "adamw", "rmsprop")
PRECISIONS = ("float32", "bfloat16", "float16")


def _only(field: str, *values: Any) -> Callable[[Any], str]:
    """Says why another field has no effect, unless `field` holds one of some values; without any, unless it is set."""

    def idle(recipe: Any) -> str:
        value = getattr(recipe, field)
        return "" if (value in values if values else value) else f"{field} is {value}"

    return idle


def _any(*reasons: Callable[[Any], str]) -> Callable[[Any], str]:
    """The first of some reasons why a field has no effect."""
    return lambda recipe: next((said for reason in reasons if (said := reason(recipe))), "")


@dataclass(frozen=True, kw_only=True)
class Recipe(Declared):
    """One way to train a network. Images are (N, C, H, W).

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    #: The data set that it was made for, a name of `training.data`.
    data: str
    source: str
    #: What the source leaves open, and what stands here in its place.
    notes: str = ""
    #: Whether it is for detectors, which learn from images with boxes.
    boxes: bool = False

    epochs: int = integer(10, "Epochs", "How often every training image is seen.", high=10_000)
    batch_size: int = integer(64, "Batch", "Images of a step, of all processes together.", high=65_536)

    lr: float = number(0.1, "Learning rate", "The highest of the schedule.", high=1000, open_low=True, low=0, step=0.01)
    schedule: str = choice(
        "steps",
        "Schedule",
        "steps: × factor at each milestone; cosine: down to 0; triangle: up to the milestone, down to 0; trapezoid: "
        "level to the milestone, down to 0.",
        *SCHEDULES,
    )
    milestones: tuple[float, ...] = numbers(
        (0.5, 0.75),
        "Milestones",
        "Shares of the training.",
        low=0,
        high=1,
        lengths=range(0, 17),
        idle=_only("schedule", "steps", "triangle", "trapezoid"),
    )
    factor: float = number(
        0.1,
        "Factor",
        "What the learning rate is multiplied by at a milestone.",
        low=0,
        high=1,
        step=0.05,
        idle=_only("schedule", "steps"),
    )

    warmup: int = integer(
        0,
        "Warm-up",
        "Steps in which the learning rate grows from a thousandth to what the schedule says; 0: none.",
        low=0,
        high=1_000_000,
    )

    optimizer: str = choice("sgd", "Optimizer", "Stochastic gradient descent, AdamW or RMSProp.", *OPTIMIZERS)
    momentum: float = share(
        0.9,
        "Momentum",
        "Share of the last step that the next begins with.",
        open_high=True,
        idle=_only("optimizer", "sgd", "rmsprop"),
    )
    dampening: float = share(
        0.0,
        "Dampening",
        "Share of a gradient that momentum leaves out.",
        idle=_any(_only("optimizer", "sgd"), _only("momentum")),
    )
    nesterov: bool = boolean("Nesterov", "Look ahead by the momentum.", idle=_only("optimizer", "sgd"))
    beta2: float = share(
        0.999,
        "β₂",
        "AdamW: share of the last mean of squared gradients that the next begins with.",
        open_high=True,
        idle=_only("optimizer", "adamw"),
    )
    weight_decay: float = number(
        1e-4, "Weight decay", "× weight, added to the gradient; AdamW shrinks weights by it.", low=0, high=1, step=1e-4
    )
    decay_all: bool = boolean("Decay all", "Batch norm and biases too.", default=True, idle=_only("weight_decay"))
    max_norm: float = number(0.0, "Largest gradient", "Norm that gradients are cut to; 0: not cut.", low=0, high=1e6)
    label_smoothing: float = share(0.0, "Label smoothing", "Share of the target that all classes get.", open_high=True)
    drop_rate: float = share(0.0, "Dropout", "Where the network's family has it.", open_high=True)
    initial: str = choice(
        "network",
        "First weights",
        "network: as its family begins, mostly He normal; xavier: uniform of Glorot, convolutions and linear layers.",
        "network",
        "xavier",
    )

    freeze: int = integer(
        0, "Frozen stages", "Rows of the network's table, from the stem on, that keep all as it is.", low=0, high=100
    )
    layer_decay: float = number(
        1.0,
        "Layer decay",
        "× learning rate, for each row of the network's table that weights lie further from the classifier.",
        low=0,
        high=1,
        open_low=True,
        step=0.05,
    )
    head_lr: float = number(
        1.0,
        "Head's learning rate",
        "Of the classifier, or of a detector's neck and head: × that of other weights.",
        low=0,
        high=1000,
        open_low=True,
    )
    frozen_norm: bool = boolean(
        "Frozen batch norm", "Batch norms of a detector's backbone keep statistics, weights and biases."
    )

    image_size: int | None = integer(
        None, "Image side", "Pixels that images are resized to; none: as they are.", optional=True, high=8192
    )
    normalise: str = choice(
        "channels",
        "Normalisation",
        "channels: mean 0 and standard deviation 1 of each, as the data's training images have them; bytes: ÷ 255.",
        "channels",
        "bytes",
    )
    flip: float = share(0.0, "Flip", "Probability that an image is mirrored.")
    alternate_flip: bool = boolean("Alternate", "An image that was mirrored in one epoch is not in the next.")
    shift: int = integer(
        0, "Shift", "Pixels of zero padding that a crop of the image's size is drawn from.", low=0, high=256
    )
    crop_area: tuple[float, ...] = numbers(
        (),
        "Crop, area",
        "Least and greatest share of the image that a crop is drawn from, then resized; none: the whole.",
        low=0,
        high=1,
        open_low=True,
        lengths=range(0, 3),
    )
    crop_ratio: tuple[float, ...] = numbers(
        (3 / 4, 4 / 3),
        "Crop, shape",
        "Least and greatest width ÷ height of the crop.",
        low=0.1,
        high=10,
        lengths=range(2, 3),
        idle=_only("crop_area"),
    )
    jitter: float = share(0.0, "Colour jitter", "Brightness, contrast and saturation change by up to this share.")
    lighting: float = number(
        0.0, "Lighting", "Standard deviation of a shift along the colours' principal components.", low=0, high=10
    )
    cutout: int = integer(0, "Cutout", "Side of a square that is blanked; 0: none.", low=0, high=1024)
    mixup: float = number(0.0, "Mixup α", "Of the Beta distribution that blends two images; 0: none.", low=0, high=100)
    cutmix: float = number(0.0, "CutMix α", "The same for pasting one into another.", low=0, high=100)
    test_resize: int | None = integer(
        None,
        "Shorter side in tests",
        "Pixels that a test image's shorter side gets before the centre is cut out; none: of the image side.",
        optional=True,
        high=8192,
    )
    sides: tuple[int, ...] = integers(
        (),
        "Shorter sides",
        "Pixels, of which each image with boxes gets one by chance, the last in tests; none: the network's.",
        low=16,
        high=8192,
        lengths=range(0, 33),
    )
    longest: int | None = integer(
        None,
        "Longest side",
        "Pixels that an image's longer side gets at most; none: as many as the last of the shorter sides.",
        optional=True,
        high=8192,
        idle=_only("sides"),
    )
    box_crop: bool = boolean("Crop around boxes", "Cut as SSD does, so that boxes overlap the cut by a share.")
    expand: float = number(
        0.0, "Expand", "Half of the images stand on a canvas of up to so many times their sides.", low=0, high=16
    )
    distort: bool = boolean("Distort", "Brightness, contrast, saturation and hue change, each by chance.")
    validation: int = integer(
        0, "Validation images", "Of the training images, to pick the best epoch by; 0: the last.", low=0, high=1_000_000
    )

    ema_decay: float = share(
        0.0, "Averaged weights", "Decay of a running average beside the weights; 0: none.", open_high=True
    )
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
        """The recipe at another batch, with a learning rate in proportion; `batch_note` says so.

        Source: Goyal et al., arXiv:1706.02677, section 2.1.
        """
        found = self.varied(batch_size=batch_size)
        return found.varied(lr=self.lr * found.batch_size / self.batch_size)

    @property
    def _rate(self) -> Schedule:
        return Schedule(self.schedule, self.lr, self.milestones, self.factor)

    def lr_at(self, progress: float) -> float:
        """The learning rate when a share of the training, from 0 to 1, is done."""
        return self._rate.at(progress)

    def warmed(self, steps: int) -> float:
        """The share of the learning rate that a step has, by how many were made before.

        >>> recipe = Recipe(data="coco", source="", warmup=1000)
        >>> [round(recipe.warmed(steps), 4) for steps in (0, 500, 1000)]
        [0.001, 0.5005, 1.0]
        """
        return 1.0 if steps >= self.warmup else 0.001 + 0.999 * steps / self.warmup

    def lr_curve(self) -> list[tuple[float, float]]:
        """Points (epochs done, learning rate) whose connecting lines are the schedule."""
        return [(self.epochs * share, lr) for share, lr in self._rate.points()]

    def lr_words(self) -> str:
        """The schedule in words.

        >>> Recipe(data="coco", source="", schedule="constant", warmup=1000).lr_words()
        '0.1, after 1,000 steps of warm-up'
        """
        return self._rate.words(self.epochs) + (f", after {self.warmup:,} steps of warm-up" if self.warmup else "")

    def check_together(self) -> None:
        for name in ("data", "source", "notes"):
            if not isinstance(getattr(self, name), str):
                raise ConfigError(name, getattr(self, name), "text")
        self._rate.check()
        if self.nesterov and not (self.momentum and not self.dampening):
            raise ConfigError("nesterov", True, "False without momentum, and where momentum is dampened")
        if self.alternate_flip and self.flip != 0.5:
            raise ConfigError(
                "flip", self.flip, "0.5 where it alternates: every image is mirrored in every second epoch"
            )
        if len(self.crop_area) == 1:
            raise ConfigError("crop_area", self.crop_area, "two shares, or none")
        for name in FOR_CLASSIFIERS if self.boxes else FOR_DETECTORS:
            plain = type(self).__dataclass_fields__[name].default
            if (value := getattr(self, name)) != plain:
                raise ConfigError(name, value, f"{plain}: {_NOT_FOR[self.boxes]}")
        for name in ("crop_area", "crop_ratio", "sides"):
            if list(ends := getattr(self, name)) != sorted(ends):
                raise ConfigError(name, ends, "the least before the greatest")

    def to_json(self) -> dict[str, Any]:
        """Its fields as plain values."""
        return asdict(self)


#: Fields that say nothing to those who learn from images with boxes, and to those who learn from images of a class.
FOR_CLASSIFIERS = (
    *("label_smoothing", "normalise", "alternate_flip", "shift", "crop_area", "jitter", "lighting", "cutout"),
    *("mixup", "cutmix", "test_resize", "validation"),
)
FOR_DETECTORS = ("frozen_norm", "sides", "longest", "box_crop", "expand", "distort")
_NOT_FOR = {True: "the recipe is for detectors", False: "the recipe is for classifiers"}

#: What the declared fields are about, for display; each stands once.
GROUPS: dict[str, tuple[str, ...]] = {
    "Schedule": ("epochs", "batch_size", "lr", "schedule", "milestones", "factor", "warmup"),
    "Optimiser": (
        *("optimizer", "momentum", "dampening", "nesterov", "beta2", "weight_decay", "decay_all", "max_norm"),
        *("label_smoothing", "drop_rate", "initial"),
    ),
    "Fine-tuning": ("freeze", "layer_decay", "head_lr", "frozen_norm"),
    "Images": (
        *("image_size", "normalise", "flip", "alternate_flip", "shift", "crop_area", "crop_ratio", "jitter"),
        *("lighting", "cutout", "mixup", "cutmix", "test_resize", "validation"),
        *("sides", "longest", "box_crop", "expand", "distort"),
    ),
    "Run": ("ema_decay", "precision", "accumulate", "channels_last", "compile", "memory_efficient", "seed"),
}


def batch_note(recipe: Recipe, base: Recipe) -> str:
    """A sentence that says how `for_batch` changed a recipe; empty where it didn't.

    >>> base = Recipe(data="cifar10", source="")
    >>> batch_note(base.for_batch(128), base)
    'The learning rate is 0.2 instead of 0.1, in proportion to the batch of 128 instead of 64 (arXiv:1706.02677).'
    """
    if recipe.batch_size == base.batch_size or recipe.lr != base.for_batch(recipe.batch_size).lr:
        return ""
    return (
        f"The learning rate is {recipe.lr:g} instead of {base.lr:g}, in proportion to the batch of "
        f"{recipe.batch_size} instead of {base.batch_size} (arXiv:1706.02677)."
    )


def steps_of_epoch(images: int, batch_size: int, processes: int = 1) -> int:
    """Batches of an epoch; one of fewer than two images a process, of which no batch norm learns, is left out.

    >>> steps_of_epoch(50_000, 64), steps_of_epoch(129, 64)
    (782, 2)
    """
    whole, rest = divmod(images, batch_size)
    return whole + (rest >= 2 * processes)


def recipe_from_json(values: Mapping[str, Any]) -> Recipe:
    """The reverse of `Recipe.to_json`. Raises: UnknownFieldError, ConfigError."""
    return Recipe(data=values.get("data", ""), source=values.get("source", "")).varied(**values)
