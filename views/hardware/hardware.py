"""Hardware: how fast networks are on GPUs, measured, published and predicted, and why."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from analysis.findings import left_out_finding
from analysis.hardware.facts.devices import Device
from analysis.units import format_si
from views import tables, widgets
from views.hardware.accuracy import draw_accuracy
from views.hardware.benchmark import draw_benchmark
from views.hardware.question import Question, ask, known
from views.hardware.speeds import draw_paradox, draw_roofline, draw_speeds

RUN = "Benchmark here"
SECTIONS: dict[str, Callable[[Question], None]] = {
    "GPU FLOP/s": draw_speeds,
    "Accuracy and cost": draw_accuracy,
    "Roofline": draw_roofline,
    "FLOPs and time": draw_paradox,
    RUN: draw_benchmark,
}
DEVICE_COLUMNS = {
    "name": ("Device", "By its data sheet."),
    "year": ("Year", "Of release."),
    "fp32_flops_per_s": ("fp32", "Peak of dense arithmetic."),
    "tf32_flops_per_s": ("tf32", "Peak of dense arithmetic."),
    "fp16_flops_per_s": ("fp16", "Peak of dense arithmetic that accumulates in float32."),
    "bandwidth_bytes_per_s": ("Bandwidth", "Of the device's memory."),
    "l2_bytes": ("L2 cache", "The last cache before memory."),
    "memory_bytes": ("Memory", "Size."),
    "tdp_watts": ("Power", "Design power."),
    "source": ("Source", "Who says so."),
    "note": ("Doubts", "Where sources contradict each other."),
}


def draw_devices(devices: list[Device]) -> None:
    """The data sheets that peaks and predictions rest on."""
    st.subheader("What do the data sheets promise?", anchor=False, help="Peaks and bandwidth, published by makers.")
    rows = [{key: getattr(device, key) or None for key in DEVICE_COLUMNS} for device in devices]
    units = {"l2_bytes": "B", "memory_bytes": "B", "tdp_watts": "W", "bandwidth_bytes_per_s": "B/s"}
    units |= {key: "FLOP/s" for key in DEVICE_COLUMNS if key.endswith("flops_per_s")}
    writers = {key: lambda value, unit=unit: format_si(value, unit) for key, unit in units.items()}
    frame = pd.DataFrame(rows).astype(dict.fromkeys(units, "float64"))
    tables.show(frame, writers, DEVICE_COLUMNS, "devices_table")


def render() -> None:
    """The page."""
    st.title("Hardware", anchor=False)
    section = widgets.choose_segment(
        "Question", "section", list(SECTIONS), next(iter(SECTIONS)), label_visibility="collapsed"
    )
    question = ask(conditions=section != RUN)
    if section == RUN:
        SECTIONS[section](question)
        return
    if not question.names or not question.devices:
        st.info("Choose a network and a device in the sidebar.")
        return
    if left_out := known(question).left_out:
        st.error(left_out_finding(left_out), icon=":material/error:")
    SECTIONS[section](question)
    draw_devices(question.devices)


render()
