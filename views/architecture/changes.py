"""Architecture: what changes from one network to another, by stage and by layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.structure.findings import changes_finding
from analysis.structure.table import COSTS, STATUSES, Change, change_rows, changes, stage_rows, total_row
from analysis.units import format_change, format_signed
from views import tables, widgets
from views.charts.costs import stage_changes

HELP = "To the right what comes on top, to the left what falls away. Hover a bar for all digits and its share."
TITLES = {
    "stage": ("Stage", "Row of the paper's table."),
    "name": ("Layer", "Dotted path, as in PyTorch's named_modules()."),
    "status": ("Change", "Added, removed, resized (another shape, kernel, stride or the like) or the same."),
    "before": ("Before", "The layer, and the channels × height × width that it reads and makes."),
    "after": ("After", "The layer, and the channels × height × width that it reads and makes."),
    "added": ("Added", "Layers that only the second network has."),
    "removed": ("Removed", "Layers that only the first network has."),
    "resized": ("Resized", "Layers that both have, in another form."),
    **{f"{key}_share": ("%", "Of what the stage had before.") for key in COSTS},
}
#: What the table of layers shows unless it is asked for more.
CHANGED = STATUSES[:-1]
TABLE_HEIGHT = 560


def draw_changes(summaries: Sequence[Summary]) -> None:
    """The section: from the first network to the second."""
    if len(summaries) < 2:
        st.info("Choose a second network under “Beside it” in the sidebar: what changes is shown from the first to it.")
        return
    before, after = summaries
    found = changes(before, after)
    st.markdown(changes_finding(before, after, found))
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
    writers = {key: partial(format_signed, key) for key in COSTS}
    writers |= {f"{key}_share": format_change for key in COSTS}
    tables.show(frame, writers, TITLES, "stage_changes_table")


def draw_changed_layers(found: Sequence[Change], name: str) -> None:
    """The table of layers, filtered."""
    st.subheader("Which layers change?", anchor=False, help="Layers of the same stage and name are the same layer.")
    statuses = widgets.choose_many("Changes", "changes", STATUSES, CHANGED, placeholder="All layers")
    frame = pd.DataFrame(change_rows(found))
    shown = frame[frame["status"].isin(statuses or STATUSES)]
    if shown.empty:
        st.info("No layer is of these kinds: choose another.")
        return
    height = min(TABLE_HEIGHT, 40 + 35 * len(shown))
    columns = ["name", "status", *COSTS, "before", "after", "stage"]
    writers = {key: partial(format_signed, key) for key in COSTS}
    tables.show(shown[columns], writers, TITLES, "layer_changes_table", height)
    widgets.downloads(shown, name)
