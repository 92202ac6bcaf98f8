"""Every data set by name: what is known of it without opening it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from archs.errors import ConfigError, UnknownNameError
from training.errors import TrainingError
from training.recipes import Recipe

#: Called with a file's name, the bytes of it that have come, and how many there are (0: nobody knows).
Progress = Callable[[str, int, int], object]


class DataError(TrainingError):
    """Images that are not there, cannot be fetched or are damaged."""


@dataclass(frozen=True)
class DataSet:
    """Labelled images, for training and for tests."""

    name: str
    title: str
    #: Names of the classes, in the order of their labels.
    classes: tuple[str, ...]
    #: Side of an image in pixels, and its channels.
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

    def side(self, recipe: Recipe) -> int:
        """Pixels of a side of the images that networks see."""
        return recipe.image_size or self.image_size

    def learned_from(self, recipe: Recipe) -> int:
        """How many of the training images a network learns from, which are not kept for validation."""
        return self.train_images - recipe.validation

    def check(self, recipe: Recipe) -> None:
        """Raises: ConfigError: the recipe asks for what these images don't have."""
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


def list_data() -> list[str]:
    """The names of the data sets."""
    return list(_DATA)


def get_data(name: str) -> DataSet:
    """A data set by its name, or a folder of images of one's own as "folder:PATH".

    Raises:
        UnknownNameError: no such name; it names the nearest three.
        DataError: no such folder, or no images in it.
    """
    if isinstance(name, str) and name.startswith("folder:"):
        from training.data.folder import describe

        return describe(name)
    if name not in _DATA:
        raise UnknownNameError("data set", name, _DATA)
    return _DATA[name]
