"""Data sets that are folders of images, a folder a class: ImageNet, and one's own as "folder:PATH".

PATH/train/CLASS/*.jpg
PATH/val/CLASS/*.jpg      or valid, validation, test
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from archs.errors import abbreviate
from training.data.registry import DataError, DataSet

PREFIX = "folder:"
TESTS = ("val", "valid", "validation", "test")
EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".tif", ".tiff")
#: Of ImageNet's images. Source: liuzhuang13/DenseNet@9859da05 datasets/imagenet.lua; torchvision's weights.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def describe(name: str) -> DataSet:
    """The data set that "folder:PATH" names. Raises: DataError: there are no such folders, or no images in them."""
    path = Path(os.path.expanduser(name.removeprefix(PREFIX))).absolute()
    try:
        train, test = parts(path)
        classes = class_names(train)
        learned, tested = files(train, classes), files(test, classes)
    except OSError as error:
        raise DataError(f"{abbreviate(str(path))} cannot be read: {error.strerror}.") from None
    return DataSet(
        name=f"{PREFIX}{path}",
        title=path.name or str(path),
        classes=classes,
        image_size=224,
        channels=3,
        train_images=len(learned),
        test_images=len(tested),
        mean=MEAN,
        std=STD,
        licence="",
        source=str(path),
        reader="training.data.decoded:read",
    )


def parts(path: Path) -> tuple[Path, Path]:
    """Where the images to learn from and those for tests are. Raises: DataError: one is missing."""
    test = next((path / name for name in TESTS if (path / name).is_dir()), None)
    if not (path / "train").is_dir() or test is None:
        raise DataError(
            f"There are no images to learn from in {str(path)!r}: it has to hold the folders train and val (or test), "
            "and those a folder of images for each class."
        )
    return path / "train", test


def class_names(train: Path) -> tuple[str, ...]:
    """The classes, in alphabetical order. Raises: DataError: fewer than two."""
    found = tuple(sorted(each.name for each in os.scandir(train) if each.is_dir() and not each.name.startswith(".")))
    if len(found) < 2:
        raise DataError(f"{str(train)!r} has to hold a folder of images for each of at least two classes.")
    return found


def files(part: Path, classes: tuple[str, ...]) -> list[tuple[str, int]]:
    """Images and the numbers of their classes, in order. Raises: DataError: a class that is unknown, or empty."""
    folders = {each.name for each in os.scandir(part) if each.is_dir() and not each.name.startswith(".")}
    if unknown := sorted(folders.difference(classes)):
        raise DataError(f"{str(part / unknown[0])!r} is of no class that {str(part.parent / 'train')!r} has.")
    stamps = tuple((part / name).stat().st_mtime_ns if name in folders else 0 for name in classes)
    return _files(part, classes, stamps)


@lru_cache(maxsize=8)
def _files(part: Path, classes: tuple[str, ...], stamps: tuple[int, ...]) -> list[tuple[str, int]]:
    """As `files`, until a folder changes."""
    found = []
    for number, name in enumerate(classes):
        folder = part / name
        names = sorted(os.listdir(folder)) if folder.is_dir() else []
        images = [each for each in names if each.lower().endswith(EXTENSIONS) and not each.startswith(".")]
        found += [(str(folder / each), number) for each in images]
        if not images and part.name == "train":
            raise DataError(f"{str(folder)!r} holds no images ({', '.join(EXTENSIONS)}).")
    if not found:
        raise DataError(f"{str(part)!r} holds no images ({', '.join(EXTENSIONS)}).")
    return found
