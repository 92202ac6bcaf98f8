"""Hardware: run a benchmark on this machine, and what has been measured so far."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from analysis.columns import columns
from analysis.facts import get_device
from analysis.hardware.findings import disturbed_finding, measured_finding
from analysis.hardware.measure.benchmark import doublings
from analysis.hardware.measure.record import Measurement, Workload
from analysis.hardware.measure.results import Results, decode, encode
from analysis.hardware.speeds import Speed
from analysis.precision import PRECISIONS
from archs.checks import MAX_BATCH_SIZE
from archs.errors import DenseScopeError
from archs.registry import list_archs
from views import tables, widgets
from views.charts.speeds import bars
from views.hardware.question import DEFAULT_DEVICES, Question, ask, colours, known, own_speeds, show_speeds
from views.hardware.speeds import draw_abreast
from views.hardware.timed import SECONDS, Told, memory_bytes, time_and_keep
from views.public import is_public, is_there, refused, session_id
from views.work import process
from views.workbench import is_design

REPEATS = ("5", "10", "20", "50", "100")
#: In the session: how far a run is that has not come to its end.
UNDER_WAY = "benchmark_under_way"


OTHERS = "Published, not measured here: batches of 256 to 1,024 in amp float16. Hover a bar for its source."
FASTEST = "Images/s at the fastest batch; the table has all measurements, the newest first. Kept in your data folder."


def draw_benchmark() -> None:
    """The section."""
    question = ask("none")
    own = fastest(own_speeds(question))
    others = [] if own else _published(question)
    widgets.say(f"{measured_finding(own, others)} {disturbed_finding(own)}".rstrip())
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


def fastest(speeds: Sequence[Speed]) -> list[Speed]:
    """Of each network, device and execution, the measurement with the most images/s."""
    best: dict[tuple[str, str, str], Speed] = {}
    for speed in speeds:
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
    if (told := state.pop(UNDER_WAY, None)) is not None:
        st.info(
            widgets.literal(f"The run was stopped; {_count(told.kept)} kept. {told.said}".rstrip()),
            icon=":material/stop:",
        )
    if message := state.pop("benchmark_message", None):
        st.success(widgets.literal(message), icon=":material/check:")
    if problem := state.pop("benchmark_problem", None):
        widgets.say_error(problem)


def _count(kept: int) -> str:
    return {0: "nothing was finished, and what was measured before is", 1: "one finished measurement is"}.get(
        kept, f"{kept} finished measurements are"
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
    """Time and keep in a process of its own, and draw the page again. A click on any widget, Stop among them, ends it,
    and so does leaving.
    """
    state = st.session_state
    state[UNDER_WAY] = Told("", 0.0)
    st.button("Stop", icon=":material/stop:", help="What is finished is kept.")
    building = f"Building and warming up {widgets.literal(name)} …"
    bar, so_far = st.progress(0.0, building), st.empty()

    def tell(word: Any) -> None:
        if isinstance(word, Told):
            state[UNDER_WAY] = word
            so_far.caption(widgets.literal(word.said))
            bar.progress(word.share, widgets.literal(word.doing))
        else:
            bar.progress(0.0, word or building)

    batches = list(doublings(workload.batch_size)) if sweep else [workload.batch_size]
    limits = {"seconds": SECONDS, "nbytes": memory_bytes()}
    here = partial(is_there, session_id())
    try:
        told = process.run(time_and_keep, name, workload, batches, told="before", tell=tell, goes_on=here, **limits)
    except DenseScopeError as error:
        told = state[UNDER_WAY]._replace(problem=str(error))
    if told.said:
        more = f" {told.kept} batch sizes are kept." if sweep else ""
        state["benchmark_message"] = f"{told.said}{more}"
    state["benchmark_problem"] = told.problem
    del state[UNDER_WAY]
    st.rerun()


HISTORY_COLUMNS = columns(
    *("network.name", "outcome", "device", "images_per_s", "seconds", "seconds_low", "seconds_high", "flops_per_s"),
    *("joules_per_image", "share_of_peak", "batch_size", "image_size", "precision", "layout", "execution"),
    *("repeats", "disturbance", "threads", "software", "date"),
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
