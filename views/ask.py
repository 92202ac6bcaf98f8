"""The search box of all pages: names as papers write them, and an input; the sidebar then selects what was asked."""

from __future__ import annotations

from typing import Any

import streamlit as st

from analysis.findings import reason
from analysis.question import Question, parse_question
from analysis.units import format_size
from archs.errors import DenseScopeError
from views import widgets, workbench

#: Of the text box; in the session: what was wrong with the text, and the page that the answer is on.
_BOX, _PROBLEM, _GO = "ask", "ask problem", "ask goes to"
EXAMPLE = "DenseNet-121 vs ResNet-50"
HELP = (
    "One network or several, as papers write them, of DenseScope, timm and torchvision, or `run:NAME`; if you like, "
    "with an image size, a batch size and a data type behind them: `DenseNet-121 vs ResNet-50 @512 b8 fp16`."
)


def draw(shows: int) -> None:
    """The box, on a page that shows so many networks."""
    if where := st.session_state.pop(_GO, None):
        widgets.open_page(*where)
    with st.sidebar:
        st.text_input(
            "Find networks",
            key=_BOX,
            placeholder=EXAMPLE,
            icon=":material/search:",
            help=HELP,
            on_change=_answer,
            args=(shows,),
        )
        if sentence := st.session_state.pop(_PROBLEM, None):
            widgets.say_error(sentence)


def _answer(shows: int) -> None:
    """Select what was asked for, here if this page shows so many networks, else where they can be seen."""
    text = st.session_state[_BOX]
    if not text.strip():
        return
    try:
        question = parse_question(text, workbench.offered())
    except DenseScopeError as error:
        st.session_state[_PROBLEM] = reason(error)
        return
    st.session_state[_BOX] = ""
    selected = _selected(question)
    st.session_state.update(selected)
    if len(question.names) > shows:
        script, keys = _PAGES[len(question.names) > 1]
        st.session_state[_GO] = script, {key: selected[key] for key in keys}


#: Where one network can be seen, and several, and the keys of what they show.
_PAGES = ("views/layers.py", ("network",)), ("views/compare.py", ("networks", "baseline"))


def _selected(question: Question) -> dict[str, Any]:
    """What the widgets of all pages show from now on, by their keys."""
    first, *others = question.names
    found: dict[str, Any] = {"networks": [*question.names], "baseline": first, "network": first}
    found["beside"] = others[0] if others else workbench.NOTHING
    if size := question.image_size:
        found["image_size"] = str(size) if isinstance(size, int) else format_size(size)
    return found | {key: value for key in ("batch_size", "dtype") if (value := getattr(question, key))}
