"""The search box of all pages: names as papers write them, and an input; the sidebar then selects what was asked."""

from __future__ import annotations

import streamlit as st

from analysis.question import Question, parse_question
from analysis.units import format_size
from archs.errors import DenseScopeError
from views import sidebar, widgets, workbench

#: Of the text box; in the session: what was wrong with the text, and the page that the answer is on.
_BOX, _PROBLEM, _GO = "ask", "ask problem", "ask goes to"
EXAMPLE = "DenseNet-121 vs ResNet-50"
HELP = (
    "One network or several, as papers write them, of DenseScope, timm and torchvision; if you like, with an image "
    "size, a batch size and a data type behind them: `DenseNet-121 vs ResNet-50 @512 b8 fp16`."
)


def draw(shows: int) -> None:
    """The box, on a page that shows so many networks."""
    if page := st.session_state.pop(_GO, None):
        widgets.open_page(page)
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
        st.session_state[_PROBLEM] = str(error)
        return
    st.session_state[_BOX] = ""
    _select(question)
    if len(question.names) > shows:
        st.session_state[_GO] = "views/compare.py" if len(question.names) > 1 else "views/layers.py"


def _select(question: Question) -> None:
    """What the widgets of all pages show from now on."""
    first, *others = question.names
    found = {"networks": [*question.names], "baseline": first, "network": first}
    found["beside"] = others[0] if others else sidebar.NOTHING
    if size := question.image_size:
        found["image_size"] = str(size) if isinstance(size, int) else format_size(size)
    found |= {key: value for key in ("batch_size", "dtype") if (value := getattr(question, key))}
    st.session_state.update(found)
