"""Widgets whose values live in the URL, and small pieces that several views share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from analysis.export import FORMATS, MEDIA_TYPES, export_frame
from analysis.findings import left_out_finding, reason
from analysis.precision import spelled
from archs.errors import DenseScopeError, MissingPackageError, abbreviate, nearest_names
from views import theme
from views.charts.once import Once
from views.public import refused, session_id
from views.work import bounds
from views.work.turns import TURNS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from streamlit.delta_generator import DeltaGenerator

    from analysis.summary import Summary

T = TypeVar("T")

#: A bound widget keeps its value in the link and, while another page is shown, in the session.
_KEPT: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_PLOT_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}


#: Options, or what each of them is called.
Options = Sequence[str] | Mapping[str, str]


def choose(label: str, key: str, options: Options, default: str, at: Any = st, **more: Any) -> str:
    """One of some options; `at` a place of the page."""
    options, more = _named(key, options, more)
    return at.selectbox(label, options, index=options.index(default), key=key, **_KEPT, **more)


def choose_precision(label: str, key: str, options: Sequence[str], default: str, at: Any = st, **more: Any) -> str:
    """A number format; links may spell it otherwise."""
    asked = st.query_params.get_all(key)
    if (written := [*map(spelled, asked)]) != asked:
        st.query_params[key] = written
        st.session_state[key] = written[-1] if written[-1] in options else default
    return choose(label, key, options, default, at, **more)


def choose_or_type(label: str, key: str, options: Sequence[str], default: str, **more: Any) -> str:
    """One of some options, or any other text."""
    check_link(key, bool, "given")
    return st.selectbox(label, options, index=options.index(default), key=key, accept_new_options=True, **_KEPT, **more)


def choose_many(
    label: str, key: str, options: Sequence[str], default: Sequence[str] = (), at: Any = st, **more: Any
) -> list[str]:
    """Any number of some options."""
    options, more = _named(key, options, more)
    return at.multiselect(label, options, default=default, key=key, **_KEPT, **more)


def choose_segment(label: str, key: str, options: Options, default: str, at: Any = st, **more: Any) -> str:
    """One of a few options that are all in sight."""
    options, more = _named(key, options, more)
    chosen = at.segmented_control(label, options, default=default, key=key, required=True, **_KEPT, **more)
    return chosen or default  # a link may hold nothing


def choose_integer(label: str, key: str, low: int, high: int, at: Any = st, **more: Any) -> int:
    """An integer in [low, high]."""

    def accepts(text: str) -> bool:
        return text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high

    check_link(key, accepts, f"an integer from {low} to {high}")
    if not all(map(accepts, st.query_params.get_all(key))):
        _forget(key)  # Streamlit would take infinity for an integer
    return at.number_input(label, low, high, low, 1, key=key, **_KEPT, **more)


def choose_step(label: str, key: str, options: Sequence[str], default: str, at: Any = st) -> str:
    """One of some options in an order, on a slider."""
    _named(key, options, {})
    step: str = at.select_slider(label, options, value=default, key=key, **_KEPT)
    return step


def choose_range(label: str, key: str, options: Sequence[str], default: tuple[str, str]) -> tuple[str, str]:
    """Two of some options, from the lower to the upper."""
    _named(key, options, {})
    low, high = st.select_slider(label, options, value=default, key=key, **_KEPT)
    return low, high


def switch(label: str, key: str, default: bool, **more: Any) -> bool:
    """On or off."""
    check_link(key, lambda text: text.lower() in ("true", "false"), "true or false")
    return st.toggle(label, default, key=key, **_KEPT, **more)


def _named(key: str, options: Options, more: dict[str, Any]) -> tuple[Sequence[str], dict[str, Any]]:
    """The options, and how they are called; the link holds them as they are shown."""
    if isinstance(options, Mapping):
        options, more = list(options), {"format_func": options.__getitem__} | more
    shown = [more.get("format_func", str)(option) for option in options]
    allowed = {*shown, ""}  # a cleared selection is in the link as an empty one
    bad = [value for value in st.query_params.get_all(key) if value not in allowed]
    check_link(key, allowed.__contains__, f"a choice such as {nearest_names(bad[0], shown)}" if bad else "")
    return options, more


def current_theme() -> theme.Theme:
    """The chart theme that goes with the page's."""
    return theme.DARK if st.context.theme.type == "dark" else theme.LIGHT


