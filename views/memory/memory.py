"""Memory: where a network's memory goes, at inference and in training, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from analysis.memory.findings import inference_finding, lifetimes_finding, training_finding
from analysis.units import format_si
from archs.errors import DenseScopeError
from views import cached, sidebar, widgets
from views.memory import tables as memory_tables
from views.memory.question import Question
from views.memory.savings import draw_folding, draw_schemes
from views.memory.training import draw_fits, draw_training
from views.sections.live_memory import LIFETIMES, choose_lifetimes, draw_live_memory


def draw_inference(question: Question) -> None:
    """What is alive as the network runs."""
    lifetimes = choose_lifetimes()
    found = {key: cached.inference_memory(question.name, question.settings, key) for key in LIFETIMES}
    memory = found[lifetimes]
    st.markdown(lifetimes_finding(found["eager"], found["minimal"]))
    held = {key: getattr(memory, key) for key in ("peak_bytes", "weight_bytes", "buffer_bytes")}
    held["inference_bytes"] = memory.total_bytes
    memory_tables.draw_headlines((key, nbytes, "") for key, nbytes in held.items())
    peak = memory.peak
    allocated = format_si(peak.allocated_bytes, "B")
    does = f"allocates {allocated}" if peak.allocated_bytes else "overwrites its input"
    st.markdown(f"**Peak layer** `{peak.layer.name}`, which {does}.")
    frame = draw_live_memory(memory, "live_chart")
    widgets.downloads(frame, f"{question.name}_inference_memory")


SECTIONS: dict[str, Callable[[Question], None]] = {
    "Inference": draw_inference,
    "Training": draw_training,
    "Which batch fits": draw_fits,
    "Schemes measured": draw_schemes,
    "Folded": draw_folding,
}


def say_finding(question: Question) -> None:
    """What both modes hold; of a network whose training cannot be counted, why."""
    inference = cached.inference_memory(question.name, question.settings)
    sentences = inference_finding(inference)
    try:
        plain = cached.training_memory(question.name, question.settings)
        recomputed = cached.recomputed_memory(question.name, question.settings)
        sentences += " " + training_finding(plain, inference, recomputed)
    except DenseScopeError:
        pass  # the sections that need it say why
    st.markdown(sentences)
    widgets.say_notes(inference.summary)


def render() -> None:
    """The page."""
    name = sidebar.choose_network()
    st.title(f"Memory: {name}", anchor=False)
    question = Question(name, sidebar.current())
    if st.query_params.get("part") == "Designs measured":  # as older links have it
        st.session_state["part"] = st.query_params["part"] = "Schemes measured"
    section = widgets.choose_segment("Part", "part", tuple(SECTIONS), "Inference", label_visibility="collapsed")
    with widgets.errors_said(sidebar.ANOTHER_NETWORK):
        with sidebar.counting([name]):
            say_finding(question)
            st.caption(f"Counted at {question.settings.describe()}; all figures are for the whole batch.")
        SECTIONS[section](question)


render()
