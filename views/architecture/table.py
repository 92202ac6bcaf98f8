"""Architecture: the table that the papers print, and how the depth adds up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.depth import depth_terms
from analysis.findings import join
from analysis.structure.table import table_rows
from views import tables, widgets
from views.architecture.paper_table import paper_table

HELP = """Each row is a stage, each line neighbouring layers in the notation of the family's paper.

Normalisation and activation are not told, as in the papers, but their parameters count.
A softmax is no layer here: networks end with logits."""
TITLES = {
    "term": ("Term", "A summand of the depth."),
    "stage": ("Stage", "Row of the table above."),
    "layers": ("Layers", "How many weighted layers the term counts in this stage."),
    "first": ("From", "The first of them, by name."),
    "last": ("To", "The last of them, by name."),
}


def draw(summaries: Sequence[Summary]) -> None:
    """The section."""
    names = join(summary.name for summary in summaries)
    verb = "is" if len(summaries) == 1 else "are"
    st.subheader(f"What {verb} {names} made of?", anchor=False, help=HELP)
    for group in together(summaries):
        if len(group) < len(summaries):
            st.markdown(f"**{group[0].name}**")
        st.html(paper_table(group))
    rows = [row for summary in summaries for row in table_rows(summary)]
    widgets.downloads(pd.DataFrame(rows), f"{'_'.join(summary.name for summary in summaries)}_table")
    for summary in summaries:
        draw_depth(summary)


def together(summaries: Sequence[Summary]) -> list[list[Summary]]:
    """Networks of one family abreast, others one below the other: their stages have nothing in common."""
    return [list(group) for _, group in groupby(summaries, key=lambda summary: summary.family or summary.name)]


def draw_depth(summary: Summary) -> None:
    """The terms of the depth, and the layers behind each of them."""
    depth = summary.depth
    st.subheader(f"Why is {summary.name} {depth.total} layers deep?", anchor=False, help="One row a term and stage.")
    st.markdown(f"**{depth.formula}**: {depth.terms}. {depth.note}")
    tables.show(depth_frame(summary), {}, TITLES, f"depth_table_{summary.name}")


def depth_frame(summary: Summary) -> pd.DataFrame:
    """One row a term and stage."""
    terms = depth_terms(summary.target, [cost.layer for cost in summary.layers])
    rows = []
    for term in terms:
        for stage, group in groupby(term.layers, key=lambda layer: layer.stage):
            layers = [*group]
            rows.append((term.text, stage, len(layers), layers[0].name, layers[-1].name))
    return pd.DataFrame(rows, columns=[*TITLES])
