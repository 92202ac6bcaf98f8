"""Fashion-MNIST: from Debian's package, from files put there by hand, or fetched."""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from archs import files
from training.data.fetch import alone, fetch
from training.data.images import Images, Sources
from training.data.registry import DataError, DataSet, Progress

#: Where the package dataset-fashion-mnist puts it.
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
#: The longest holds 60,000 images of 28 × 28.
MAX_BYTES = 64 * 1024 * 1024
FILES = tuple(f"{part}-{what}-ubyte" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1"))


def read(data: DataSet, folder: Path, progress: Progress) -> Sources:
    """Grey images (N, 1, 28, 28). Raises: DataError: they cannot be fetched, or are damaged."""
    own = folder / "FashionMNIST" / "raw"
    for place in (DEBIAN, own):
        if all(_file(place, name) for name in FILES):
            break
    else:
        place = own
        _fetch(own, progress)
    images, labels, test_images, test_labels = (_idx(_file(place, name) or place / name) for name in FILES)
    return Sources(_images(images, labels, place), _images(test_images, test_labels, place))


def _file(place: Path, name: str) -> Path | None:
    """A file of either kind, packed or not, where there is one."""
    return next((path for path in (place / f"{name}.gz", place / name) if path.is_file()), None)


def _fetch(folder: Path, progress: Progress) -> None:
    from torchvision.datasets import FashionMNIST

    with alone(folder):
        for file, md5 in FashionMNIST.resources:
            if not _file(folder, file.removesuffix(".gz")):
                try:
                    fetch(FashionMNIST.mirrors[0] + file, folder / file, md5, progress)
                except DataError as error:
                    raise DataError(f"{str(error).rstrip('.')}, or `apt-get install dataset-fashion-mnist`.") from None


def _images(pixels: Tensor, labels: Tensor, place: Path) -> Images:
    if pixels.ndim != 3 or labels.shape != pixels.shape[:1]:
        raise DataError(f"The files of Fashion-MNIST in {str(place)!r} don't belong together.")
    return Images(pixels.unsqueeze(1), labels.long())


def _idx(path: Path) -> Tensor:
    """The bytes of an IDX file, in the shape that its header says. Raises: DataError: it is not whole."""
    try:
        content = files.read(path, MAX_BYTES)
        if path.suffix == ".gz":
            content = gzip.GzipFile(fileobj=BytesIO(content)).read(MAX_BYTES)
        dims = content[3]
        shape = np.frombuffer(content, ">i4", dims, 4).tolist()
        if content[:3] != b"\x00\x00\x08" or len(content) != 4 + 4 * dims + prod(shape):
            raise ValueError
        return torch.from_numpy(np.frombuffer(content, np.uint8, offset=4 + 4 * dims).reshape(shape).copy())
    except (OSError, EOFError, ValueError, IndexError, zlib.error):
        raise DataError(f"{str(path)!r} is damaged: delete it, and it is fetched again.") from None
