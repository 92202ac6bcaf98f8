"""Detection: which published detector is the most precise at its cost, and what does a backbone gain?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from analysis.detection import TIMED
from analysis.detection_findings import (
    DETECTOR_COLUMNS,
    EXPORTED_KEYS,
    Gain,
    distinct,
    front_findings,
    gain_finding,
    gain_findings,
    gains,
)
from analysis.export import frame_of
from analysis.quantities import PRECISIONS, QUANTITIES, in_a_sentence
from views import tables, widgets
from views.charts import detection as figures
from views.detection.question import Question, ask

Row = dict[str, Any]
TABLE_HEIGHT = 460
NAMES = ("detector", "backbone")
#: So many fronts are told of.
MOST_FRONTS = 2
ORIGIN = "Published, each by its source; nothing here was trained or timed by DenseScope."
PRECISION_HELP = (
    "Published figures, each by its source. Colours are families of backbones, shapes who tells of a detector: the "
    "authors of detector or backbone, authors who trained or quote it beside their own, or others. A dashed line joins "
    "those that no other beats at both: of one data set and, for a time, on one device. Hover a mark for source and "
    "doubts."
)
GAIN_HELP = (
    "Each mark is a backbone beside the ResNet or DenseNet that is nearest to it in time, in the same table: same "
    "detector, data set, schedule and image size. Above the dotted line it finds more, left of it it is faster."
)


def draw_published() -> None:
    """The section."""
    question = ask()
    groups = question.groups()
    rows = question.rows()
    st.markdown(_verdict(question, groups))
    if groups:
        count = sum(map(len, groups.values()))
        st.caption(f"{ORIGIN} {_left_out(question, count, len(rows))}")
        metric, cost = PRECISIONS[question.metric], question.cost_column
        told = f"**{metric}**: {QUANTITIES[question.metric].definition}\n\n**{cost.title}**: {cost.help}"
        st.header(f"{metric} against {in_a_sentence(cost.title)}", anchor=False, help=f"{PRECISION_HELP}\n\n{told}")
        figure = figures.precision(groups, cost, widgets.current_theme())
        widgets.draw(figure, "precision_chart", f"{metric} against {cost.title} of {count} published detectors.")
    pairs = distinct(gains(question.found))
    if pairs:
        _draw_gains(pairs)
    _draw_table(rows, question)


def _verdict(question: Question, groups: Mapping[tuple[str, ...], Sequence[Row]]) -> str:
    """How far the fronts reach, and what the other backbones gain."""
    if not groups:
        cost = in_a_sentence(question.cost_column.title)
        return f"None of these states both {in_a_sentence(PRECISIONS[question.metric])} and its {cost}."
    said = [*front_findings(groups, question.cost)]
    more = len(said) - MOST_FRONTS
    others = [f"The picture has {more} more such fronts."] if more > 1 else said[MOST_FRONTS:]
    return widgets.literal(" ".join([*said[:MOST_FRONTS], *others]))


def _left_out(question: Question, count: int, all_rows: int) -> str:
    """How many of the table are not in the picture."""
    if count == all_rows:
        return ""
    where = f" on {question.device}" if question.device else ""
    both = f"{in_a_sentence(PRECISIONS[question.metric])} and {in_a_sentence(question.cost_column.title)}{where}"
    return f"The picture has {count} of the table's {all_rows} rows: those that state {both}."


def _draw_gains(pairs: Sequence[Gain]) -> None:
    with widgets.chart_or_table("What does the backbone gain?", GAIN_HELP, lambda: _show_gains(pairs)):
        widgets.say(gain_finding(pairs))
        figure = figures.gained(pairs, widgets.current_theme())
        widgets.draw(figure, "gains_chart", f"Precision gained against time of {len(pairs)} pairs of backbones.")


def _show_gains(pairs: Sequence[Gain]) -> None:
    for sentence in gain_findings(pairs):
        st.markdown(f"- {widgets.literal(sentence)}")


def _draw_table(rows: Sequence[Row], question: Question) -> None:
    """What the picture shows first, then whatever else is told."""
    help = "Click a column's head to sort, hover it for its meaning. Source and doubts are at its end."
    st.header("Every published figure", help=help, anchor=False)
    frame = frame_of(rows)
    first = (*NAMES, question.metric, question.cost, *(["device"] if question.cost in TIMED else []))
    by_key = {column.key: column for column in DETECTOR_COLUMNS}
    ordered = [by_key[key] for key in dict.fromkeys([*first, *by_key])]
    shown = [column for column in ordered if column.key in frame and _is_used(frame[column.key])]
    tables.show(frame, shown, "detectors_table", TABLE_HEIGHT)
    widgets.downloads(frame_of({key: row.get(key) for key in EXPORTED_KEYS} for row in rows), "detectors")


def _is_used(values: pd.Series[Any]) -> bool:
    return bool((values.notna() & (values != "")).any())
