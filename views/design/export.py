"""What a design is for other programs: a line of Python, and files that other frameworks read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from archs.design import Design
from archs.errors import DenseScopeError

FORMATS = {"onnx": "ONNX", "safetensors": "safetensors"}


def draw(design: Design) -> None:
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
    try:
        with st.spinner(f"Building {design.name}, writing and checking the file …"):
            content = model_file(design, file_format)
    except DenseScopeError as error:
        st.error(str(error), icon=":material/error:")
        return
    name = f"model.{file_format}"
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
