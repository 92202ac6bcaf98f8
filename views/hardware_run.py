"""Hardware: run a benchmark on this machine, and keep, export, import and delete what was measured."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.benchmark import benchmark_workload
from analysis.measuring.record import Measurement
from analysis.measuring.workload import PRECISIONS, Workload
from analysis.results import Results, decode, encode
from analysis.units import format_share, format_si
from archs.checks import MAX_BATCH_SIZE
from archs.errors import DenseScopeError
from views import inputs, tables, widgets
from views.hardware_inputs import Question

REPEATS = ("5", "10", "20", "50", "100")
TITLES = {
    "name": ("Network", "Name in the registry."),
    "device": ("Device", "As the machine calls it."),
    "images_per_s": ("Images/s", "Batch size / median."),
    "seconds": ("Median", "Time of one batch."),
    "seconds_low": ("Lower quartile", "A quarter of the runs took less."),
    "seconds_high": ("Upper quartile", "A quarter of the runs took more."),
    "flops_per_s": ("FLOP/s", "2 × MACs / median."),
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


def draw(question: Question) -> None:
    """The section."""
    st.subheader("How fast is a network on this machine?", anchor=False)
    if message := st.session_state.pop("benchmark_message", None):
        st.success(message, icon=":material/check:")
    if importlib.util.find_spec("torch") is None:
        st.info("Timing networks needs torch, which is not installed here; measurements of others can be imported.")
    else:
        _ask_and_run(question)
    _draw_history(question.measurements)


@st.cache_resource(show_spinner="Looking for devices …")
def _devices() -> list[str]:
    """What networks can be timed on here; imports torch."""
    import torch

    return ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]


def _ask_and_run(question: Question) -> None:
    columns = st.columns([3, 2, 2, 2, 2], vertical_alignment="bottom")
    with columns[0]:
        names = question.names or ["peleenet"]
        name = widgets.choose("Network", "run_network", names, names[-1] if "peleenet" not in names else "peleenet")
    with columns[1]:
        device = widgets.choose("Device", "run_device", _devices(), _devices()[-1])
    with columns[2]:
        batch = widgets.choose_integer("Batch size", "run_batch", 1, MAX_BATCH_SIZE)
    with columns[3]:
        precision = widgets.choose("Precision", "run_precision", tuple(PRECISIONS), "float32")
    with columns[4]:
        repeats = widgets.choose("Timed runs", "repeats", REPEATS, "5", help="After three that warm up.")
    with st.container(horizontal=True):
        started = st.button("Run", type="primary", icon=":material/play_arrow:")
        st.button("Stop", icon=":material/stop:", help="Ends a run; what was measured before is kept.")
    if started:
        try:
            _run(name, Workload(device, batch, inputs.current().image_size, precision, repeats=int(repeats)))
        except DenseScopeError as error:
            st.error(str(error), icon=":material/error:")


def _run(name: str, workload: Workload) -> None:
    """Time, keep, and draw the page again. A click on any widget ends it: then the bar's next step raises."""
    bar = st.progress(0.0, f"Building and warming up {name} …")
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        bar.progress(min(1.0, done / workload.repeats), f"{name}, {workload.device}: run {done} of {workload.repeats}")

    measurement = benchmark_workload(name, workload, advance)
    Results().add([measurement])
    st.session_state["benchmark_message"] = _sentence(measurement)
    st.rerun()


def _sentence(measurement: Measurement) -> str:
    """What was just measured."""
    if measurement.seconds is None or measurement.images_per_s is None or measurement.flops_per_s is None:
        return f"{measurement.name} needs more memory than {measurement.machine.device_name} has: kept as a result."
    return (
        f"Measured: {measurement.name} takes {format_si(measurement.seconds, 's')} a batch on "
        f"{measurement.machine.device_name}: {format_si(measurement.images_per_s)} images/s, "
        f"{format_si(measurement.flops_per_s, 'FLOP/s')}."
    )


def _draw_history(measurements: list[Measurement]) -> None:
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
            )
            _draw_delete(measurements)
        with st.popover("Import", icon=":material/upload:"):
            st.file_uploader("Results exported by DenseScope", type="json", key="results_file", on_change=_import)
    if sentence := st.session_state.pop("results_problem", None):
        st.error(sentence, icon=":material/error:")


def _show(rows: list[dict[str, object]]) -> None:
    frame = pd.DataFrame(rows)[list(TITLES)]
    sizes, write_size = tables.by_area(frame["image_size"])
    numbers = ["images_per_s", "seconds", "seconds_low", "seconds_high", "flops_per_s", "share_of_peak"]
    writers = {
        "images_per_s": format_si,
        **dict.fromkeys(("seconds", "seconds_low", "seconds_high"), lambda value: format_si(value, "s")),
        "flops_per_s": lambda value: format_si(value, "FLOP/s"),
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
        st.session_state["results_problem"] = str(error)


def _import() -> None:
    file = st.session_state["results_file"]
    if file is None:
        return
    try:
        new = Results().add(decode(file.getvalue(), Path(file.name)))
        st.session_state["benchmark_message"] = f"{new} of the imported measurements are new here."
    except DenseScopeError as error:
        st.session_state["results_problem"] = str(error)
