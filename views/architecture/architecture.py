"""Architecture: how networks are put together, alone or two beside each other, and what changes between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.columns import changes_of, columns
from analysis.findings import reason
from analysis.structure.findings import architecture_finding, changes_finding
from analysis.structure.paper import paper_peers
from analysis.structure.table import COSTS, STATUSES, Change, change_rows, changes, stage_rows, total_row
from analysis.targets import Target, is_library_name
from analysis.units import join
from archs.design import MAX_NAME, Design
from archs.errors import DenseScopeError, require_installed
from views import cached, sidebar, tables, widgets
from views.answers import kept
from views.architecture.connectivity import draw_connectivity
from views.architecture.data_flow import draw_data_flow
from views.architecture.feature_reuse import draw_feature_reuse
from views.architecture.whole import draw_network
from views.charts.costs import stage_changes
from views.elsewhere import elsewhere
from views.networks import DEFAULT
from views.sections.block_diagram import draw_block
from views.sections.channels import draw_channels
from views.sections.paper_table import draw_table
from views.sidebar import InputSettings
from views.work import tasks

HELP = "To the right what comes on top, to the left what falls away. Hover a bar for all digits and its share."
#: What the table of layers shows unless it is asked for more.
CHANGED = STATUSES[:-1]
TABLE_HEIGHT = 560


def draw_changes(summaries: Sequence[Summary]) -> None:
    """The section: from the first network to the second."""
    if len(summaries) < 2:  # the other cannot take the input
        return
    before, after = summaries
    found = changes(before, after)
    widgets.say(changes_finding(before, after, found))
    if any(change.status != "same" for change in found):
        draw_changed_stages(found, f"What changes from {before.name} to {after.name}?")
        draw_changed_layers(found, f"{before.name}_to_{after.name}")


def draw_changed_stages(found: Sequence[Change], question: str) -> None:
    """Bars a stage, and their table."""
    rows = stage_rows(found)
    with widgets.chart_or_table(question, HELP, lambda: show_stages(pd.DataFrame([*rows, total_row(found)]))):
        figure = stage_changes(pd.DataFrame(rows), widgets.current_theme())
        widgets.draw(figure, "changes_chart", "Bars: difference in parameters, MACs and memory traffic by stage.")


def show_stages(frame: pd.DataFrame) -> None:
    """One row a stage, and their total."""
    shares = [column for key in COSTS for column in changes_of(key)]
    tables.show(frame, [*columns("stage", "added", "removed", "resized"), *shares], "stage_changes_table")


def draw_changed_layers(found: Sequence[Change], name: str) -> None:
    """The table of layers, filtered."""
    st.header("Which layers change?", anchor=False, help="Layers of the same stage and name are the same layer.")
    statuses = widgets.choose_many("Changes", "changes", STATUSES, CHANGED, placeholder="All layers")
    frame = pd.DataFrame(change_rows(found))
    shown = frame[frame["status"].isin(statuses or STATUSES)]
    if shown.empty:
        st.info("No layer is of these kinds: choose another.")
        return
    costs = [changes_of(key)[0] for key in COSTS]
    listed = [*columns("layer.name", "status"), *costs, *columns("before", "after", "stage")]
    tables.show(shown, listed, "layer_changes_table", TABLE_HEIGHT)
    widgets.downloads(shown, name)


MODULES_HEIGHT = 560


def draw_code(summaries: Sequence[Summary]) -> None:
    """The section."""
    for column, summary in widgets.side_by_side(summaries):
        with column:
            if len(summaries) > 1:
                st.header(widgets.literal(summary.name), anchor=False)
            draw_config(summary.target)
            draw_modules(summary.target)


def draw_config(target: Target) -> None:
    """What to type, and what a design file says."""
    st.markdown("**In Python**")
    if target.config is None:
        library, _, name = target.name.partition("/")
        _show(_library_code(library, name))
        st.caption(f"{widgets.literal(target.name)} has no config here: {library} defines it.")
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
        with st.spinner(f"Building {widgets.literal(target.name)} without weights …"):
            text = module_text(target.name, target.config, target=target)
    except DenseScopeError as error:
        st.info(widgets.literal(str(error)), icon=":material/extension_off:")
        return
    with st.container(height=MODULES_HEIGHT):
        _show(text)
    st.download_button("Text", text, f"{_file_name(target)}.txt", "text/plain", key=f"modules_{target.name}")


def _show(code: str) -> None:
    """Code to copy, in one colour: Streamlit's others have too little contrast."""
    st.code(code, language=None, wrap_lines=True)


@kept(32, beside=["target"])
def module_text(name: str, config: Any, *, target: Target) -> str:
    """What PyTorch prints of a module. Raises: MissingPackageError: torch is not installed."""
    require_installed("torch", "Building a module")
    text: str = elsewhere(f"modules of {name}", tasks.module_text, name if is_library_name(name) else target)
    return text


def _library_code(library: str, name: str) -> str:
    if library == "timm":
        return f"import timm\n\nmodel = timm.create_model({name!r})"
    return f"import torchvision\n\nmodel = torchvision.models.get_model({name!r})"


def _file_name(target: Target) -> str:
    return target.name.replace("/", "_")


CHANGES = "What changed"
#: What each section draws, of one network or of two.
SECTIONS: dict[str, Callable[[Sequence[Summary]], None]] = {
    "Table": draw_table,
    "Whole network": draw_network,
    "Channels": draw_channels,
    "Connectivity": draw_connectivity,
    "Block": draw_block,
    "Data flow": draw_data_flow,
    "Feature reuse": draw_feature_reuse,
    "Code": draw_code,
    CHANGES: draw_changes,
}


def count(names: Sequence[str], settings: InputSettings) -> list[Summary]:
    """The networks that can take the input; says why another cannot."""
    summaries, reasons = [], {}
    with sidebar.counting(names):
        for name in names:
            try:
                summaries.append(cached.summary(name, settings))
            except DenseScopeError as error:
                reasons[name] = reason(error)
    widgets.say_left_out(reasons, "Choose another image size or network.")
    for summary in summaries:
        widgets.say(architecture_finding(summary))
        widgets.say_notes(summary)
    if summaries:
        batch = "; all figures are for the whole batch, at inference" if "batch_size" in sidebar.reads() else ""
        st.caption(f"Counted at {settings.describe(sidebar.reads())}{batch}.")
    return summaries


def changed_pair(name: str) -> list[str]:
    """A network alone is set against the baseline, and the baseline against the next in its paper's table."""
    return [DEFAULT.baseline, name] if name != DEFAULT.baseline else paper_peers(name)[:2]


def render() -> None:
    """The page."""
    names = sidebar.choose_network_and_beside()
    st.title(f"Architecture: {widgets.literal(join(names))}", anchor=False)
    head = st.container()
    section = widgets.choose_segment("Section", "aspect", [*SECTIONS], "Table", label_visibility="collapsed")
    pair = changed_pair(names[0]) if section == CHANGES and len(names) == 1 else names
    with head:
        summaries = count(pair, sidebar.current())
    if pair != names:
        st.caption(f"From {pair[0]} to {widgets.literal(pair[1])}; “Beside it” in the sidebar chooses another network.")
    if summaries:
        SECTIONS[section](summaries)


render()
