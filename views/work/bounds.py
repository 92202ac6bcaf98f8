"""What is not done unasked because it takes much: a sentence says how much, and who owns the machine may insist."""

from __future__ import annotations

import streamlit as st

from archs.errors import DenseScopeError
from views.public import is_public, session_id

#: In the session: what was insisted on.
_ALLOWED = "allowed anyway"
ANYWAY = "Do it anyway"


class BoundError(DenseScopeError):
    """More than is done unasked; `deed` is what may be insisted on."""

    def __init__(self, sentence: str, deed: str) -> None:
        super().__init__(sentence)
        self.deed = deed


def allowed() -> tuple[str, ...]:
    """What the owner of this machine insisted on in this session."""
    return () if is_public() or not session_id() else tuple(st.session_state.get(_ALLOWED, ()))


def check(amount: float, most: float, sentence: str, deed: str) -> None:
    """Raises: BoundError: an amount is above what is done unasked, and nobody insisted on the deed."""
    if amount > most and deed not in allowed():
        raise BoundError(sentence, deed)


def offer(deed: str) -> None:
    """A button to insist, where somebody may."""
    if not is_public():
        st.button(ANYWAY, key=f"anyway {deed}", on_click=_allow, args=(deed,))


def _allow(deed: str) -> None:
    st.session_state[_ALLOWED] = [*st.session_state.get(_ALLOWED, ()), deed]