def draw(
    figure: go.Figure, key: str, description: str, on_click: Callable[[], None] | Literal["rerun"] | None = None
) -> Any:
    """A chart, with its description for those who cannot see it; what is called as a point is clicked."""
    TURNS.give_way()
    clicks: dict[str, Any] = {"on_select": on_click, "selection_mode": "points"} if on_click else {}
    once = Once(figure, clicked=bool(on_click))
    return st.plotly_chart(once, theme=None, key=key, config=_PLOT_CONFIG, alt=description, **clicks)


def draw_clickable(figure: go.Figure, key: str, description: str) -> list[int]:
    """As `draw`; which points of the last trace have been clicked."""
    event = draw(figure, key, description, "rerun")
    last = len(figure.data) - 1
    return [point["point_index"] for point in event["selection"]["points"] if point["curve_number"] == last]


def side_by_side(items: Sequence[T]) -> Iterator[tuple[DeltaGenerator, T]]:
    """A container for each item: one over the full width, two beside each other; narrow pages stack them."""
    places = st.columns(len(items), gap="medium") if len(items) > 1 else [st.container()]
    return zip(places, items, strict=True)


def literal(text: str) -> str:
    """Text that Markdown shows as it stands: whatever comes from a link, a file or a person goes through here.

    What Markdown would make a link of without any mark is parted by a joiner that nobody sees.

    >>> print(literal("a *b* $c$"))
    a \\*b\\* \\$c\\$
    >>> literal("http://a.b, www.a.b, c@a.b")
    'http:\\u2060//a.b, www\\u2060.a.b, c\\u2060@a.b'
    """
    escaped = re.sub(r"[\\`*\[\]$~<>|&]|(?<!\w)_|_(?!\w)|:(?=[A-Za-z])", r"\\\g<0>", text)
    return re.sub(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=[\w+.-])(?=@)", JOINER, escaped, flags=re.IGNORECASE)


#: Takes no room, and is part of no address.
JOINER = "\u2060"


def say(sentence: str) -> None:
    """A finding, as it stands."""
    st.markdown(literal(sentence))


def say_error(sentence: str) -> None:
    """What is wrong, and a way out."""
    st.error(literal(sentence), icon=":material/error:")


@contextmanager
def errors_said(way_out: str = "") -> Iterator[None]:
    """Says why the body cannot be drawn, and a way out, instead of drawing the rest of it."""
    try:
        yield
    except bounds.BoundError as error:
        say_error(reason(error))
        bounds.offer(error.deed)
    except DenseScopeError as error:
        # A visitor can install nothing on a server that is not theirs.
        if isinstance(error, MissingPackageError) and refused(f"what takes the package {error.package} works"):
            return
        say_error(f"{reason(error)} {way_out}".rstrip())


def say_left_out(reasons: Mapping[str, str], way_out: str = "") -> None:
    """Why some networks are not shown, if any."""
    if reasons:
        say_error(f"{left_out_finding(reasons)} {way_out}".rstrip())


def say_notes(summary: Summary) -> None:
    """What its figures leave out, and whether a second count differs."""
    for note in summary.notes:
        st.caption(f":material/info: {literal(note)}")


def fragment(draw: Callable[..., None], run_every: float | None = None, key: str | None = None) -> Callable[..., None]:
    """A part of a page that is also drawn again by itself, which waits for its turn as pages do."""

    @wraps(draw)
    def in_turn(*arguments: Any, **more: Any) -> None:
        with TURNS.turn(session_id()):
            draw(*arguments, **more)

    part: Callable[..., None] = st.fragment(in_turn, run_every=run_every, key=key)
    return part


@contextmanager
def chart_or_table(question: str, help: str, table: Callable[[], None], *, live: bool = False) -> Iterator[None]:
    """A chart (the body) under the question that it answers, its table in a tab beside it.

    On a live page, which is redrawn at every step of a slider, the table is made when its tab is opened.
    """
    st.header(literal(question), help=help, anchor=False)
    more: dict[str, Any] = {"on_change": "rerun", "key": f"tabs of {question}"} if live else {}
    chart_tab, table_tab = st.tabs(["Chart", "Table"], **more)
    with chart_tab:
        yield
    with table_tab:
        if not live or table_tab.open:
            table()


