"""CIFAR-10 and CIFAR-100: from files put there by hand, or fetched."""

from __future__ import annotations

from pathlib import Path
from tarfile import TarError
from typing import Any

import torch
from torchvision.datasets import CIFAR10, CIFAR100
from torchvision.datasets.utils import check_integrity, extract_archive

from training.data.fetch import alone, fetch
from training.data.images import Images, Sources
from training.data.registry import DataError, DataSet, Progress

KINDS: dict[str, Any] = {"cifar10": CIFAR10, "cifar100": CIFAR100}


def read(data: DataSet, folder: Path, progress: Progress) -> Sources:
    """Images (N, 3, 32, 32). Raises: DataError: they cannot be fetched, or are damaged."""
    kind = KINDS[data.name]
    if not _whole(kind, folder):
        with alone(folder):
            if not _whole(kind, folder):
                _fetch(kind, folder, progress)
    parts = [kind(folder, train=train) for train in (True, False)]
    if tuple(parts[0].classes) != data.classes:
        raise DataError(f"The classes of {str(folder / kind.base_folder)!r} are not those of {data.title}.")
    return Sources(*(Images(_planes(part.data), torch.tensor(part.targets)) for part in parts))


def _planes(pixels: Any) -> torch.Tensor:
    """Images (N, H, W, C) as (N, C, H, W)."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def _whole(kind: Any, folder: Path) -> bool:
    """Whether all of its files are there and undamaged; what is not is never unpickled."""
    files = (*kind.train_list, *kind.test_list, (kind.meta["filename"], kind.meta["md5"]))
    return all(check_integrity(folder / kind.base_folder / name, md5) for name, md5 in files)


def _fetch(kind: Any, folder: Path, progress: Progress) -> None:
    archive = folder / kind.filename
    if not archive.is_file():
        fetch(kind.url, archive, kind.tgz_md5, progress)
    damaged = DataError(f"{str(archive)!r} is damaged: delete it, and it is fetched again.")
    if not check_integrity(archive, kind.tgz_md5):
        raise damaged
    try:
        extract_archive(archive, folder)
    except (OSError, EOFError, TarError) as error:
        raise DataError(f"{str(archive)!r} cannot be unpacked ({error}).") from None
    if not _whole(kind, folder):
        raise damaged
