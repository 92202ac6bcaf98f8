"""A stand-in for a device whose memory holds a batch of two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import OutOfMemoryError

from analysis.summary import Summary


def prepare(found: Summary, _workload: Any, _device: Any) -> Callable[[], None]:
    """In place of `analysis.hardware.measure.session.prepare`."""

    def run() -> None:
        if found.batch_size > 2:
            raise OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    return run
