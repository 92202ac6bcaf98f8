"""Every data set by name: what is known of it without opening it."""

from __future__ import annotations

from dataclasses import dataclass

from archs.errors import UnknownNameError


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
    #: "module:function" that gives the training and test images of a folder; imported when they are opened.
    reader: str


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
    """A data set by its name. Raises: UnknownNameError: no such name; it names the nearest three."""
    if name not in _DATA:
        raise UnknownNameError("data set", name, _DATA)
    return _DATA[name]


register_data(
    DataSet(
        name="digits",
        title="Handwritten digits",
        classes=tuple("0123456789"),
        image_size=8,
        channels=1,
        train_images=1437,
        test_images=360,
        mean=(0.3055,),
        std=(0.3760,),
        licence="CC BY 4.0",
        source="UCI, Optical Recognition of Handwritten Digits; training/data/NOTICE.md",
        reader="training.data.digits:read",
    )
)
register_data(
    DataSet(
        name="fashion",
        title="Fashion-MNIST",
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        image_size=28,
        channels=1,
        train_images=60_000,
        test_images=10_000,
        mean=(0.2860,),
        std=(0.3530,),
        licence="MIT",
        source="Xiao et al., Fashion-MNIST, arXiv:1708.07747; zalandoresearch/fashion-mnist",
        reader="training.data.fashion:read",
    )
)
