"""What others do on this machine while something is timed: what they take, it lacks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

#: The kernel counts in hundredths of a second: within less time than this it says nothing.
LEAST_S = 0.1
#: Columns of /proc/stat that are no work: idle, and idle with a disk to wait for; guests are counted among the others.
_IDLE, _COUNTED = slice(3, 5), slice(0, 8)


def watch() -> Callable[[], float | None]:
    """Begin to watch; the function ends it, and tells what share of all processors others kept busy, from 0 to 1.

    Others are other processes, and other machines on the same hardware. None where the kernel does not say (only
    Linux does), or where it was too short to tell.
    """
    busy, own, began = _busy_seconds(), _own_seconds(), time.monotonic()

    def ended() -> float | None:
        seconds, now = time.monotonic() - began, _busy_seconds()
        if busy is None or now is None or seconds < LEAST_S or now <= busy:
            return None
        others = (now - busy) - (_own_seconds() - own)
        return min(1.0, max(0.0, others / (seconds * (os.cpu_count() or 1))))

    return ended


def _busy_seconds() -> float | None:
    """Of all processors together, since the machine started."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    except (OSError, ValueError):
        return None
    return (sum(ticks[_COUNTED]) - sum(ticks[_IDLE])) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Of this process, all its threads, and its children that have ended."""
    return sum(os.times()[:4])
