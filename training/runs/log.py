"""The log of a run: a file to which whoever trains adds lines, while others read it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from errno import ENOSPC
from functools import lru_cache
from pathlib import Path
from typing import Any

from archs import files

Row = dict[str, Any]
#: Longer than any log: a row takes about 200 bytes.
MAX_BYTES = 1024**3
#: Kinds of two rows that the same step may have.
_END = ("step", "epoch")


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Add a row by one write. Raises: OSError: it could not be written as a whole."""
    line = json.dumps({**row, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}) + "\n"
    with path.open("ab+", buffering=0) as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = "\n" + line  # the last line was torn when its writer was killed
        if file.write(line.encode()) < len(line):
            raise OSError(ENOSPC, os.strerror(ENOSPC))


def read(path: Path) -> list[Row]:
    """The rows in order; steps that were done again after a kill stand once."""
    return _reader(path).read()


class _Reader:
    """Reads what was added since it read last, so that a long log can be followed."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self.offset, self.first, self.rows = 0, b"", list[Row]()

    def read(self) -> list[Row]:
        with self.lock:
            try:
                with files.opened(self.path, MAX_BYTES) as file:
                    if file.read(len(self.first)) != self.first:  # another file has that name now
                        self._begin()
                    file.seek(self.offset)
                    self._add(file.read())
            except OSError:
                self._begin()
            return list(self.rows)

    def _add(self, content: bytes) -> None:
        whole, newline, _ = content.rpartition(b"\n")  # what follows is being written, or torn
        lines = whole.split(b"\n") if newline else []
        self.offset += len(whole) + len(newline)
        self.first = self.first or b"".join(lines[:1])
        for line in lines:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):  # torn
                continue
            while self.rows and _is_again(self.rows[-1], row):
                self.rows.pop()
            self.rows.append(row)


def _is_again(last: Row, row: Row) -> bool:
    """Whether the process of a new row does again what the last row tells of; an epoch ends with its last step."""
    return last["step"] > row["step"] or (last["step"] == row["step"] and (last["kind"], row["kind"]) != _END)


@lru_cache(maxsize=32)
def _reader(path: Path) -> _Reader:
    return _Reader(path)
