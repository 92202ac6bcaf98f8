"""A menu that saves any chart of the page as a card: its title, the page's finding, source and link around it."""

from __future__ import annotations

import streamlit as st

from views.component import component

HTML = """<details><summary>Share</summary><ul></ul></details>"""
CSS = """
details { position: relative; font: inherit; }
summary, button {
  font: inherit; color: inherit; background: var(--st-background-color); cursor: pointer; list-style: none;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 0.25rem); padding: 0.2rem 0.7rem;
}
summary::-webkit-details-marker { display: none; }
summary:hover, button:hover, :is(summary, button):focus-visible {
  border-color: var(--st-primary-color); outline-color: var(--st-primary-color);
}
ul {
  position: absolute; right: 0; margin: 0.3rem 0 0; padding: 0.4rem 0.8rem; width: max-content; max-width: 80vw;
  background: var(--st-background-color); border: 1px solid var(--st-border-color); border-radius: 0.4rem;
}
li { display: flex; gap: 0.5rem; align-items: center; justify-content: space-between; padding: 0.25rem 0; }
"""
_menu = component(__file__, HTML, CSS)


def draw() -> None:
    """The menu; it finds on the page what it saves, so that it comes last."""
    with st.container(key="share", width="content"):
        _menu(key="share_menu")
