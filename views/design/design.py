"""Design: a network of one's own, edited live, against the registered one that it started from; the shelf below it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pandas as pd
import streamlit as st

from analysis import Summary, summarize
from analysis.columns import columns
from analysis.findings import delta_finding, network_finding, reason
from analysis.hardware.speeds import usual_conditions
from analysis.precision import DTYPE_BYTES
from analysis.summary import comparison_row
from analysis.units import format_si
from archs.described import check_bytes
from archs.design import Design, parse_design
from archs.errors import DenseScopeError
from archs.registry import get_config, list_archs
from views import cached, sidebar, tables, widgets, workbench
from views.answers import fingerprint
from views.design import editor as design_editor
from views.design.editor import draw_editor
from views.design.model_file import write_model
from views.design.results import CHARTS, draw_counted, draw_predicted, draw_trained
from views.elsewhere import elsewhere
from views.public import is_public
from views.sidebar import InputSettings
from views.workbench import Workbench

#: Where a design is trained.
TRAINING = "views/training/training.py"
COLUMNS = ("depth", "params", "macs", "memory_access_cost", "bytes_moved", "arithmetic_intensity", "activations")


def draw_shelf(bench: Workbench, summaries: list[Summary], settings: InputSettings) -> None:
    """The table of designs, and what can be done with them; `summaries` are those of what is on the bench."""
    st.header(
        "Shelf",
        anchor=False,
        help="Kept in this browser, also after a reload; save what others should have as a file, or copy the link.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Keep this design", icon=":material/bookmark_add:", on_click=bench.keep)
        help = "Keeps it, and opens Training with it."
        if st.button("Train this", icon=":material/model_training:", help=help):
            _train(bench)
        st.download_button(
            "Save as JSON",
            lambda: bench.current.to_json(),  # written on demand: while a slider moves, files would come and go
            file_name=f"{_file_name(bench.current)}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        with st.popover("Load a design", icon=":material/upload:"):
            st.file_uploader(
                "Design file", type="json", key="design file", max_upload_size=1, on_change=_load, args=(bench,)
            )
    if sentence := st.session_state.pop("design file problem", None):
        widgets.say_error(sentence)
    _draw_table(summaries, bench, settings)
    for name in bench.shelf:
        with st.container(horizontal=True, vertical_alignment="center", key=f"shelf {name}"):
            st.button(f"Open {widgets.literal(name)}", key=f"open {name}", on_click=_open, args=(bench, name))
            st.button(
                f"Take {widgets.literal(name)} off the shelf",
                key=f"drop {name}",
                on_click=bench.shelf.pop,
                args=(name, None),
            )


def _draw_table(summaries: list[Summary], bench: Workbench, settings: InputSettings) -> None:
    """All designs, as far as they can take the input."""
    rows, left_out = [comparison_row(summary) for summary in summaries], {}
    for design in bench.shelf.values():
        try:
            if design != bench.current:
                rows.append(comparison_row(cached.summary_of(design, settings)))
        except DenseScopeError as error:
            left_out[design.name] = reason(error)
    widgets.say_left_out(left_out)
    if rows:
        frame = pd.DataFrame(rows)
        tables.show(frame, columns("design.name", *COLUMNS), "shelf_table")
        widgets.downloads(frame, "designs")


def _train(bench: Workbench) -> NoReturn:
    """Go to Training with the design, which a selection finds on the shelf."""
    name = bench.current.name if bench.current.name in list_archs() else bench.keep().name
    st.session_state["network"] = name
    widgets.open_page(TRAINING, {"network": name})


def _open(bench: Workbench, name: str) -> None:
    bench.put(bench.shelf[name])
    design_editor.drop_drafts()


def _load(bench: Workbench) -> None:
    """Put what was uploaded on the bench; what was there stays in the history."""
    file = st.session_state["design file"]
    if file is None:
        return
    try:
        bench.put(parse_design(file.getvalue(), file.name))
        design_editor.drop_drafts()
    except DenseScopeError as error:
        st.session_state["design file problem"] = reason(error)


def _file_name(design: Design) -> str:
    """The name without what a file system might refuse."""
    return "".join(letter if letter.isalnum() or letter in " -_" else "_" for letter in design.name)


FORMATS = {"onnx": "ONNX", "safetensors": "safetensors"}


#: Bytes of weights that are written at a press.
MOST_WRITTEN = 512 * 2**20
ANYWAY = "Write it anyway"


def draw_export(summary: Summary, design: Design) -> None:
    """The code, and the buttons that write files."""
    st.header("As code", anchor=False, help="Copy it into a program that has DenseScope beside it.")
    st.code(f"import archs\n\nmodel = {design.code()}", language=None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Skeleton with fresh weights:", width="content")
        for file_format, label in FORMATS.items():
            anyway = f"anyway {file_format}"
            wanted = st.session_state.get(anyway, False) and not is_public()
            if st.button(label, key=f"design {file_format}", help="Takes a moment: the file is checked first."):
                wanted = _is_small(summary, anyway)
            if wanted:
                _offer(design, file_format)


def _is_small(summary: Summary, anyway: str) -> bool:
    """Whether a file of the weights is no burden; else says how large it is, and asks the owner of the machine."""
    nbytes = summary.params * DTYPE_BYTES["float32"]
    if nbytes > MOST_WRITTEN:
        sizes = f"{format_si(nbytes, 'B')}, more than the {format_si(MOST_WRITTEN, 'B')} that are written at a press"
        widgets.say_error(f"The weights of {summary.name} take {sizes}; building them takes several times as much.")
        if not is_public():
            st.button(ANYWAY, key=anyway)
    return nbytes <= MOST_WRITTEN


def _offer(design: Design, file_format: str) -> None:
    """Write the file, and let it be taken."""
    name, place = f"model.{file_format}", st.empty()
    with widgets.errors_said():
        with st.spinner(f"Building {widgets.literal(design.name)}, writing and checking the file …"):
            content = model_file(design, file_format, place.caption)
        place.empty()
        st.download_button(f"Save {name}", content, name, "application/octet-stream", on_click="ignore", type="primary")


def model_file(design: Design, file_format: str, tell: Callable[[str], object]) -> bytes:
    """The network with freshly initialised weights, as a file. Raises: DenseScopeError: it cannot be written."""
    check_bytes("Its weights would have", 4 * summarize(design.config).params)  # before they are made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model.{file_format}"
        elsewhere(
            f"{file_format} of {fingerprint(design)}", write_model, design.config, str(path), file_format, tell=tell
        )
        return path.read_bytes()


def draw_results(bench: Workbench, settings: sidebar.InputSettings) -> list[Summary]:
    """Everything that the design costs; what it is counted by. Raises: DenseScopeError: the input does not suit it."""
    summary = cached.summary_of(bench.current, settings)
    base = cached.summary_of(Design(bench.baseline, get_config(bench.baseline)), settings)
    changed = summary.target.config != base.target.config
    finding = delta_finding(base, summary) if changed else f"{network_finding(summary)} Change it at the side."
    widgets.say(finding)
    figures, charts = st.columns([3, 7], gap="medium")
    figures = figures.container(key="design_figures")
    with figures:
        draw_trained(base, summary)
        draw_counted(base, summary)
    with charts:
        chart = widgets.choose_segment("Chart", "chart", list(CHARTS), next(iter(CHARTS)), label_visibility="collapsed")
        CHARTS[chart](base, summary, settings)
    with figures:  # which take a moment
        draw_times(base, summary)
    draw_export(summary, bench.current)
    return [summary, base] if base.name != summary.name else [summary]


def draw_times(base: Summary, summary: Summary) -> None:
    """The device that times are predicted for, and the times."""
    device = sidebar.choose_device("Time predicted for", "design_device")
    draw_predicted(base, summary, device)
    given = usual_conditions(device)
    st.caption(
        f"Changes are against {base.name}. Times are predicted for batch {given.batch_size}, "
        f"{given.precision}; the rest is counted for batch {summary.batch_size:,}, "
        f"{summary.dtype}."
    )


def render() -> None:
    """The page."""
    bench, settings = workbench.bench(), sidebar.current()
    st.title(f"Design: {widgets.literal(bench.current.name)}", anchor=False)
    summaries: list[Summary] = []
    with widgets.errors_said("Or change the design."):
        summaries = draw_results(bench, settings)
    with st.sidebar:  # what was edited is on the bench before the page is run
        draw_editor(bench, settings.image_size)
    draw_shelf(bench, summaries, settings)
    workbench.carry_in_link()


render()
