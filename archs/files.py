"""Files that are never half written."""

from __future__ import annotations

import os
from pathlib import Path


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
