"""Architecture: how networks are put together, alone or two beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from analysis import Summary
from analysis.findings import left_out_finding, reason
from analysis.structure.findings import architecture_finding
from analysis.targets import Target
from archs.design import MAX_NAME, Design
from archs.errors import DenseScopeError
from views import cached, sidebar, widgets
from views.architecture.changes import draw_changes
from views.architecture.connectivity import draw_connectivity
from views.architecture.feature_reuse import draw_feature_reuse
from views.architecture.lifetimes import draw_lifetimes
from views.sections.block_diagram import draw_block
from views.sections.channels import draw_channels
from views.sections.paper_table import draw_table

MODULES_HEIGHT = 560


def draw_code(summaries: Sequence[Summary]) -> None:
    """The section."""
    for column, summary in widgets.side_by_side(summaries):
        with column:
            if len(summaries) > 1:
                st.subheader(summary.name, anchor=False)
            draw_config(summary.target)
            draw_modules(summary.target)


def draw_config(target: Target) -> None:
    """What to type, and what a design file says."""
    st.markdown("**In Python**")
    if target.config is None:
        library, _, name = target.name.partition("/")
        _show(_library_code(library, name))
        st.caption(f"{target.name} has no config here: {library} defines it.")
        return
    design = Design(target.name[:MAX_NAME], target.config)
    _show(f"import archs\n\nmodel = {design.code()}")
    st.markdown("**Config, as a design file**", help="`cli.py summary FILE.json` reads it, and so does `summarize`.")
    _show(design.to_json())
    st.download_button(
        "Design file", design.to_json(), f"{_file_name(target)}.json", "application/json", key=f"design_{target.name}"
    )


def draw_modules(target: Target) -> None:
    """`print(model)`."""
    st.markdown("**print(model)**", help="The modules, as PyTorch prints them; built without weights.")
    try:
        with st.spinner(f"Building {target.name} without weights …"):
            text = module_text(target.name, target.config, target)
    except DenseScopeError as error:
        st.info(str(error), icon=":material/extension_off:")
        return
    with st.container(height=MODULES_HEIGHT):
        _show(text)
    st.download_button("Text", text, f"{_file_name(target)}.txt", "text/plain", key=f"modules_{target.name}")


def _show(code: str) -> None:
    """Code to copy, in one colour: Streamlit's others have too little contrast."""
    st.code(code, language=None, wrap_lines=True)


@st.cache_data(max_entries=32, show_spinner=False)
def module_text(name: str, config: Any, _target: Target) -> str:
    """What PyTorch prints of a module. Raises: MissingPackageError: torch is not installed."""
    return str(_target.without_weights())


def _library_code(library: str, name: str) -> str:
    if library == "timm":
        return f"import timm\n\nmodel = timm.create_model({name!r})"
    return f"import torchvision\n\nmodel = torchvision.models.get_model({name!r})"


def _file_name(target: Target) -> str:
    return target.name.replace("/", "_")


#: What each section draws, of one network or of two.
SECTIONS: dict[str, Callable[[Sequence[Summary]], None]] = {
    "Table": draw_table,
    "Channels": draw_channels,
    "Connectivity": draw_connectivity,
    "Block": draw_block,
    "Data flow": draw_lifetimes,
    "Feature reuse": draw_feature_reuse,
    "Code": draw_code,
    "What changed": draw_changes,
}


def count(names: Sequence[str]) -> list[Summary]:
    """The networks that can take the input; says why another cannot."""
    settings = sidebar.current()
    summaries, reasons = [], {}
    with sidebar.counting(names):
        for name in names:
            try:
                summaries.append(cached.network(name, settings).summary)
            except DenseScopeError as error:
                reasons[name] = reason(error)
    if reasons:
        st.error(f"{left_out_finding(reasons)} Choose another image size or network.", icon=":material/error:")
    if summaries:
        for summary in summaries:
            st.markdown(architecture_finding(summary))
        st.caption(f"Counted at {settings}; all figures are for the whole batch, at inference.")
    return summaries


def render() -> None:
    """The page."""
    names = sidebar.choose_network_and_beside()
    st.title(" and ".join(names), anchor=False)
    if not (summaries := count(names)):
        return
    section = widgets.choose_segment(
        "Section", "aspect", list(SECTIONS), next(iter(SECTIONS)), label_visibility="collapsed"
    )
    SECTIONS[section](summaries)


render()
