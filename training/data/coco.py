"""Images with boxes in folders of COCO's format: COCO itself, and one's own as "coco:PATH".

PATH/annotations/instances_train*.json, instances_val*.json, and the images in PATH/train*, PATH/val*
PATH/train/_annotations.coco.json, PATH/valid/_annotations.coco.json, and the images beside
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from archs import files
from archs.errors import abbreviate, first_line
from training.data.folder import MEAN, STD, TESTS
from training.data.registry import DataError, DataSet

PREFIX = "coco:"
#: Of annotations; the longest of COCO have 0.5 GB.
MAX_BYTES = 2 * 1024**3


class Part(NamedTuple):
    """What is learned from, or tested on: its annotations, and where the images lie."""

    annotations: Path
    images: Path

    def read(self) -> Contents:
        """What its annotations say. Raises: DataError: they are damaged."""
        return _read(self.annotations, self.annotations.stat().st_mtime_ns)


class Contents(NamedTuple):
    """How many images there are, and names of categories by their numbers, in order."""

    images: int
    categories: dict[int, str]


def describe(name: str) -> DataSet:
    """The data set that "coco:PATH" names. Raises: DataError: there are no annotations, or damaged ones."""
    path = Path(os.path.expanduser(name.removeprefix(PREFIX))).absolute()
    learned, tested = (part.read() for part in parts(path))
    if learned.categories != tested.categories:
        raise DataError(f"The categories of {str(path)!r} are not the same for training and for tests.")
    return DataSet(
        name=f"{PREFIX}{path}",
        title=path.name or str(path),
        classes=tuple(learned.categories.values()),
        image_size=0,
        channels=3,
        train_images=learned.images,
        test_images=tested.images,
        mean=MEAN,
        std=STD,
        licence="",
        source=str(path),
        reader="training.data.boxed:read_coco",
        boxes=True,
    )


def parts(path: Path) -> tuple[Part, Part]:
    """Where images to learn from and those for tests are. Raises: DataError: the annotations of one are missing."""
    train, test = _part(path, "train"), next(filter(None, (_part(path, name) for name in TESTS)), None)
    if train is None or test is None:
        raise DataError(
            f"{abbreviate(str(path))} holds no annotations in COCO's format: it needs annotations/instances_train*.json"
            " and instances_val*.json with the images in folders train* and val*, or _annotations.coco.json beside the"
            " images in folders train and valid."
        )
    return train, test


def _part(path: Path, name: str) -> Part | None:
    if (beside := path / name / "_annotations.coco.json").is_file():
        return Part(beside, beside.parent)
    for found in sorted((path / "annotations").glob(f"instances_{name}*.json")):
        folder = found.stem.removeprefix("instances_")
        places = (path / folder, path / "images" / folder, path / name, path / "images")
        return Part(found, next((place for place in places if place.is_dir()), places[0]))
    return None


@lru_cache(maxsize=16)
def _read(annotations: Path, written: int) -> Contents:
    """As `Part.read`, until the file changes."""
    try:
        content = files.read_json(annotations, MAX_BYTES)
        categories = {int(one["id"]): str(one["name"]) for one in content["categories"]}
        known = {one["id"] for one in content["images"]}
        for one in content["annotations"]:
            if one["category_id"] not in categories:
                raise DataError(f"{str(annotations)!r} names no category {one['category_id']!r}, which a box is of.")
            if one["image_id"] not in known or len(one["bbox"]) != 4:
                raise ValueError(f"annotation {one['id']} is of no image, or has no four numbers")
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else first_line(error)
        raise DataError(f"{str(annotations)!r} holds no annotations in COCO's format ({what}).") from None
    if not categories or not known:
        raise DataError(f"{str(annotations)!r} names no categories, or no images.")
    return Contents(len(known), dict(sorted(categories.items())))
