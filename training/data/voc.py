"""Images with boxes in folders of VOC's format: VOC 2007 and 2012 themselves, and one's own as "voc:PATH".

PATH/VOCdevkit/VOC2007/Annotations, ImageSets/Main, JPEGImages      and other years from 2007 to 2012
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from archs import files
from archs.errors import abbreviate
from training.data.folder import MEAN, STD
from training.data.registry import DataError, DataSet

PREFIX = "voc:"
#: Of the list of a year's images; the longest of VOC has 0.2 MB.
MAX_LIST = 64 * 1024 * 1024
YEARS = tuple(map(str, range(2007, 2013)))
CLASSES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog"),
    *("horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


class Part(NamedTuple):
    """The images of a year that one of its lists names."""

    year: str
    listed: str

    def count(self, path: Path) -> int:
        """How many there are in a folder."""
        return files.read(_list(path, self.year, self.listed), MAX_LIST).count(b"\n")


def describe(name: str) -> DataSet:
    """The data set that "voc:PATH" names. Raises: DataError: no such folder, or no lists in it."""
    path = Path(os.path.expanduser(name.removeprefix(PREFIX))).absolute()
    learned, tested = parts(path)
    return DataSet(
        name=f"{PREFIX}{path}",
        title=path.name or str(path),
        classes=CLASSES,
        image_size=0,
        channels=3,
        train_images=sum(part.count(path) for part in learned),
        test_images=sum(part.count(path) for part in tested),
        mean=MEAN,
        std=STD,
        licence="",
        source=str(path),
        reader="training.data.boxed:read_voc",
        boxes=True,
    )


def parts(path: Path) -> tuple[list[Part], list[Part]]:
    """What is learned from and tested on: trainval of all years and the tests of 2007, else train and val.

    Raises: DataError: there are no such lists.
    """
    wished = [("2007", "test")], [(year, "trainval") for year in YEARS]
    if not _there(path, "2007", "test"):
        wished = [(year, "val") for year in YEARS], [(year, "train") for year in YEARS]
    tested, learned = ([Part(*each) for each in some if _there(path, *each)] for some in wished)
    if not (learned and tested):
        raise DataError(
            f"{abbreviate(str(path))} holds no images in VOC's format: it needs VOCdevkit/VOC2007, or another year up "
            "to 2012, and there Annotations, JPEGImages and the lists train.txt and val.txt in ImageSets/Main."
        )
    return learned, tested


def _list(path: Path, year: str, listed: str) -> Path:
    return path / "VOCdevkit" / f"VOC{year}" / "ImageSets" / "Main" / f"{listed}.txt"


def _there(path: Path, year: str, listed: str) -> bool:
    return _list(path, year, listed).is_file()
