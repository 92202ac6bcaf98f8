"""The session's workbench, which the Design view edits and other views put designs on."""

from __future__ import annotations

import streamlit as st

from archs.design import Design, parse_design
from archs.errors import DenseScopeError
from views import links
from views.design.workbench import BENCH, Workbench
from views.networks import DEFAULT

#: Of the link.
PARAMETER = "design"


def bench() -> Workbench:
    """The session's workbench; a new one has the link's design on it."""
    if BENCH not in st.session_state:
        design = _linked()
        new = Workbench.with_design(design) if design else Workbench.with_network(DEFAULT.baseline)
        st.session_state[BENCH] = new
    return st.session_state[BENCH]


def carry_in_link() -> None:
    """Let the page's link carry the design."""
    st.query_params[PARAMETER] = bench().current.to_link()


def _linked() -> Design | None:
    """The design that the link carries."""
    links.check(PARAMETER, _is_design, "a design that this page wrote")
    text = st.query_params.get(PARAMETER, "")
    return parse_design(text) if text and _is_design(text) else None


def _is_design(text: str) -> bool:
    try:
        return bool(parse_design(text))
    except DenseScopeError:
        return False
