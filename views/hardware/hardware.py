"""Hardware: how fast networks are on GPUs, measured, published and predicted, and why."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from views import widgets
from views.hardware.accuracy import draw_accuracy
from views.hardware.benchmark import draw_benchmark
from views.hardware.needs import draw_needs
from views.hardware.question import Question, ask, draw_devices, known
from views.hardware.speeds import draw_paradox, draw_roofline, draw_speeds
from views.hardware.training import draw_training


def on_devices(draw: Callable[[Question], None], devices: Literal["one", "several", "all"]) -> None:
    """A section on networks and devices; says what is missing, and which networks are left out."""
    question = ask(devices)
    if not question.names or not question.devices:
        st.info("Choose a network and a device in the sidebar.")
        return
    if devices == "all":  # what it draws of one network names what is missing
        draw(question)
        return
    widgets.say_left_out(known(question).left_out)
    draw(question)
    draw_devices(question.devices)


#: Each asks in the sidebar for what it reads.
SECTIONS: dict[str, Callable[[], None]] = {
    "Speed": partial(on_devices, draw_speeds, "several"),
    "Which device?": partial(on_devices, draw_needs, "all"),
    "Training steps": partial(on_devices, draw_training, "several"),
    "Accuracy and cost": draw_accuracy,
    "Roofline": partial(on_devices, draw_roofline, "one"),
    "FLOPs and time": partial(on_devices, draw_paradox, "one"),
    "Benchmark here": draw_benchmark,
}


def render() -> None:
    """The page."""
    st.title("Hardware", anchor=False)
    section = widgets.choose_segment(
        "Question", "section", list(SECTIONS), next(iter(SECTIONS)), label_visibility="collapsed"
    )
    SECTIONS[section]()


render()
