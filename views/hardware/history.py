"""Hardware: what has been measured, kept in the user's data folder: shown, exported, imported and deleted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.hardware.measure.record import Measurement
from analysis.hardware.measure.results import Results, decode, encode
from analysis.units import format_share, format_si
from archs.errors import DenseScopeError
from views import tables

TITLES = {
    "name": ("Network", "Name in the registry."),
    "outcome": ("Outcome", "measured, or out of memory."),
    "device": ("Device", "As the machine calls it."),
    "images_per_s": ("Images/s", "Batch size / median."),
    "seconds": ("Median", "Time of one batch."),
    "seconds_low": ("Lower quartile", "A quarter of the runs took less."),
    "seconds_high": ("Upper quartile", "A quarter of the runs took more."),
    "flops_per_s": ("FLOP/s", "2 × MACs / median."),
    "joules_per_image": ("Energy", "Of an image, by the GPU's counter, where it has one."),
    "share_of_peak": ("of peak", "FLOP/s / the data sheet's peak, where it is known."),
    "batch_size": ("Batch", "Images at once."),
    "image_size": ("Input", "Height × width in pixels."),
    "precision": ("Precision", "Of the arithmetic."),
    "layout": ("Layout", "Order of a tensor's axes in memory."),
    "execution": ("Execution", "eager or compiled."),
    "repeats": ("Runs", "Timed runs."),
    "threads": ("Threads", "Of the processor."),
    "software": ("Software", "Versions."),
    "date": ("Date", "UTC."),
}


def draw(measurements: list[Measurement]) -> None:
    """The table, and what can be done with it."""
    st.subheader("What has been measured?", anchor=False, help="Kept in your data folder, the newest first.")
    if measurements:
        _show([one.row() for one in reversed(measurements)])
    else:
        st.info("Nothing has been measured yet: press Run, or import what was measured on another machine.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if measurements:
            st.download_button(
                "Export",
                encode(measurements),
                "densescope-results.json",
                "application/json",
                on_click="ignore",
                icon=":material/download:",
                help="Every run's seconds and circumstances, for Import on another machine.",
            )
            _draw_delete(measurements)
        with st.popover("Import", icon=":material/upload:"):
            st.file_uploader("Results exported by DenseScope", type="json", key="results_file", on_change=_import)


def _show(rows: list[dict[str, object]]) -> None:
    frame = pd.DataFrame(rows)[list(TITLES)]
    sizes, write_size = tables.by_area(frame["image_size"])
    seconds = ("seconds", "seconds_low", "seconds_high")
    numbers = (*seconds, "images_per_s", "flops_per_s", "share_of_peak", "joules_per_image")
    writers = {
        "images_per_s": format_si,
        **dict.fromkeys(seconds, lambda value: format_si(value, "s")),
        "flops_per_s": lambda value: format_si(value, "FLOP/s"),
        "joules_per_image": lambda value: format_si(value, "J"),
        "share_of_peak": format_share,
        "image_size": write_size,
    }
    shown = frame.assign(image_size=sizes).astype(dict.fromkeys(numbers, "float64"))
    tables.show(shown, writers, TITLES, "history_table", height=min(460, 40 + 35 * len(rows)))


def _draw_delete(measurements: list[Measurement]) -> None:
    labels = {one.id: f"{one.name}, {one.workload.description}, {one.date}" for one in reversed(measurements)}
    with st.popover("Delete", icon=":material/delete:"):
        st.multiselect("Measurements", list(labels), format_func=labels.__getitem__, key="condemned")
        st.button("Delete these for good", key="delete_results", on_click=_delete)


def _delete() -> None:
    try:
        Results().delete(st.session_state["condemned"])
    except DenseScopeError as error:
        st.session_state["benchmark_problem"] = str(error)


def _import() -> None:
    file = st.session_state["results_file"]
    if file is None:
        return
    try:
        new = Results().add(decode(file.getvalue(), Path(file.name)))
        st.session_state["benchmark_message"] = f"{new} of the imported measurements are new here."
    except DenseScopeError as error:
        st.session_state["benchmark_problem"] = str(error)
