"""Components of our own: each has a script beside the Python file that declares it, and what `save.js` holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

#: How buttons look that Streamlit has not drawn.
BUTTONS = """
button {
  font: inherit; color: inherit; background: transparent; cursor: pointer; white-space: nowrap;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 0.25rem); padding: 0.25rem 0.75rem;
}
button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color); }
"""
_SHARED = Path(__file__).with_name("save.js").read_text(encoding="utf-8")


def component(file: str, html: str | None = None, css: str | None = None) -> Any:
    """The component that a Python file declares, called like it; `file` is its `__file__`."""
    script = Path(file).with_suffix(".js")
    return st.components.v2.component(script.stem, html=html, css=css, js=_SHARED + script.read_text(encoding="utf-8"))
