"""Files of data sets from the network: checked as they come, and in place only when they are whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from archs import files
from archs.errors import first_line, require
from training.data.registry import DataError, Progress

#: How long a server may be silent.
TIMEOUT_S = 20
PIECE = 1 << 20


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The right to fetch into a folder; other processes wait for it, and find what they want. Raises: DataError."""
    filelock = require("filelock", "Fetching data")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(folder / ".lock").acquire()
    except OSError as error:
        raise DataError(f"Cannot write into {str(folder)!r}: {error.strerror}.") from None
    with held:
        yield


def fetch(url: str, path: Path, md5: str, progress: Progress) -> None:
    """Fetch a file. Raises: DataError: no connection, no room, or what came is damaged; it says what to do."""
    by_hand = f"fetch {url} elsewhere and put it into {str(path.parent)!r}"
    try:
        with files.replacing(path) as aside:
            if _fetch(url, aside, partial(progress, path.name)) != md5:
                bad = f"What {url} gives is not {path.name}, or was damaged on its way"
                raise DataError(f"{bad}: try again, or {by_hand}.")
    except HTTPError as error:
        raise DataError(f"The server of {path.name} answers with status {error.code}: {by_hand}.") from None
    except (URLError, HTTPException, TimeoutError, ConnectionError):
        raise DataError(f"There is no connection to fetch {path.name}: {by_hand}.") from None
    except OSError as error:
        raise DataError(f"{path.name} cannot be kept ({first_line(error)}): {by_hand}.") from None


def _fetch(url: str, path: Path, progress: Callable[[int, int], object]) -> str:
    """Write what comes from an address to a file; its MD5."""
    digest, done = hashlib.md5(usedforsecurity=False), 0
    with urlopen(url, timeout=TIMEOUT_S) as answer, path.open("wb") as file:
        total = int(answer.headers.get("Content-Length") or 0)
        while piece := answer.read(PIECE):
            file.write(piece)
            digest.update(piece)
            done += len(piece)
            progress(done, total)
    return digest.hexdigest()
