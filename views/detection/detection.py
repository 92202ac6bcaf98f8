"""Detection: what do backbones cost in detectors, and what do others find with them, in which time?"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from views import widgets
from views.detection.cost import draw_cost
from views.detection.energy import draw_energy
from views.detection.memory import draw_memory
from views.detection.published import draw_published

#: Each asks in the sidebar for what it reads.
SECTIONS: dict[str, Callable[[], None]] = {
    "Cost of the parts": draw_cost,
    "Memory and time": draw_memory,
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
