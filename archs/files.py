"""Files that are read up to a limit, and never half written."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from math import inf
from os import PathLike
from pathlib import Path
from time import time
from typing import Any, BinaryIO
from zlib import crc32


def read(path: str | PathLike[str], most: int) -> bytes:
    """All that a file holds; of one that grows, what it held as it was opened.

    Args:
        path: the file.
        most: of a longer one nothing is read, in bytes.

    Raises:
        OSError: it cannot be read, is longer, or no ordinary file: a pipe or a device may never end. `strerror` says.
    """
    with opened(path, most) as file:
        return file.read(os.fstat(file.fileno()).st_size)


def read_json(path: str | PathLike[str], most: int) -> Any:
    """What a file of JSON says. Raises: OSError: as `read`. ValueError: it is no JSON, or nested too deeply."""
    content = read(path, most)
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


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
        raise OSError(errno.EFBIG, f"it has {found.st_size:,} bytes, but at most {most:,} are read")


def write(path: Path, content: bytes | memoryview, keep: Path | None = None) -> None:
    """Write a file that takes the place of the old one in one step, when all of it is on the disk.

    Args:
        path: the file.
        content: all that it holds.
        keep: what the old one is called from then on.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    with replacing(path, keep) as aside:
        aside.write_bytes(content)


@contextmanager
def replacing(path: Path, keep: Path | None = None) -> Iterator[Path]:
    """A path to write to, whose file takes the place of `path` in one step if nothing raises, as `write`.

    It lies in a new folder beside `path` that only its owner can write to, so that nobody puts a link there first; a
    link at `path` is replaced, and what it points to stays as it is.
    """
    import tempfile

    _clear(path.parent)
    made = tempfile.TemporaryDirectory(
        prefix=f"{_prefix()}{os.getpid()}-", suffix=SUFFIX, dir=path.parent, ignore_cleanup_errors=True
    )
    with made as folder:
        aside = Path(folder, "content")
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        if keep and os.path.lexists(path):
            path.replace(keep)
        aside.replace(path)


#: What the name of a folder ends with in which something is written; a killed process leaves it.
SUFFIX = ".unfinished"
#: Left by whoever it was, on whatever machine, after so many seconds.
STALE_SECONDS = 86_400.0


@cache
def _prefix() -> str:
    """What the names of all such folders of this machine begin with: process numbers mean nothing on others."""
    import platform

    return f".{crc32(platform.node().encode()):08x}-"


@lru_cache(maxsize=1024)
def _clear(folder: Path) -> None:
    """Once a process, remove what killed processes of this user have left in a folder."""
    import shutil

    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if _LEFT.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False) and _is_stale(entry):
                    shutil.rmtree(entry.path, ignore_errors=True)


_LEFT = re.compile(r"\.[0-9a-f]{8}-[0-9]+-\w+" + re.escape(SUFFIX) + r"|\.export-\w{8}")  # the second by older versions


def _is_stale(entry: os.DirEntry[str]) -> bool:
    found = entry.stat(follow_symlinks=False)
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        return False
    return time() - found.st_mtime > STALE_SECONDS or (
        entry.name.startswith(_prefix()) and _is_dead(int(entry.name.split("-")[1]))
    )


def _is_dead(process: int) -> bool:
    """Whether there is no such process on this machine."""
    if os.name != "posix":  # elsewhere, to ask is to end it
        return False
    try:
        os.kill(process, 0)
    except OverflowError:
        return True
    except OSError as error:
        return error.errno == errno.ESRCH
    return False
