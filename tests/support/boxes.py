"""Tiny images with boxes in COCO's and VOC's formats: white rectangles on black, each of which fills its box."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

#: Of each image its rectangles: class from 0 on, left, top, width, height, and whether it is no thing to be asked for.
Rectangle = tuple[int, int, int, int, int, bool]
IMAGES: tuple[tuple[Rectangle, ...], ...] = (
    ((0, 4, 8, 20, 12, False),),
    ((1, 30, 30, 10, 24, False), (0, 2, 2, 12, 12, False)),
    (),
    ((1, 8, 16, 40, 30, False), (0, 50, 2, 8, 8, True)),
)
#: Numbers of categories have gaps, as COCO's.
CATEGORIES = {7: "cat", 3: "bird"}
SIDE = 64


def picture(rectangles: Sequence[Rectangle], side: int = SIDE) -> Image.Image:
    pixels = np.zeros((side, side, 3), np.uint8)
    for _, left, top, width, height, _ in rectangles:
        pixels[top : top + height, left : left + width] = 255
    return Image.fromarray(pixels)


def write_coco(
    folder: Path,
    images: Sequence[Sequence[Rectangle]] = IMAGES,
    beside: bool = False,
    more: dict[str, Any] | None = None,
) -> Path:
    """A folder of training images and the same for tests; classes 0 and 1 are bird and cat.

    Args:
        folder: where.
        images: rectangles of each.
        beside: whether annotations lie beside the images.
        more: to replace parts of the annotations.
    """
    for name in ("train", "valid" if beside else "val"):
        place = folder / (name if beside else f"{name}2017")
        place.mkdir(parents=True)
        annotations, numbers = [], sorted(CATEGORIES)
        for number, rectangles in enumerate(images):
            picture(rectangles).save(place / f"{number}.png")
            for kind, *box, crowd in rectangles:
                about = {"id": len(annotations) + 1, "image_id": number, "category_id": numbers[kind], "bbox": box}
                annotations.append(about | {"iscrowd": int(crowd), "area": box[2] * box[3]})
        content = {
            "images": [{"id": number, "file_name": f"{number}.png"} for number in range(len(images))],
            "annotations": annotations,
            "categories": [{"id": number, "name": label} for number, label in CATEGORIES.items()],
        }
        path = place / "_annotations.coco.json" if beside else folder / f"annotations/instances_{name}2017.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content | (more or {})))
    return folder


def write_voc(
    folder: Path, classes: Sequence[str] = ("bird", "cat"), year: str = "2012", lists: str = "train val"
) -> Path:
    """The images that show something, in VOC's format."""
    place = folder / "VOCdevkit" / f"VOC{year}"
    for name in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (place / name).mkdir(parents=True)
    shown = [each for each in IMAGES if each]
    for number, rectangles in enumerate(shown):
        picture(rectangles).save(place / "JPEGImages" / f"{number:06}.jpg", quality=100)
        objects = "".join(
            f"<object><name>{classes[kind]}</name><difficult>{int(difficult)}</difficult><bndbox><xmin>{left}</xmin>"
            f"<ymin>{top}</ymin><xmax>{left + width}</xmax><ymax>{top + height}</ymax></bndbox></object>"
            for kind, left, top, width, height, difficult in rectangles
        )
        (place / "Annotations" / f"{number:06}.xml").write_text(f"<annotation>{objects}</annotation>")
    for listed in lists.split():
        text = "".join(f"{number:06}\n" for number in range(len(shown)))
        (place / "ImageSets" / "Main" / f"{listed}.txt").write_text(text)
    return folder
