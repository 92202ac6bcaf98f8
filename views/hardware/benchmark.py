"""Hardware: run a benchmark on this machine, and what has been measured so far."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.columns import columns
from analysis.facts import get_device
from analysis.hardware.findings import measured_finding
from analysis.hardware.measure.benchmark import benchmark_sweep, doublings
from analysis.hardware.measure.record import Measurement, Workload
from analysis.hardware.measure.results import Results, decode, encode
from analysis.hardware.speeds import Speed, measured_speed
from analysis.precision import PRECISIONS
from analysis.units import format_si
from archs.checks import MAX_BATCH_SIZE
from archs.errors import DenseScopeError
from archs.registry import list_archs
from views import tables, widgets
from views.charts.speeds import bars
from views.hardware.question import DEFAULT_DEVICES, Question, ask, colours, known, show_speeds
from views.hardware.speeds import draw_abreast
from views.hardware.turn import alone_on_this_machine
from views.public import is_public, refused
from views.workbench import is_design

REPEATS = ("5", "10", "20", "50", "100")
#: In the session: what a run that has not come to its end has measured so far.
UNDER_WAY = "benchmark_under_way"


OTHERS = "Published, not measured here: batches of 256 to 1,024 in amp float16. Hover a bar for its source."
FASTEST = "Images/s at the fastest batch; the table has all measurements, the newest first. Kept in your data folder."


def draw_benchmark() -> None:
    """The section."""
    question = ask("none")
    own = fastest(question.measurements, question.names)
    others = [] if own else _published(question)
    widgets.say(measured_finding(own, others))
    _report()
    if refused("networks are timed, and measurements imported,"):
        pass
    elif importlib.util.find_spec("torch") is None:
        st.info("Timing networks needs torch, which is not installed here; measurements of others can be imported.")
    else:
        _ask_and_run(question)
    if own:
        _draw_bars("What has been measured?", FASTEST, own, lambda: _show_history(question.measurements))
    elif others:
        _draw_bars("What have others measured?", OTHERS, others, lambda: show_speeds(others, "others_table"))
    if question.measurements and not own:
        st.header("What has been measured?", anchor=False, help="Kept in your data folder, the newest first.")
        _show_history(question.measurements)
    if not is_public():
        _draw_exchange(question.measurements)


def fastest(measurements: Sequence[Measurement], names: Sequence[str]) -> list[Speed]:
    """Of each of some networks, device and execution, the measurement with the most images/s."""
    best: dict[tuple[str, str, str], Speed] = {}
    for speed in (measured_speed(one) for one in measurements if one.name in names and not one.out_of_memory):
        key = (speed.name, speed.device, speed.execution)
        best[key] = max(speed, best.get(key, speed), key=lambda each: each.images_per_s)
    return list(best.values())


def _published(question: Question) -> list[Speed]:
    """What is published of the chosen networks on some GPUs."""
    devices = [get_device(name) for name in DEFAULT_DEVICES]
    return [speed for speed in known(question, devices=devices).speeds if speed.evidence == "published"]


def _draw_bars(title: str, help: str, speeds: Sequence[Speed], table: Callable[[], None]) -> None:
    with widgets.chart_or_table(title, help, table):
        theme = widgets.current_theme()
        shades = colours([speed.name for speed in speeds], theme)
        draw_abreast(bars(speeds, "images_per_s", shades, theme), "measured_bars", "Bars of images/s by network on")


def _report() -> None:
    """What became of the last run, and of what was asked of the history."""
    state = st.session_state
    if (kept := state.pop(UNDER_WAY, None)) is not None:
        done = "" if not kept else f" {_sentence(kept[-1])}"
        st.info(widgets.literal(f"The run was stopped; {_count(kept)} kept.{done}"), icon=":material/stop:")
    if message := state.pop("benchmark_message", None):
        st.success(widgets.literal(message), icon=":material/check:")
    if problem := state.pop("benchmark_problem", None):
        widgets.say_error(problem)


def _count(kept: Sequence[Measurement]) -> str:
    return {0: "nothing was finished, and what was measured before is", 1: "one finished measurement is"}.get(
        len(kept), f"{len(kept)} finished measurements are"
    )


@st.cache_resource(show_spinner="Looking for devices …")
def _devices() -> list[str]:
    """What networks can be timed on here; imports torch."""
    import torch

    return ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]


def _ask_and_run(question: Question) -> None:
    first, second, third, fourth, fifth = st.columns([3, 2, 2, 2, 2], vertical_alignment="bottom")
    # Measurements outlive the shelf, so what is timed has a name that lasts.
    names = list(dict.fromkeys([*(name for name in question.names if not is_design(name)), *list_archs()]))
    name = widgets.choose("Network", "run_network", names, "peleenet", first)
    device = widgets.choose("Device", "run_device", _devices(), _devices()[-1], second)
    batch = widgets.choose_integer("Batch size", "run_batch", 1, MAX_BATCH_SIZE, third)
    precision = widgets.choose_precision("Precision", "run_precision", tuple(PRECISIONS), "float32", fourth)
    repeats = widgets.choose("Timed runs", "repeats", REPEATS, "5", fifth, help="After three that warm up.")
    with st.container(horizontal=True, vertical_alignment="center"):
        channels_last = widgets.switch("Channels last", "run_channels_last", False, help="Keep tensors as NHWC.")
        compiled = widgets.switch("Compile", "run_compile", False, help="Run what torch.compile makes of it.")
        sweep = widgets.switch(
            "Sweep", "run_sweep", False, help="Double the batch until memory ends; each batch is kept at once."
        )
        started = st.button("Run", type="primary", icon=":material/play_arrow:")
    if started:
        size = question.conditions.image_size
        _run(name, Workload(device, batch, size, precision, channels_last, compiled, int(repeats)), sweep=sweep)


def _run(name: str, workload: Workload, *, sweep: bool) -> None:
    """Time, keep, and draw the page again. A click on any widget ends it: then the bar's next step raises."""
    kept: list[Measurement] = []
    st.session_state[UNDER_WAY] = kept
    st.button("Stop", icon=":material/stop:", help="After the run under way; what is finished is kept.")
    bar, so_far = st.progress(0.0, f"Building and warming up {widgets.literal(name)} …"), st.empty()
    batches = list(doublings(workload.batch_size)) if sweep else [workload.batch_size]
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        at = f"{name}, {workload.device}, batch {batches[len(kept)]:,}"
        bar.progress(min(1.0, done / workload.repeats), f"{widgets.literal(at)}: run {done} of {workload.repeats}")

    try:
        with alone_on_this_machine():
            for measurement in benchmark_sweep(name, workload, batches, advance):
                Results().add([measurement])
                kept.append(measurement)
                so_far.caption(widgets.literal(_sentence(measurement)))
                done = 0
    except DenseScopeError as error:
        st.session_state["benchmark_problem"] = str(error)
    if kept:
        more = f" {len(kept)} batch sizes are kept." if sweep else ""
        st.session_state["benchmark_message"] = f"{_sentence(kept[-1])}{more}"
    del st.session_state[UNDER_WAY]
    st.rerun()


