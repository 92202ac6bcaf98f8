"""Every data set by name: what is known of it without opening it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module

from archs import checks
from archs.errors import ConfigError, UnknownNameError
from training.errors import TrainingError
from training.recipes import Recipe, list_recipes

#: Called with a file's name, the bytes of it that have come, and how many there are (0: nobody knows).
Progress = Callable[[str, int, int], object]


class DataError(TrainingError):
    """Images that are not there, cannot be fetched or are damaged."""


@dataclass(frozen=True)
class DataSet:
    """Labelled images, or images with boxes of things of a class, for training and for tests."""

    name: str
    title: str
    #: Names of the classes, in the order of their labels.
    classes: tuple[str, ...]
    #: Side of an image in pixels, 0 where each has its own; and its channels.
    image_size: int
    channels: int
    train_images: int
    test_images: int
    #: Of each channel, of pixels in [0, 1] over the training images.
    mean: tuple[float, ...]
    std: tuple[float, ...]
    licence: str
    source: str
    #: "module:function" that opens it (`training.data.images.Sources`); imported when it does.
    reader: str
    #: Whether it is for detectors: classes are of boxes, and labels count from 1, for 0 is the background.
    boxes: bool = False

    def side(self, recipe: Recipe) -> int:
        """Pixels of a side of the images that networks see."""
        return recipe.image_size or self.image_size

    def learned_from(self, recipe: Recipe) -> int:
        """How many of the training images a network learns from, which are not kept for validation."""
        return self.train_images - recipe.validation

    def check(self, recipe: Recipe) -> None:
        """Raises: ConfigError, TrainingError: the recipe asks for what these images don't have."""
        if self.boxes != recipe.boxes:
            raise TrainingError(
                f"{self.title} has images with boxes, for detectors, and the recipe teaches classifiers: "
                f"take one of {', '.join(list_recipes(boxes=True))}."
                if self.boxes
                else f"The recipe teaches detectors, and the images of {self.title} have no boxes: "
                "take a recipe for classifiers, or images in a folder of COCO's or VOC's format."
            )
        if self.boxes:
            return
        side = self.side(recipe)
        for name in ("jitter", "lighting"):
            if getattr(recipe, name) and self.channels != 3:
                raise ConfigError(name, getattr(recipe, name), f"0: the images of {self.name} have no colours")
        if recipe.shift >= side:
            raise ConfigError("shift", recipe.shift, f"less than the {side} pixels of the images' side")
        if recipe.test_resize and recipe.test_resize < side:
            raise ConfigError("test_resize", recipe.test_resize, f"at least the {side} pixels of the images' side")
        if recipe.validation >= self.train_images:
            allowed = f"less than the {self.train_images:,} training images"
            raise ConfigError("validation", recipe.validation, allowed)

    def shown(self, recipe: Recipe) -> DataSet:
        """The data set as a recipe shows it: the side of its images, and what they are normalised by."""
        found = replace(self, image_size=self.side(recipe))
        if recipe.normalise == "channels":
            return found
        return replace(found, mean=(0.0,) * self.channels, std=(1.0,) * self.channels)


_DATA: dict[str, DataSet] = {}


def register_data(data: DataSet) -> DataSet:
    """Add a data set. Raises: ValueError: the name is taken."""
    if data.name in _DATA:
        raise ValueError(f"The data set {data.name!r} is already registered.")
    return _DATA.setdefault(data.name, data)


def list_data(boxes: bool | None = None) -> list[str]:
    """The names of the data sets; of those whose images have boxes, or have none."""
    return [name for name, data in _DATA.items() if boxes in (None, data.boxes)]


#: Who describes a folder of one's own, by what stands before its path.
FOLDERS = {
    "folder": "training.data.folder:describe",
    "coco": "training.data.coco:describe",
    "voc": "training.data.voc:describe",
}


def get_data(name: str) -> DataSet:
    """A data set by its name, or a folder of one's own: "folder:PATH", with boxes "coco:PATH" or "voc:PATH".

    Raises:
        UnknownNameError: no such name; it names the nearest three.
        DataError: no such folder, or no images in it.
    """
    word = checks.word(name) or ""
    if (kind := word.partition(":")[0]) in FOLDERS and ":" in word:
        module, _, function = FOLDERS[kind].partition(":")
        found: DataSet = getattr(import_module(module), function)(word)
        return found
    if word not in _DATA:
        raise UnknownNameError("data set", name, _DATA)
    return _DATA[word]
