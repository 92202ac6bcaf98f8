"""The 1,797 handwritten digits of 8×8 pixels that stand beside this file: every fifth is for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from training.data.images import Images, Sources
from training.data.registry import DataSet, Progress


def read(data: DataSet, folder: Path, progress: Progress) -> Sources:
    """The digits, which are never fetched."""
    table = np.loadtxt(Path(__file__).with_name("digits.csv.gz"), delimiter=",", dtype=np.uint8)
    pixels = (
        torch.from_numpy(table[:, :-1].reshape(-1, 1, 8, 8).astype(np.float32) * (255 / 16)).round().to(torch.uint8)
    )
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    tested = torch.arange(len(labels)) % 5 == 0
    return Sources(Images(pixels[~tested], labels[~tested]), Images(pixels[tested], labels[tested]))
