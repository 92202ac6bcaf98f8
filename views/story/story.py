"""Story: how one network became another, change by change; and which of the things said of them hold."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from views import widgets
from views.story.chain import draw_chain
from views.story.claims import draw_claims

#: What the page tells; each writes its title and what it finds into the head.
SECTIONS: dict[str, Callable[[DeltaGenerator], None]] = {"Chains": draw_chain, "Claims": draw_claims}


def render() -> None:
    """The page."""
    head = st.container(key="story_head")
    head.empty()  # a container without anything in it takes no place
    section = widgets.choose_segment("Part", "story", [*SECTIONS], "Chains", label_visibility="collapsed")
    SECTIONS[section](head)


render()
