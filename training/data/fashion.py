"""Fashion-MNIST: from Debian's package, or from what was downloaded."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.data.images import Images, Split
from training.runs import TrainingError

#: Where the package dataset-fashion-mnist puts it.
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
FILES = ("train", "t10k")


def read(folder: Path) -> Split:
    """60,000 and 10,000 grey images (N, 1, 28, 28). Raises: TrainingError: there are none."""
    for place in (DEBIAN, folder / "FashionMNIST" / "raw"):
        if all((place / f"{part}-images-idx3-ubyte.gz").exists() for part in FILES):
            return Split(*(_images(place, part) for part in FILES))
    raise TrainingError(
        f"Fashion-MNIST is not here: `apt-get install dataset-fashion-mnist`, or put its four .gz files into "
        f"{str(folder / 'FashionMNIST' / 'raw')!r}."
    )


def _images(folder: Path, part: str) -> Images:
    pixels = _idx(folder / f"{part}-images-idx3-ubyte.gz").unsqueeze(1)
    return Images(pixels, _idx(folder / f"{part}-labels-idx1-ubyte.gz").long())


def _idx(path: Path) -> Tensor:
    """The bytes of an IDX file, in the shape that its header says."""
    content = gzip.decompress(path.read_bytes())
    dims = content[3]
    shape = np.frombuffer(content, ">i4", dims, 4).tolist()
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=4 + 4 * dims).reshape(shape).copy())
