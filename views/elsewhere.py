"""What a page has done in another process: for as long as the page is there, and within what it may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from analysis.targets import list_library
from archs.errors import MissingPackageError, require_installed
from views.answers import kept
from views.public import is_public, is_there, session_id
from views.work import bounds, process, tasks

#: Seconds and bytes of a piece of work where many wait for theirs; how many times as long may be insisted on.
PUBLIC_SECONDS, PUBLIC_BYTES, LONGER = 60, 2 * 2**30, 10


def elsewhere(
    what: str,
    function: Callable[..., Any],
    *arguments: Any,
    told: str | None = None,
    tell: Callable[[str], object] = str,
    seconds: int = process.SECONDS,
    needs: Sequence[str] = (),
) -> Any:
    """What a function answers in another process, for this page and no longer.

    Args:
        what: is done, as the deed to insist on.
        needs: modules that are imported once for all such work; on a shared server, for each piece of it, as they take
            memory.
        function, arguments, told, tell, seconds: as `process.run`.

    Raises:
        DenseScopeError: as the function.
        BoundError: it takes too much.
    """

    def look(word: str) -> None:
        st.session_state.get(_LOOK)  # which ends a run that is no longer wanted
        tell(word)

    seconds = PUBLIC_SECONDS if is_public() else seconds * (LONGER if what in bounds.allowed() else 1)
    nbytes = PUBLIC_BYTES if is_public() else process.BYTES
    goes_on = partial(is_there, session_id())
    for module in () if is_public() else needs:
        process.import_ahead(module)
    try:
        return process.run(function, *arguments, told=told, tell=look, goes_on=goes_on, seconds=seconds, nbytes=nbytes)
    except process.LimitError as error:
        raise bounds.BoundError(str(error), what) from None


_LOOK = "nothing is kept under this key"


@kept()
def names_of(library: str) -> Sequence[str]:
    """All networks of a library. Raises: MissingPackageError: it is not installed."""
    require_library(library)
    names: Sequence[str] = elsewhere(f"names of {library}", list_library, library, needs=[*tasks.TRACES, library])
    return names


def require_library(library: str) -> None:
    """Raises: MissingPackageError: a library is not installed; it is not imported."""
    try:
        for package in ("torch", library):
            require_installed(package, "")
    except MissingPackageError:
        raise MissingPackageError(f"{library}/…", f"torch {library}") from None
