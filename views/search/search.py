"""Search: the best networks of a space under budgets, without training one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.columns import Column
from analysis.quantities import in_a_sentence, label_of
from analysis.search.ceilings import ANYWAY, TooLargeSearchError
from analysis.search.picks import Pick, choice_finding, network_name, pick_networks
from analysis.search.quantities import SEARCH_QUANTITIES, format_value, quantity_column
from analysis.search.space import Space, get_space
from analysis.units import format_ratio
from archs.config import Field, declared
from archs.design import Design, nearest_arch
from archs.kept import users_folder
from archs.registry import get_family
from views import tables, widgets, workbench
from views.answers import kept
from views.charts import search as figures
from views.elsewhere import elsewhere
from views.search import question as search_question
from views.search.question import Question
from views.work import bounds, tasks

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from analysis.search.result import SearchResult

#: The last result that took its time, with its question; and how often a network was opened.
RESULT, OPENED = "search result", "search opened"
TABLE_HEIGHT = 420


#: Configs times objectives that are compared at once, within the page; and unasked, in another process.
AT_ONCE, UNASKED = 40_000, 1_500_000
#: Seconds that a search may take: what it has computed by then is kept.
SECONDS = 1800


def counted(question: Question) -> SearchResult:
    """A search in which everything is counted. Raises: BoundError: it would compare too many."""
    goals, configs = len(question.objectives), question.looked_at
    sentence = f"{configs:,} configs are too many to compare in {goals} objectives unasked: take fewer of either."
    deed = f"{configs} configs in {goals} objectives"
    bounds.check(goals * configs, max(UNASKED, configs), sentence, deed)
    with st.spinner("Counting …") if goals * configs > AT_ONCE else nullcontext():
        return _counted(question)


@kept(16)
def _counted(question: Question) -> SearchResult:
    if len(question.objectives) * question.looked_at <= AT_ONCE:
        result: SearchResult = question.sought.search()
    else:
        result = _searched(question, None)
    return result


def _searched(question: Question, store: Path | None, **more: Any) -> SearchResult:
    """The result, found in another process. Raises: BoundError: it takes too much. DenseScopeError."""
    deed = f"search of {question.space}"
    sought = question.sought._replace(anyway=deed in bounds.allowed())
    try:
        result: SearchResult = elsewhere(deed, tasks.searched, sought, store, **more)
    except TooLargeSearchError as error:
        raise bounds.BoundError(f"{str(error).removesuffix(ANYWAY)}.", deed) from None
    return result


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

    def show(word: str) -> None:
        share, _, what = word.partition(" ")
        with suppress(ValueError):  # it waits, or has not begun
            bar.progress(float(share), what)

    result = _searched(question, users_folder() / "search", told="before", tell=show, seconds=SECONDS)
    bar.empty()
    st.session_state[RESULT] = (question, result)
    return result


@kept()
def base_of(question: Question) -> dict[str, Any]:
    """The network that the question's space lies around, with the same quantities."""
    base = get_space(question.space).base if isinstance(question.space, str) else question.space.base
    alone = replace(question, space=Space(base, {}), budgets=()).sought.search()
    return alone.feasible.iloc[0].to_dict() | {"name": nearest_arch(base)[0]}


def draw_picks(result: SearchResult, picks: Sequence[Pick], base: dict[str, Any]) -> None:
    """A card each: what it is best at, its figures, and the first objective against the space's own network."""
    for place, pick in zip(st.columns(len(picks)), picks, strict=True):
        config, row = result.configs[pick.row], result.front.iloc[pick.row]
        made_of = get_family(config.family).prose.blocks(config)
        with place.container(border=True, height="stretch", gap="xsmall"):
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                st.markdown(f"{pick.role}: **{network_name(config)}**", width="content")
                if st.button(
                    f"Open the {in_a_sentence(pick.role)}", key=f"open_{pick.role}", help="Go on with it in Design."
                ):
                    open_in_design(result, pick.row)
            figures = f"{_figures(result, row)}{_against(next(iter(result.objectives)), row, base)}"
            st.caption(figures, help=made_of or None)


def _figures(result: SearchResult, row: Mapping[Any, Any]) -> str:
    """What a network was searched for, and its size."""
    names = [name for name in _shown(result) if name != "bytes_moved" or name in result.objectives]
    return " · ".join(f"{in_a_sentence(label_of(name))} {format_value(name, row[name])}" for name in names)


def _against(name: str, row: Mapping[Any, Any], base: dict[str, Any]) -> str:
    """A cost against the space's own network; nothing of what has no ratio."""
    if name not in base or SEARCH_QUANTITIES[name].form != "si":
        return ""
    of_base = f"{base['name']}'s {in_a_sentence(label_of(name))}"
    return f" · {format_ratio(row[name] / base[name])} of {of_base}"


