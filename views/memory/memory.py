"""Memory: where a network's memory goes, at inference and in training, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from analysis.findings import reason
from analysis.memory.findings import inference_finding, training_finding
from archs.errors import DenseScopeError
from views import cached, sidebar, widgets
from views.memory import designs as memory_designs
from views.memory import fits as memory_fits
from views.memory import folding as memory_folding
from views.memory import inference as memory_inference
from views.memory import training as memory_training
from views.memory.inputs import Question

SECTIONS: dict[str, Callable[[Question], None]] = {
    "Inference": memory_inference.draw,
    "Training": memory_training.draw,
    "Which batch fits": memory_fits.draw,
    "Designs measured": memory_designs.draw,
    "Folded": memory_folding.draw,
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


def render() -> None:
    """The page."""
    name = sidebar.choose_network()
    st.title(f"Memory: {name}", anchor=False)
    question = Question(name, sidebar.current())
    section = widgets.choose_segment("Part", "part", tuple(SECTIONS), "Inference", label_visibility="collapsed")
    try:
        with sidebar.counting([name]):
            say_finding(question)
            st.caption(f"Counted at {question.settings}; all figures are for the whole batch.")
        SECTIONS[section](question)
    except DenseScopeError as error:
        st.error(f"{reason(error)} Or choose another network in the sidebar.", icon=":material/error:")


render()