def _sentence(measurement: Measurement) -> str:
    """What was just measured."""
    at = f"{measurement.name} at batch {measurement.workload.batch_size:,}"
    if measurement.seconds is None or measurement.images_per_s is None or measurement.flops_per_s is None:
        return f"{at} needs more memory than {measurement.machine.device_name} has: kept as a result."
    return (
        f"Measured: {at} takes {format_si(measurement.seconds, 's')} on "
        f"{measurement.machine.device_name}: {format_si(measurement.images_per_s)} images/s, "
        f"{format_si(measurement.flops_per_s, 'FLOP/s')}."
    )


HISTORY_COLUMNS = columns(
    *("network.name", "outcome", "device", "images_per_s", "seconds", "seconds_low", "seconds_high", "flops_per_s"),
    *("joules_per_image", "share_of_peak", "batch_size", "image_size", "precision", "layout", "execution"),
    *("repeats", "threads", "software", "date"),
)


#: Measurements on a page of the history.
PAGE = 200


def _page_of(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Those that the history shows, the newest first; the page is asked for where there are several."""
    pages = max(1, -(-len(measurements) // PAGE))
    first = (st.session_state.get("history_page", 1) - 1) % pages * PAGE
    newest = measurements[::-1]
    return list(newest[first : first + PAGE])


def _show_history(measurements: Sequence[Measurement]) -> None:
    if len(measurements) > PAGE:
        last = -(-len(measurements) // PAGE)
        label = f"Page of {last:,}, {PAGE} measurements each of {len(measurements):,}"
        st.number_input(label, 1, last, key="history_page", persist_state="session", width=320)
    rows = [one.row() for one in _page_of(measurements)]
    tables.show(pd.DataFrame(rows), HISTORY_COLUMNS, "history_table", 460)


def _draw_exchange(measurements: list[Measurement]) -> None:
    """What can be done with the measurements."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if measurements:
            st.download_button(
                "Export",
                lambda: encode(measurements),
                "densescope-results.json",
                "application/json",
                on_click="ignore",
                icon=":material/download:",
                help="Every run's seconds and circumstances, for Import on another machine.",
            )
            _draw_delete(measurements)
        with st.popover("Import", icon=":material/upload:"):
            st.file_uploader(
                "Results exported by DenseScope", type="json", key="results_file", max_upload_size=64, on_change=_import
            )


def _draw_delete(measurements: list[Measurement]) -> None:
    labels = {one.id: f"{one.name}, {one.workload.description}, {one.date}" for one in _page_of(measurements)}
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