def draw_front(result: SearchResult, picks: Sequence[Pick], base: dict[str, Any]) -> None:
    """The front before everything that keeps to the budgets, what it is made of, and its table: one is drawn."""
    questions = ["Which networks does no other beat?", "What are they made of?", "Table"]
    chart, lines, table = st.tabs(questions, key="search_tabs", bind="query-params")
    with chart:
        if chart.open:
            draw_scatter(result, picks, base)
    with lines:
        if lines.open:
            draw_lines(result)
    with table:
        if table.open:
            draw_table(result)


def draw_scatter(result: SearchResult, picks: Sequence[Pick], base: dict[str, Any]) -> None:
    """Two quantities of the front and the rest; a network of the front opens by a click, or by its name."""
    names = [name for name in SEARCH_QUANTITIES if name in result.feasible and name in base]
    first, *others = result.objectives
    labels = {label_of(name): name for name in names}
    drawn = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        named = [_figures(result, row) for row in result.front.to_dict("records")]
        number = st.selectbox(
            "Network of the front", range(len(named)), key="search_network", format_func=named.__getitem__
        )
        pressed = st.button("Open in Design", icon=":material/edit:")
        with st.popover("Axes", icon=":material/tune:"):
            x = labels[widgets.choose("Horizontal axis", "search_x", list(labels), label_of(first))]
            second = next(iter([*others, *(name for name in names if name != first)]))
            y = labels[widgets.choose("Vertical axis", "search_y", list(labels), label_of(second))]
    roles = {pick.row: pick.role for pick in picks}
    figure = figures.scatter(result, roles, base, x, y, hovers(result), widgets.current_theme())
    with drawn:
        opened = st.session_state.get(OPENED, 0)
        chosen = widgets.draw_clickable(
            figure, f"search_scatter {opened}", f"Scatter of {label_of(x)} and {label_of(y)}: the front and the rest."
        )
    if chosen or pressed:
        open_in_design(result, chosen[0] if chosen else number)


def open_in_design(result: SearchResult, number: int) -> None:
    """Put a network of the front on the workbench, and go there."""
    st.session_state[OPENED] = st.session_state.get(OPENED, 0) + 1
    config = result.configs[number]
    workbench.bench().put(Design(network_name(config), config))
    widgets.open_page("views/design/design.py")


def draw_lines(result: SearchResult) -> None:
    """The networks of the front as lines."""
    frame = numeric(result)
    costs = _shown(result)
    axes = [column for column in frame if column not in SEARCH_QUANTITIES and column != "index"]
    st.caption("One line a network. Drag along an axis to keep some of them; sequences are shown by their sum.")
    figure = figures.lines(frame, [*axes, *costs], result.space.family, widgets.current_theme())
    widgets.draw(figure, "search_lines", "Parallel coordinates of the networks of the front.")


def draw_table(result: SearchResult) -> None:
    """The front, row by row."""
    fields = _fields(result)
    frame = result.front[[*fields, *_shown(result)]].copy()
    for field in fields:
        frame[field] = frame[field].map(str)
    configs = [Column(name, field.label, field.help) for name, field in fields.items()]
    tables.show(frame, [*configs, *map(quantity_column, _shown(result))], "search_table", TABLE_HEIGHT)
    widgets.downloads(result.front, "search")


def _fields(result: SearchResult) -> dict[str, Field]:
    """What the configs may differ in."""
    known = declared(type(result.space.base))
    return {name: known[name] for name in result.space.open_fields}


def numeric(result: SearchResult) -> pd.DataFrame:
    """The front with a number in every column, config fields by their labels: sequences by their sum."""
    frame = result.front.copy()
    for name, field in _fields(result).items():
        is_sequence = isinstance(frame[name].iloc[0], tuple)
        if is_sequence:
            frame[name] = frame[name].map(sum)
        frame = frame.rename(columns={name: f"Σ {field.label}" if is_sequence else field.label})
    return frame


def hovers(result: SearchResult) -> list[str]:
    """Each network of the front in a few lines."""
    fields, names = _fields(result), _shown(result)
    return [
        "<br>".join(
            [
                *(f"<b>{label_of(name)}</b> {format_value(name, row[name])}" for name in names),
                *(f"{field.label} {row[name]}" for name, field in fields.items()),
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


def render() -> None:
    """The page."""
    question = search_question.ask()
    st.title("Search", anchor=False)
    with widgets.errors_said("Move a slider at the side."):
        result: Any = evaluated(question) if question.evaluated else counted(question)
        if result is None:
            return
        picks, base = pick_networks(result.front, result.objectives), base_of(question)
        widgets.say(choice_finding(result))
        draw_picks(result, picks, base)
        draw_front(result, picks, base)
        small_print = [result.exclusion_finding(), result.finding()]
        if "capacity_proxy" not in result.objectives:
            small_print.append("Accuracy is no part of this: a network that costs less may also know less.")
        st.caption("\n\n".join(filter(None, small_print)))


render()
