"""Memory: what does folding batch norms save at inference?"""

from __future__ import annotations

import importlib.util
from collections import Counter

import streamlit as st

from analysis.memory.findings import folding_finding
from analysis.optimize.saving import COUNTED
from views import cached, widgets
from views.charts import memory_designs as figures
from views.memory import tables as memory_tables
from views.memory.inputs import Question

HELP = (
    "What is left after `analysis.optimize_for_inference`, against the network as it is: a batch norm that reads one "
    "convolution, which nobody else reads, becomes part of that convolution; outputs stay the same."
)


def draw(question: Question) -> None:
    """The section."""
    if importlib.util.find_spec("torch") is None:
        st.info("Folding is done on the real module and needs torch, which is not installed here.")
        return
    channels_last = widgets.switch(
        "Channels last",
        "channels_last",
        True,
        help="Weights and maps lie channels last; the other batch norms become multiply-adds, and dense blocks write "
        "into one buffer instead of concatenating.",
    )
    with st.spinner(f"Building {question.name} and folding its batch norms …"):
        found = cached.optimised(question.name, question.settings, channels_last)
    st.markdown(folding_finding(found))
    frame = memory_tables.saving(found)
    terms = "\n\n".join(f"**{quantity.label}**: {quantity.definition}" for quantity in COUNTED.values())
    with widgets.chart_or_table(
        "What is left after folding?", f"{HELP}\n\n{terms}", lambda: memory_tables.show_saving(frame)
    ):
        figure = figures.saving(found, widgets.current_theme())
        widgets.draw(figure, "saving_chart", "Bars: share of each quantity that is left after folding.")
    st.subheader("Which batch norms were folded?", anchor=False, help="Every one, and where it went or why it stays.")
    reasons = Counter(found.report.kept.values()).most_common()
    lines = [f"{count} stay: {reason}." for reason, count in reasons]
    if found.report.preallocated:
        lines.append(f"{len(found.report.preallocated)} dense blocks write into one buffer each.")
    if lines:
        st.markdown("  \n".join(lines))
    norms = memory_tables.norms(found.report)
    if not norms.empty:
        memory_tables.show_norms(norms)
    widgets.downloads(frame, f"{question.name}_folding")
