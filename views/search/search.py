"""Search: the best networks of a space under budgets, without training one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from analysis.columns import Column, columns
from analysis.hardware.measure.results import users_folder
from analysis.quantities import label_of
from analysis.search.quantities import SEARCH_QUANTITIES, format_value, quantity_column
from analysis.search.space import Space
from archs.design import Design, nearest_arch
from views import tables, widgets, workbench
from views.charts import search as figures
from views.search import question as search_question
from views.search.question import Question

if TYPE_CHECKING:
    from analysis.search.result import SearchResult

#: The last result that took its time, with its question; and how often a network was opened.
RESULT, OPENED = "search result", "search opened"
TABLE_HEIGHT = 420


@st.cache_resource(max_entries=16, show_spinner="Counting …")
def counted(question: Question) -> SearchResult:
    """A search in which everything is counted: it answers at once."""
    return question.ask()


def evaluated(question: Question) -> SearchResult | None:
    """A search that takes its time: asked for, shown as it goes, and remembered; stopping it loses nothing."""
    names = " and ".join(map(label_of, question.evaluated))
    kept = st.session_state.get(RESULT)
    if kept and kept[0] == question:
        return kept[1]
    st.info(
        f"Of {names}, every config that keeps to the other budgets takes some milliseconds.", icon=":material/timer:"
    )
    if not st.button("Search", type="primary", help="What has been computed is kept, also when you stop."):
        return None
    bar = st.progress(0.0)

    def show(what: str, done: int, total: int) -> None:
        bar.progress(done / max(1, total), f"{what}: {done:,} of {total:,}")

    result = question.ask(store=users_folder() / "search", progress=show)
    bar.empty()
    st.session_state[RESULT] = (question, result)
    return result


def base_of(question: Question, result: SearchResult) -> dict[str, Any]:
    """The network that the space lies around, with the same quantities."""
    alone = replace(question, space=Space(result.space.base, {}), budgets=()).ask()
    return alone.feasible.iloc[0].to_dict() | {"name": nearest_arch(result.space.base)[0]}


def draw_front(result: SearchResult, base: dict[str, Any]) -> None:
    """The front before everything that keeps to the budgets."""
    names = [name for name in SEARCH_QUANTITIES if name in result.feasible and name in base]
    objectives = list(result.objectives)
    second = objectives[1] if len(objectives) > 1 else next(name for name in names if name != objectives[0])
    with widgets.chart_or_table(
        "Which networks does no other beat?", _definitions(objectives), lambda: draw_table(result)
    ):
        left, right = st.columns(2)
        labels = {label_of(name): name for name in names}
        x = labels[widgets.choose("Horizontal axis", "search_x", list(labels), label_of(objectives[0]), left)]
        y = labels[widgets.choose("Vertical axis", "search_y", list(labels), label_of(second), right)]
        family = result.space.family
        figure = figures.scatter(
            result.feasible, result.front, base, x, y, family, hovers(result), widgets.current_theme()
        )
        opened = st.session_state.get(OPENED, 0)
        chosen = widgets.draw_clickable(
            figure, f"search_scatter {opened}", f"Scatter of {label_of(x)} and {label_of(y)}: the front and the rest."
        )
        if chosen:
            open_in_design(result, chosen[0])


def open_in_design(result: SearchResult, number: int) -> None:
    """Put a network of the front on the workbench, and go there."""
    st.session_state[OPENED] = st.session_state.get(OPENED, 0) + 1
    workbench.bench().put(Design(f"{result.space.name} {result.front['index'][number]}", result.configs[number]))
    widgets.open_page("views/design/design.py")


def draw_lines(result: SearchResult) -> None:
    """The networks of the front as lines."""
    frame = numeric(result)
    columns = [column for column in frame if column != "index"]
    columns = [*(column for column in columns if column not in SEARCH_QUANTITIES), *_shown(result)]
    st.header(
        "What are they made of?",
        anchor=False,
        help="One line a network. Drag along an axis to keep some of them; sequences are shown by their sum. "
        "The table above holds the same networks.",
    )
    figure = figures.lines(frame, columns, result.space.family, widgets.current_theme())
    widgets.draw(figure, "search_lines", "Parallel coordinates of the networks of the front.")


def draw_table(result: SearchResult) -> None:
    """The front, row by row; a row can be opened."""
    fields = list(result.space.open_fields)
    frame = result.front[[*fields, *_shown(result)]].copy()
    for field in fields:
        frame[field] = frame[field].map(str)
    configs = [Column(field, field, "Field of the config.") for field in fields]
    tables.show(frame, [*configs, *map(quantity_column, _shown(result))], "search_table", TABLE_HEIGHT)
    widgets.downloads(result.front, "search")


def draw_exclusions(result: SearchResult) -> None:
    """What each budget costs."""
    rows = result.exclusion_rows()
    if rows:
        st.header("What does each budget exclude?", anchor=False, help="Of the networks that were looked at.")
        tables.show(pd.DataFrame(rows), columns("bound.bound", "alone", "bound.first"), "search_exclusions")


def numeric(result: SearchResult) -> pd.DataFrame:
    """The front with a number in every column: sequences by their sum."""
    frame = result.front.copy()
    for field in result.space.open_fields:
        values = frame[field]
        if isinstance(values.iloc[0], tuple):
            frame[f"Σ {field}"] = values.map(sum)
            frame = frame.drop(columns=field)
            frame.insert(1, f"Σ {field}", frame.pop(f"Σ {field}"))
    return frame


def hovers(result: SearchResult) -> list[str]:
    """Each network of the front in a few lines."""
    fields, names = result.space.open_fields, _shown(result)
    return [
        "<br>".join(
            [
                *(f"{field} {row[field]}" for field in fields),
                *(f"<b>{label_of(name)}</b> {format_value(name, row[name])}" for name in names),
            ]
        )
        for row in result.front.to_dict("records")
    ]


def _shown(result: SearchResult) -> list[str]:
    """The quantities that matter here: what was optimised and bounded, and the usual ones."""
    bounded = [each.bound.quantity for each in result.exclusions]
    return [
        name
        for name in dict.fromkeys(["params", "macs", "bytes_moved", *bounded, *result.objectives])
        if name in result.front
    ]


def _definitions(names: Sequence[str]) -> str:
    return "\n\n".join(f"**{label_of(name)}**: {SEARCH_QUANTITIES[name].definition}" for name in names)


def render() -> None:
    """The page."""
    question = search_question.ask()
    st.title("Search", anchor=False)
    with widgets.errors_said("Move a slider at the side."):
        result: Any = evaluated(question) if question.evaluated else counted(question)
        if result is None:
            return
        st.markdown(result.finding())
        if "capacity_proxy" not in result.objectives:
            st.caption("Accuracy is no part of this: a network that costs less may also know less.")
        draw_front(result, base_of(question, result))
        draw_lines(result)
        draw_exclusions(result)


render()
