"""One thing is timed at a time on a machine: two would tell of each other. Whatever times waits here for its turn."""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from analysis.hardware.measure.record import BenchmarkError
from archs.errors import require

#: What whoever times something holds; on Linux a name that the kernel knows, whoever runs it and wherever data is kept.
NAME = "densescope-timing"
#: Seconds that others are waited for, and between two looks.
PATIENCE_S, LOOK_S = 30.0, 0.05


class BusyError(BenchmarkError):
    """Something else is being timed."""


@contextmanager
def alone_on_this_machine() -> Iterator[None]:
    """For as long as something is timed. Raises: BusyError: something else is, for too long, in whichever process."""
    deadline = time.monotonic() + PATIENCE_S
    while (turn := _taken()) is None:
        if time.monotonic() > deadline:
            raise BusyError("Something else is being timed on this machine, and both would be slower: wait for it.")
        time.sleep(LOOK_S)
    with turn:
        yield


def _taken() -> AbstractContextManager[object] | None:
    """The turn, which ends with its context or with the process; None while somebody else has it."""
    if sys.platform != "linux":
        return _taken_as_file()
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        holder.bind(f"\0{NAME}")
    except OSError:
        holder.close()
        return None
    return closing(holder)


def _taken_as_file() -> AbstractContextManager[object] | None:
    filelock = require("filelock", "Timing one thing at a time")
    lock = filelock.FileLock(Path(tempfile.gettempdir()) / f"{NAME}.lock", timeout=0)
    try:
        turn: AbstractContextManager[object] = lock.acquire()
    except filelock.Timeout:
        return None
    return turn
