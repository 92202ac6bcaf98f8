"""Images of folders, decoded as they are taken."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional

from archs.errors import first_line
from archs.files import opened
from training.data.folder import class_names, files, parts
from training.data.images import Sources
from training.data.registry import DataError, DataSet, Progress
from training.data.sizes import Sizes


class Files:
    """Images that lie in files, a file each, with labels (N,)."""

    decodes = True

    def __init__(self, samples: list[tuple[str, int]]) -> None:
        self.paths = [path for path, _ in samples]
        self.labels = torch.tensor([label for _, label in samples])

    def __len__(self) -> int:
        return len(self.paths)

    def sized(self, chosen: Tensor, sizes: Sizes, epoch: int) -> Tensor:
        """Images (n, 3, side, side) as the recipe shows them. Raises: DataError: one is damaged."""
        opened = (sizes.of_image(_opened(self.paths[index]), index, epoch) for index in chosen.tolist())
        return torch.stack([functional.pil_to_tensor(image) for image in opened])


#: Of a file of one image.
MAX_BYTES = 512 * 1024 * 1024


def read(data: DataSet, folder: Path, progress: Progress) -> Sources:
    """The images of a folder; those of ImageNet lie beside what was downloaded. Raises: DataError: as `parts`."""
    place = folder / "imagenet" if data.name == "imagenet" else Path(data.source)
    try:
        train, test = parts(place)
    except DataError:
        if data.name != "imagenet":
            raise
        raise DataError(
            f"ImageNet is not here: nobody may fetch it without an account at image-net.org, so put (or link) its "
            f"folders of classes into {str(place / 'train')!r} and {str(place / 'val')!r}."
        ) from None
    classes = class_names(train)
    if len(classes) != len(data.classes):
        raise DataError(f"{str(train)!r} has {len(classes):,} classes, {data.title} {len(data.classes):,}.")
    return Sources(Files(files(train, classes)), Files(files(test, classes)))


def _opened(path: str) -> Image.Image:
    """An image in red, green and blue. Raises: DataError: it is damaged."""
    try:
        with opened(path, MAX_BYTES) as file, Image.open(file) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path!r} cannot be read as an image ({first_line(error)}): mend or remove it.") from None
