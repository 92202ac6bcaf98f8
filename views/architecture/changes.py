"""Architecture: what changes from one network to another, by stage and by layer."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.columns import changes_of, columns
from analysis.structure.findings import changes_finding
from analysis.structure.table import COSTS, STATUSES, Change, change_rows, changes, stage_rows, total_row
from views import tables, widgets
from views.charts.costs import stage_changes

HELP = "To the right what comes on top, to the left what falls away. Hover a bar for all digits and its share."
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
    shares = [column for key in COSTS for column in changes_of(key)]
    tables.show(frame, [*columns("stage", "added", "removed", "resized"), *shares], "stage_changes_table")


def draw_changed_layers(found: Sequence[Change], name: str) -> None:
    """The table of layers, filtered."""
    st.subheader("Which layers change?", anchor=False, help="Layers of the same stage and name are the same layer.")
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
