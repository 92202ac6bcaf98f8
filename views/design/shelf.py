"""The shelf of the Design view: designs that are kept beside the one at hand, compared, saved and loaded."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.columns import columns
from analysis.findings import reason
from analysis.summary import comparison_row
from archs.design import Design, parse_design
from archs.errors import DenseScopeError
from views import tables, widgets
from views.design import editor as design_editor
from views.sidebar import InputSettings
from views.workbench import Workbench

COLUMNS = ("depth", "params", "macs", "memory_access_cost", "bytes_moved", "arithmetic_intensity", "activations")


def draw_shelf(bench: Workbench, summaries: list[Summary], settings: InputSettings) -> None:
    """The table of designs, and what can be done with them; `summaries` are those of what is on the bench."""
    st.subheader("Shelf", anchor=False, help="Kept for as long as this page is open; save what should last as a file.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Keep this design", icon=":material/bookmark_add:", on_click=bench.keep)
        st.download_button(
            "Save as JSON",
            lambda: bench.current.to_json(),  # written on demand: while a slider moves, files would come and go
            file_name=f"{_file_name(bench.current)}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        with st.popover("Load a design", icon=":material/upload:"):
            st.file_uploader("Design file", type="json", key="design file", on_change=_load, args=(bench,))
    if sentence := st.session_state.pop("design file problem", None):
        widgets.say_error(sentence)
    _draw_table(summaries, bench, settings)
    for name in bench.shelf:
        with st.container(horizontal=True, vertical_alignment="center", key=f"shelf {name}"):
            st.markdown(f"**{_escaped(name)}**", width="content")
            st.button("Open", key=f"open {name}", on_click=_open, args=(bench, name))
            st.button("Take off the shelf", key=f"drop {name}", on_click=bench.shelf.pop, args=(name, None))


def _draw_table(summaries: list[Summary], bench: Workbench, settings: InputSettings) -> None:
    """All designs, as far as they can take the input."""
    rows, left_out = [comparison_row(summary) for summary in summaries], {}
    for design in bench.shelf.values():
        try:
            if design != bench.current:
                rows.append(comparison_row(settings.summarize(design)))
        except DenseScopeError as error:
            left_out[design.name] = reason(error)
    widgets.say_left_out(left_out)
    frame = pd.DataFrame(rows)
    tables.show(frame, columns("design.name", *COLUMNS), "shelf_table")
    widgets.downloads(frame, "designs")


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
        st.session_state["design file problem"] = str(error)


def _file_name(design: Design) -> str:
    """The name without what a file system might refuse."""
    return "".join(letter if letter.isalnum() or letter in " -_" else "_" for letter in design.name)


def _escaped(text: str) -> str:
    """A name that Markdown shows as it stands."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]()#+-.!$~:|<>" else letter for letter in text)


FORMATS = {"onnx": "ONNX", "safetensors": "safetensors"}


def draw_export(design: Design) -> None:
    """The code, and the buttons that write files."""
    st.subheader("As code", anchor=False, help="Copy it into a program that has DenseScope beside it.")
    st.code(f"import archs\n\nmodel = {design.code()}", language="python")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Skeleton with fresh weights:", width="content")
        for file_format, label in FORMATS.items():
            if st.button(label, key=f"design {file_format}", help="Takes a moment: the file is checked first."):
                _offer(design, file_format)


def _offer(design: Design, file_format: str) -> None:
    """Write the file, and let it be taken."""
    name = f"model.{file_format}"
    with widgets.errors_said():
        with st.spinner(f"Building {design.name}, writing and checking the file …"):
            content = model_file(design, file_format)
        st.download_button(f"Save {name}", content, name, "application/octet-stream", on_click="ignore", type="primary")


@st.cache_data(max_entries=2, show_spinner=False)
def model_file(design: Design, file_format: str) -> bytes:
    """The network with freshly initialised weights, as a file. Raises: DenseScopeError: it cannot be written."""
    from archs.create import create_model
    from archs.export import export_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model.{file_format}"
        export_model(create_model(design.config), path, file_format)
        return path.read_bytes()