def downloads(frame: pd.DataFrame, name: str, formats: Sequence[str] = FORMATS) -> None:
    """The frame in file formats: raw values, written when asked for."""
    name = name.replace("/", "_")
    with st.container(horizontal=True, vertical_alignment="center", key=f"downloads_{name}"):
        st.markdown("Download, exact values:", width="content")
        for file_format in formats:
            media_type, ending = MEDIA_TYPES[file_format]
            st.download_button(
                {"markdown": "Markdown", "latex": "LaTeX"}.get(file_format, file_format.upper()),
                lambda file_format=file_format: export_frame(frame, file_format),
                file_name=f"{name}.{ending}",
                mime=media_type,
                on_click="ignore",
                key=f"download_{name}_{file_format}",
            )


def open_page(script: str, link: Mapping[str, Any] | None = None) -> NoReturn:
    """Go to another page, as by a link to it; what this one's widgets say is kept (`carry_over`).

    Streamlit refuses to clear parameters that are bound to widgets, but not to set others in their place.
    """
    st.switch_page(script, query_params=link or {})


#: In the session: keys of widgets that links hold, and the page that was shown last.
_KNOWN, _PAGE = "known link parameters", "page shown"


def check_link(key: str, accepts: Callable[[str], bool], allowed: str) -> None:
    """Say which values of a parameter will be ignored; called right before the widget that is bound to it."""
    know_parameters([key])
    bad = [value for value in st.query_params.get_all(key) if not accepts(value)]
    if bad and key not in st.session_state:  # else it is what was chosen before other choices were offered
        _say(f"The link asks for {key} = {', '.join(map(abbreviate, bad))}, which was ignored: it must be {allowed}.")


def carry_over(page: str) -> None:
    """Let a page begin with what was chosen elsewhere; called before its widgets are drawn.

    Streamlit restores a kept value only where the widget was away for a run, not from one page's to the next one's.
    """
    if st.session_state.get(_PAGE, page) != page:
        for key in st.session_state.get(_KNOWN, set()) - set(st.query_params):
            if key in st.session_state:
                st.session_state[key] = st.session_state[key]
    st.session_state[_PAGE] = page


def by_history() -> bool:
    """Whether Back or Forward led here: then the link rules over what was chosen since."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)


def restore_link() -> None:
    """Give Back its whole link, called before all else.

    Streamlit 1.67 takes from it what the page that is left has a widget for, though the page that is shown has one too.
    """
    context = get_script_run_ctx()
    if not (context and context.is_history_navigation):
        return
    lost = {key: values for key, values in parse_qs(context.query_string).items() if key not in st.query_params}
    if lost:
        st.query_params.update(lost)
        with context.session_state.query_params() as parameters:
            parameters.set_initial_query_params_from_current()


def _forget(key: str) -> None:
    """Take a parameter out of the link before its widget is drawn, whether or not it was bound to one before."""
    if context := get_script_run_ctx():
        with context.session_state.query_params() as parameters:
            parameters.remove_param(key)
            parameters.set_initial_query_params_from_current()


def coming_value(key: str) -> str | None:
    """What a selection that is drawn later in this run is going to hold, if it is not its default."""
    return (None if by_history() else st.session_state.get(key)) or st.query_params.get(key)


def know_parameters(keys: Iterable[str]) -> None:
    """Let a link hold what other pages or sections read."""
    st.session_state.setdefault(_KNOWN, set()).update(keys)


def drop_unknown_parameters() -> None:
    """Say which parameters no widget of this page knows; called when all widgets have been drawn."""
    unknown = set(st.query_params) - st.session_state.get(_KNOWN, set())
    if unknown:
        names = ", ".join(sorted(map(abbreviate, unknown)))
        _say(f"The link's {names} was ignored: this page has no such parameter.")
        for key in unknown:
            del st.query_params[key]


def _say(sentence: str) -> None:
    st.toast(literal(sentence), icon=":material/link_off:", duration="infinite")
