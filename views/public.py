"""Whom the app serves: one person at their own machine, or anybody, each with a store of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Thread

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from archs import kept

#: "1" where the app is served to others.
PUBLIC = "DENSESCOPE_PUBLIC"
#: Seconds that the store of a visitor who has left is kept, and between two looks.
KEPT_S, LOOK_S = 600.0, 60.0
#: Megabytes of weights that a visitor may bring, and configs that a search of theirs may look at.
MOST_UPLOADED, MOST_SEARCHED = 64, 10_000
NOT_HERE = "This server is shared: {what} at your own machine, where `make app` opens the same pages."


def is_public() -> bool:
    """Whether others than the owner of this machine use the app."""
    return os.environ.get(PUBLIC) == "1"


def refused(what: str) -> bool:
    """Says where a thing can be done, where it cannot be done here, such as "networks are timed"."""
    if is_public():
        st.info(NOT_HERE.format(what=what), icon=":material/public_off:")
    return is_public()


def session_id() -> str:
    """Whose run this is; empty outside of the app's runs."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def is_there(session: str) -> bool:
    """Whether a visitor's page is still open; where no server runs, somebody waits for the answer."""
    return not exists() or get_instance().is_active_session(session)


@cache
def _stores() -> Path:
    """Where all visitors' stores lie, for as long as the server runs; nobody else may look."""
    return Path(tempfile.mkdtemp(prefix="densescope-visitors-"))


def own_store() -> Path:
    """The folder of the visitor whose run this is; without one, a folder that never holds anything."""
    session = session_id()
    return _stores() / (sha256(session.encode()).hexdigest() if session else "nobody")


def keep_apart() -> None:
    """Give each visitor a store of their own, and take away those of visitors who have left."""
    if own_store not in kept.asked_elsewhere:
        kept.asked_elsewhere.append(own_store)
        Thread(target=_clear_away, daemon=True).start()


def _clear_away() -> None:
    while True:
        time.sleep(LOOK_S)
        clear_left(time.time())


#: Of each visitor who made a store: when they were last seen.
_SEEN: dict[str, float] = {}


def note_visit() -> None:
    """Remember that a visitor is there; called at each run."""
    if session := session_id():
        _SEEN[session] = time.time()


def clear_left(now: float) -> list[str]:
    """Delete the stores of visitors who left long ago; who they were."""
    gone = [session for session, seen in list(_SEEN.items()) if now - seen > KEPT_S]
    left = [session for session in gone if not (exists() and is_there(session))]
    for session in left:
        shutil.rmtree(_stores() / sha256(session.encode()).hexdigest(), ignore_errors=True)
        del _SEEN[session]
    return left
