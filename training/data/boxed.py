"""Images with boxes, opened: decoded and varied as they are taken, each by draws of its own."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import ConcatDataset
from torchvision import datasets
from torchvision.transforms import v2
from torchvision.tv_tensors import BoundingBoxes, Image

from archs.errors import first_line, require
from training.data import coco, voc
from training.data.images import Sources
from training.data.registry import DataError, DataSet, Progress
from training.randomness import derived
from training.recipes import Recipe

#: What images show: "boxes" (n, 4) as left, top, right, bottom in pixels, "labels" (n,) from 1 on, and "iscrowd" (n,):
#: whether a box is not asked for in tests, as of a crowd in COCO and of a difficult object in VOC.
Target = dict[str, Tensor]
#: What surrounds an image on a larger canvas: ImageNet's mean colour. Source: torchvision's references, presets.py.
AROUND = (123.0, 117.0, 104.0)
#: Where the named ones lie among data, and what to put there.
COCO_FILES = "train2017.zip, val2017.zip and annotations_trainval2017.zip of cocodataset.org"
VOC_FILES = (
    "VOCtrainval_06-Nov-2007.tar, VOCtest_06-Nov-2007.tar and VOCtrainval_11-May-2012.tar of host.robots.ox.ac.uk"
)


class Boxed:
    """Images of a source: as they are for tests, varied as a recipe says for training."""

    decodes = True

    def __init__(self, source: Source, recipe: Recipe | None = None) -> None:
        self.source, self.recipe = source, recipe

    def __len__(self) -> int:
        return len(self.source)

    def batch(self, indices: Sequence[int] | Tensor, epoch: int = 0) -> tuple[list[Tensor], list[Target]]:
        """Bytes of n images (3, H, W), each of its own size, and their targets.

        How one is varied follows from seed, epoch and its number. Raises: DataError: one is damaged.
        """
        found = [self._one(int(index), epoch) for index in torch.as_tensor(indices)]
        return [image for image, _ in found], [target for _, target in found]

    def _one(self, index: int, epoch: int) -> tuple[Tensor, Target]:
        image, target = self.source[index]
        if self.recipe:
            with torch.random.fork_rng(devices=[]):  # transforms draw from the generator that all share
                torch.manual_seed(derived(self.recipe.seed, epoch, index))
                image, target = self._varied(image, target)
        return image.as_subclass(Tensor), {key: value.as_subclass(Tensor) for key, value in target.items()}

    @cached_property
    def _varied(self) -> v2.Compose:
        recipe = self.recipe
        assert recipe is not None
        steps = (
            recipe.distort and v2.RandomPhotometricDistort(),
            recipe.expand > 1 and v2.RandomZoomOut(AROUND, (1.0, recipe.expand)),
            recipe.box_crop and v2.RandomIoUCrop(),
            recipe.flip and v2.RandomHorizontalFlip(recipe.flip),
            v2.ClampBoundingBoxes(),
            v2.SanitizeBoundingBoxes(),  # of less than a pixel
        )
        return v2.Compose([step for step in steps if step])


class Source:
    """Images in files and their boxes, as torchvision reads a format.

    Args:
        found: what torchvision reads, wrapped for its transforms.
        place: where the images lie.
        marked: of what torchvision says of an image, which of its n boxes are not asked for, and what labels they have.
        learned: whether such boxes are learned all the same; None for tests.
    """

    def __init__(
        self,
        found: Any,
        place: Path,
        marked: Callable[[Any], tuple[list[bool], list[int]]],
        learned: bool | None = None,
    ) -> None:
        self.found, self.place, self.marked, self.learned = found, place, marked, learned

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, index: int) -> tuple[Image, Target]:
        """Bytes of an image, and its target. Raises: DataError: it is damaged."""
        try:
            image, said = self.found[index]
            marked, labels = self.marked(said)
            pixels = v2.functional.pil_to_tensor(image)
        except (OSError, ValueError, KeyError, TypeError, SyntaxError) as error:
            reason = f"it knows no {error}" if isinstance(error, KeyError) else first_line(error)
            raise DataError(f"Image {index} in {str(self.place)!r} cannot be read with its boxes ({reason}).") from None
        boxes = torch.as_tensor(said.get("boxes", ()), dtype=torch.float32).reshape(-1, 4)
        target, left_out = {"labels": torch.tensor(labels, dtype=torch.int64)}, torch.tensor(marked, dtype=torch.bool)
        if self.learned is None:
            target["iscrowd"] = left_out
        elif not self.learned:
            boxes, target["labels"] = boxes[~left_out], target["labels"][~left_out]
        target["boxes"] = BoundingBoxes(boxes, format="XYXY", canvas_size=pixels.shape[1:])
        return Image(pixels), target


def read_coco(data: DataSet, folder: Path, progress: Progress) -> Sources:
    """Images in COCO's format; crowds are not learned. Raises: DataError: as `coco.parts`; MissingPackageError."""
    place = folder / "coco" if data.name == "coco" else Path(data.source)
    require("pycocotools", "Reading annotations in COCO's format")
    found = _parts(coco.parts, data, place, COCO_FILES)
    categories = found[0].read().categories
    if len(categories) != len(data.classes):
        raise DataError(f"{str(place)!r} has {len(categories):,} categories, {data.title} {len(data.classes):,}.")
    numbers = {category: label for label, category in enumerate(categories, 1)}

    def marked(said: Any) -> tuple[list[bool], list[int]]:
        return list(map(bool, said.get("iscrowd", ()))), [numbers[int(each)] for each in said.get("labels", ())]

    def opened(part: coco.Part, learned: bool | None) -> Source:
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells what it does
            images = datasets.CocoDetection(part.images, str(part.annotations))
        wrapped = datasets.wrap_dataset_for_transforms_v2(images, ("boxes", "labels", "iscrowd"))
        return Source(wrapped, part.images, marked, learned)

    return Sources(opened(found[0], False), opened(found[1], None))


def read_voc(data: DataSet, folder: Path, progress: Progress) -> Sources:
    """Images in VOC's format; difficult objects are learned. Raises: DataError: as `voc.parts`."""
    place = folder / "voc" if data.name == "voc" else Path(data.source)
    learned, tested = _parts(voc.parts, data, place, VOC_FILES)

    def marked(said: Any) -> tuple[list[bool], list[int]]:
        objects = said["annotation"]["object"]
        return [each.get("difficult") == "1" for each in objects], said["labels"].tolist()

    def opened(some: Sequence[voc.Part], learned: bool | None) -> Source:
        years = [datasets.VOCDetection(place, *part) for part in some]
        keys = ("boxes", "labels", "annotation")
        wrapped = [datasets.wrap_dataset_for_transforms_v2(year, keys) for year in years]
        return Source(ConcatDataset(wrapped), place, marked, learned)

    return Sources(opened(learned, True), opened(tested, None))


def _parts(of: Callable[[Path], Any], data: DataSet, place: Path, files: str) -> Any:
    """What a folder has to learn from and for tests. Raises: DataError: it has nothing; it says what to put there."""
    try:
        return of(place)
    except DataError:
        if data.name not in ("coco", "voc"):
            raise
        raise DataError(f"{data.title} is not here: unpack {files} into {str(place)!r}.") from None
