"""Files that are read up to a limit, and never half written."""

from __future__ import annotations

import errno
import os
import stat
from math import inf
from os import PathLike
from pathlib import Path
from typing import BinaryIO


def read(path: str | PathLike[str], most: int) -> bytes:
    """All that a file holds.

    Args:
        path: the file.
        most: more bytes are not read.

    Raises:
        OSError: it cannot be read, is longer, or no ordinary file: a pipe or a device may never end. `strerror` says.
    """
    with opened(path, most) as file:
        content = file.read(most + 1)
    if len(content) > most:  # it has grown
        raise _too_long(len(content), most)
    return content


def opened(path: str | PathLike[str], most: float = inf) -> BinaryIO:
    """An ordinary file of at most so many bytes, for reading; errors as of `read`."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError:  # a name with a null character
        raise OSError(errno.EINVAL, "no file can have that name") from None
    try:
        _check(os.fstat(number), most)
        return os.fdopen(number, "rb")
    except OSError:
        os.close(number)
        raise


def _check(found: os.stat_result, most: float) -> None:
    """Raises: OSError: something is no ordinary file, or longer than so many bytes."""
    if stat.S_ISDIR(found.st_mode):
        raise OSError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not an ordinary file")
    if found.st_size > most:
        raise _too_long(found.st_size, most)


def _too_long(size: int, most: float) -> OSError:
    return OSError(errno.EFBIG, f"it has {size:,} bytes, but at most {most:,} are read")


def write(path: Path, content: bytes | memoryview, keep: Path | None = None) -> None:
    """Write a file that takes the place of the old one in one step, when all of it is on the disk.

    Args:
        path: the file.
        content: all that it holds.
        keep: what the old one is called from then on.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    aside = path.with_name(f".{path.name}.unfinished")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep and path.exists():
            path.replace(keep)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
