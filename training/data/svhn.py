"""The house numbers of SVHN, with or without its extra images: from files put there by hand, or fetched."""

from __future__ import annotations

import zlib
from math import prod
from pathlib import Path
from struct import error as StructError
from struct import unpack_from

import numpy as np
import torch
from torch import Tensor
from torchvision.datasets import SVHN

from archs import files
from training.data.fetch import alone, fetch
from training.data.images import Images, Sources
from training.data.registry import DataError, DataSet, Progress

#: Elements of a MAT file that hold others, and NumPy's names of those that hold numbers.
MATRIX, COMPRESSED = 14, 15
#: The longest, extra, has 1.3 GB, and 1.6 GB once inflated.
MAX_BYTES = 2 * 1024**3
NUMBERS = {1: "<i1", 2: "<u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8"}


def read(data: DataSet, folder: Path, progress: Progress) -> Sources:
    """Images (N, 3, 32, 32). Raises: DataError: they cannot be fetched, or are damaged."""
    learned = ("train", "extra") if data.name == "svhn-extra" else ("train",)
    found = {part: _images(_file(folder, part, progress)) for part in (*learned, "test")}
    together = (torch.cat([found[part][side] for part in learned]) for side in (0, 1))
    return Sources(Images(*together), Images(*found["test"]))


def _file(folder: Path, part: str, progress: Progress) -> Path:
    url, name, md5 = SVHN.split_list[part]
    path = folder / name
    if not path.is_file():
        with alone(folder):
            if not path.is_file():
                fetch(url, path, md5, progress)
    return path


def _images(path: Path) -> tuple[Tensor, Tensor]:
    """Images (N, 3, 32, 32) and labels (N,), of which the file calls a zero 10."""
    try:
        arrays = read_mat(files.read(path, MAX_BYTES))
        pixels, labels = arrays["X"], arrays["y"].ravel()
        if pixels.dtype != np.uint8 or pixels.shape[:3] != (32, 32, 3) or pixels.shape[3:] != labels.shape:
            raise ValueError
    except (OSError, ValueError, KeyError, StructError, zlib.error):
        raise DataError(f"{str(path)!r} is damaged: delete it, and it is fetched again.") from None
    planes = np.ascontiguousarray(pixels.transpose(3, 2, 0, 1))
    return torch.from_numpy(planes), torch.from_numpy(labels.astype(np.int64) % 10)


def read_mat(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of numbers of a MAT file by name; SciPy would be a large package for two of them.

    Source: MATLAB, MAT-File Format, version 5. Raises: ValueError, KeyError, struct.error, zlib.error: it is not whole.
    """
    found = {}
    for kind, body in _elements(memoryview(content)[128:]):
        if kind == COMPRESSED:
            inflating = zlib.decompressobj()
            [(kind, body)] = _elements(memoryview(inflating.decompress(body, MAX_BYTES)))
            if not inflating.eof:
                raise ValueError("it ends too early, or is longer than any")
        if kind != MATRIX:
            raise ValueError(f"element {kind}")
        _, (_, shape), (_, name), (number, values) = _elements(body)
        dims = np.frombuffer(shape, "<i4").tolist()
        array = np.frombuffer(values, NUMBERS[number], prod(dims))
        found[bytes(name).decode()] = array.reshape(dims, order="F")
    return found


def _elements(content: memoryview) -> list[tuple[int, memoryview]]:
    """Kind and bytes of elements that follow each other; few bytes stand in the tag itself."""
    found, at = [], 0
    while at < len(content):
        kind, size = unpack_from("<II", content, at)
        start = at + 8
        if small := kind >> 16:
            kind, size, start = kind & 0xFFFF, small, at + 4
        if start + size > len(content):
            raise ValueError("it ends too early")
        found.append((kind, content[start : start + size]))
        at = at + 8 if small else start + size + (0 if kind == COMPRESSED else -size % 8)
    return found
