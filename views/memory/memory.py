"""Memory: where a network's memory goes, at inference and in training, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from analysis.memory.findings import inference_finding, lifetimes_finding, verdict
from analysis.units import format_si
from views import cached, sidebar, widgets
from views.memory import tables as memory_tables
from views.memory.question import Question, choose_budget, choose_optimizer
from views.memory.savings import draw_folding, draw_schemes
from views.memory.training import draw_fits, draw_training, footprints_of
from views.sections.live_memory import LIFETIMES, choose_lifetimes, draw_live_memory


def draw_inference(question: Question) -> None:
    """What is alive as the network runs."""
    words, place = st.columns([7, 2])
    with place:
        lifetimes = choose_lifetimes()
    found = {key: cached.inference_memory(question.name, question.settings, key) for key in LIFETIMES}
    memory = found[lifetimes]
    with words:
        sentences = f"{inference_finding(memory)} {lifetimes_finding(found['eager'], found['minimal'])}"
        widgets.say(sentences)
    frame = draw_live_memory(memory, "live_chart")
    held = {key: getattr(memory, key) for key in ("peak_bytes", "weight_bytes", "buffer_bytes")}
    held["inference_bytes"] = memory.total_bytes
    memory_tables.draw_headlines((key, nbytes, "") for key, nbytes in held.items())
    peak = memory.peak
    allocated = format_si(peak.allocated_bytes, "B")
    does = f"allocates {allocated}" if peak.allocated_bytes else "overwrites its input"
    st.markdown(f"**Peak layer** {widgets.literal(peak.layer.name)}, which {does}.")
    widgets.downloads(frame, f"{question.name}_inference_memory")


SECTIONS: dict[str, Callable[[Question], None]] = {
    "Inference": draw_inference,
    "Training": draw_training,
    "Which batch fits": draw_fits,
    "Schemes measured": draw_schemes,
    "Folded": draw_folding,
}


def say_verdict(question: Question) -> None:
    """Whether it fits; of a network whose training cannot be counted, why."""
    found, problem = footprints_of(question)
    opening, _, rest = verdict(found, question.budget_bytes, question.settings.batch_size).partition("; ")
    st.markdown(f"**{widgets.literal(opening)}**; {widgets.literal(rest)}")
    if problem:
        st.info(widgets.literal(f"Inference alone: {problem}"))


def render() -> None:
    """The page."""
    name = sidebar.choose_network()
    st.title(f"Memory: {widgets.literal(name)}", anchor=False)
    settings = sidebar.current()
    if st.query_params.get("part") == "Designs measured":  # as older links have it
        st.session_state["part"] = st.query_params["part"] = "Schemes measured"
    section = widgets.choose_segment("Part", "part", tuple(SECTIONS), "Inference", label_visibility="collapsed")
    words, left, right = st.columns([5, 2, 2])
    with left:
        budget = choose_budget()
    with right:
        question = Question(name, settings, budget, choose_optimizer())
    with widgets.errors_said(sidebar.ANOTHER_NETWORK):
        with words, sidebar.counting([name]):
            say_verdict(question)
        SECTIONS[section](question)
        st.caption(f"Counted at {settings.describe()}; all figures are for the whole batch.")
        summary = cached.summary(name, settings)
        if summary.target.detector:
            st.caption(f"{summary.target.detector.step_words}.")
        widgets.say_notes(summary)


render()
