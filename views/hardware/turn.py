"""One thing is timed at a time: two would tell of each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from archs.errors import DenseScopeError
from archs.kept import users_folder


class BusyError(DenseScopeError, RuntimeError):
    """Something else is being timed."""


@contextmanager
def alone_on_this_machine() -> Iterator[None]:
    """For as long as something is timed. Raises: BusyError: something else is, in whichever page or process."""
    folder = users_folder()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "timing.lock", timeout=0):
            yield
    except Timeout:
        raise BusyError(
            "Something else is being timed on this machine, and both would be slower: wait for it."
        ) from None
