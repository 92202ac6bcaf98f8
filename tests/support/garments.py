"""Garments of Fashion-MNIST on canvases, with the boxes that they fill: real images, whose boxes are known exactly."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from PIL import Image
from torchvision.transforms.v2 import functional

from training.data import get_data
from training.data.images import open_data
from training.recipes import Recipe

#: Few that look alike at no size: trousers, bags, ankle boots.
CLASSES = {"Trouser": 1, "Bag": 8, "Ankle boot": 9}
#: Sides of a garment, as shares of the canvas.
SIDES = (0.3, 0.6)
MOST = 3


def write_garments(folder: Path, side: int = 96, train: int = 960, val: int = 100, seed: int = 0) -> Path:
    """A folder in COCO's format with so many canvases to learn from and for tests, of garments from the like parts."""
    random = torch.Generator().manual_seed(seed)
    garments = open_data(get_data("fashion"), Recipe(data="fashion", source=""), folder / "none")
    for name, count, shown in (("train", train, garments.train), ("val", val, garments.test)):
        pools = [(shown.labels == label).nonzero().squeeze(1) for label in CLASSES.values()]
        images, annotations = [], []
        place = folder / name
        place.mkdir(parents=True)
        for number in range(1, count + 1):
            canvas = torch.zeros(side, side, dtype=torch.uint8)
            taken = torch.zeros(side, side, dtype=torch.bool)
            for _ in range(int(torch.randint(1, MOST + 1, (), generator=random))):
                kind = int(torch.randint(len(pools), (), generator=random))
                pool = pools[kind]
                pixels, _ = shown.batch(pool[torch.randint(len(pool), (1,), generator=random)])
                low, high = (int(side * share) for share in SIDES)
                length = int(torch.randint(low, high, (), generator=random))
                garment = functional.resize(pixels, [length, length], antialias=True)[0, 0]
                rows, cols = (garment > 30).any(1).nonzero().squeeze(1), (garment > 30).any(0).nonzero().squeeze(1)
                top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(cols[0]), int(cols[-1]) + 1
                cut = garment[top:bottom, left:right]
                height, width = cut.shape
                y = int(torch.randint(0, side - height + 1, (), generator=random))
                x = int(torch.randint(0, side - width + 1, (), generator=random))
                if taken[y : y + height, x : x + width].any():
                    continue
                taken[y : y + height, x : x + width] = True
                place_of = canvas[y : y + height, x : x + width]
                place_of.copy_(torch.maximum(place_of, cut))
                box = {"bbox": [x, y, width, height], "area": width * height, "iscrowd": 0}
                about = {"id": len(annotations) + 1, "image_id": number, "category_id": 10 * (kind + 1)}
                annotations.append(about | box)
            file = f"{number:04}.png"
            Image.fromarray(canvas.numpy()).save(place / file)
            images.append({"id": number, "file_name": file, "width": side, "height": side})
        categories = [{"id": 10 * number, "name": name} for number, name in enumerate(CLASSES, 1)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        target = folder / "annotations" / f"instances_{name}.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(content))
    return folder


if __name__ == "__main__":
    print(f"coco:{write_garments(Path(sys.argv[1]))}")
