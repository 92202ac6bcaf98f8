"""A block diagram on the page, with buttons that save it; Streamlit's own elements take no SVG."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HTML = """<div class="diagram"></div>
<p>Download, as drawn: <button class="svg" type="button">SVG</button> <button class="png" type="button">PNG</button></p>
"""
CSS = """
.diagram svg { max-width: 100%; height: auto; }
p { font: inherit; margin: 0.5rem 0 0; }
button {
  font: inherit; color: inherit; background: transparent; cursor: pointer;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 0.25rem); padding: 0.25rem 0.75rem;
}
button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color); }
"""
_diagram = st.components.v2.component(
    "block_diagram", html=HTML, css=CSS, js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def show(svg: str, name: str, key: str) -> None:
    """The picture.

    Args:
        svg: its text.
        name: of the files that it is saved as, without ending.
        key: of the element, unique on the page.
    """
    _diagram(data={"svg": svg, "name": name}, key=key)
