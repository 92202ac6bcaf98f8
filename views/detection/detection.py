"""Detection: which detector, on which backbone? What is published of their precision, time and energy."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from views import widgets
from views.detection.energy import draw_energy
from views.detection.published import draw_published

#: Each asks in the sidebar for what it reads.
SECTIONS: dict[str, Callable[[], None]] = {
    "Precision and cost": draw_published,
    "Energy": draw_energy,
}


def render() -> None:
    """The page."""
    st.title("Detection", anchor=False)
    section = widgets.choose_segment(
        "Question", "detection", list(SECTIONS), next(iter(SECTIONS)), label_visibility="collapsed"
    )
    SECTIONS[section]()


render()
