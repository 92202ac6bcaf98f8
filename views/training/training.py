"""Training: what does a network learn? Start a run, watch it beside others, and see what it gets wrong."""

from __future__ import annotations

import streamlit as st

from views.training.results import draw_results
from views.training.runs import choose_runs, draw_runs, follow, say_done, say_finding
from views.training.start import draw_start


def render() -> None:
    """The page."""
    st.title("Training", anchor=False)
    finding = st.container()
    draw_start()
    say_done()
    if runs := choose_runs():
        with finding:
            follow(say_finding, runs)
        follow(draw_runs, runs)
        draw_results(runs)


render()
