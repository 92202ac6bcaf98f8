"""What a copied link says that the app cannot follow: said in one sentence, never silently lost."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from archs.errors import abbreviate

_KNOWN = "known link parameters"


def check(key: str, accepts: Callable[[str], bool], allowed: str) -> None:
    """Say which values of a parameter will be ignored; called right before the widget that is bound to it."""
    st.session_state.setdefault(_KNOWN, set()).add(key)
    bad = [value for value in st.query_params.get_all(key) if not accepts(value)]
    if bad:
        _say(f"The link asks for {key} = {', '.join(map(abbreviate, bad))}, which was ignored: it must be {allowed}.")


def drop_unknown_parameters() -> None:
    """Say which parameters no widget of this page knows; called when all widgets have been drawn."""
    unknown = set(st.query_params) - st.session_state.get(_KNOWN, set())
    if unknown:
        names = ", ".join(sorted(map(abbreviate, unknown)))
        _say(f"The link's {names} was ignored: this page has no such parameter.")
        for key in unknown:
            del st.query_params[key]


def _say(sentence: str) -> None:
    st.toast(sentence, icon=":material/link_off:", duration="infinite")
