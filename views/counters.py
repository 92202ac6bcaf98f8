"""Counters: why five public counters give different figures for the same network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.columns import columns
from analysis.crosscheck import COUNTERS, counters_finding, waterfall
from analysis.units import format_si
from views import cached, sidebar, tables, widgets
from views.charts import costs as figures
from views.charts import counters as overview

if TYPE_CHECKING:
    import pandas as pd

SHOWN = columns("counter", "unit", "reported", "ours", "difference", "difference.share", "residual")
INTEGERS = ("reported", "ours", "residual")
HELP = (
    "Each bar leads from our figure to the counter's: what it counts beside multiply-accumulates to the right, what it "
    "does not see to the left, as shares of ours. Below stands each counter by itself."
)


def draw_overview(frame: pd.DataFrame, steps: pd.DataFrame) -> None:
    """All counters in one picture, and their table."""
    with widgets.chart_or_table("How far are they from our count, and why?", HELP, lambda: draw_table(frame)):
        figure = overview.differences(steps, widgets.current_theme())
        widgets.draw(
            figure, "differences", f"Bars: what {steps['counter'].nunique()} counters count beyond our figure."
        )


def draw_table(frame: pd.DataFrame) -> None:
    """One row a counter, to the last operation."""
    numbers = frame[[*INTEGERS]].astype("float64")
    difference = numbers["reported"] - numbers["ours"]
    shown = frame.assign(**numbers, difference=difference, share=difference / numbers["ours"])
    tables.show(shown, SHOWN, "counters_table")


def draw_counter(row: dict[str, Any], steps: pd.DataFrame) -> None:
    """One counter: its verdict and when to quote it, beside the way from our figure to its own."""
    counter, unit = row["counter"], row["unit"]
    failed = steps.empty
    question = f"Why does {counter} fail?" if failed else f"Why does {counter} report {_write(row['reported'])} {unit}?"
    help = None if failed else f"{counter} {row['version']}; it calls the figure “{row['reported_as']}”."
    st.header(widgets.literal(question), anchor=False, help=help)
    words, chart = st.columns([2, 3], gap="medium")
    with words:
        st.markdown(widgets.literal(row["verdict"]))
        st.markdown(f"**When to quote it.** {widgets.literal(row['quote_when'])}")
    if failed:
        return
    with chart:
        figure = figures.waterfall(steps, counter, widgets.current_theme())
        widgets.draw(figure, f"waterfall_{counter}", f"Waterfall from our count to that of {counter}.")


def _write(value: Any) -> str:
    return format_si(int(value))


def run_counters(name: str, settings: sidebar.InputSettings) -> pd.DataFrame:
    """What the counters say; takes its time once for each network, and says what is being done.

    Raises: DenseScopeError: the network cannot be traced here.
    """
    place = st.empty()

    def tell(counter: str) -> None:
        done = COUNTERS.index(counter) if counter in COUNTERS else 0
        at = f"Running {counter} on {name}, counter {done + 1} of {len(COUNTERS)} …" if counter in COUNTERS else counter
        place.progress(done / len(COUNTERS), widgets.literal(at))

    with st.spinner(f"Loading the counters and tracing {widgets.literal(name)} …"):
        frame = cached.counters(name, settings.image_size, settings.batch_size, before=tell)
    place.empty()
    return frame


def render() -> None:
    """The page."""
    name = sidebar.choose_network()
    st.title(f"Counters: {widgets.literal(name)}", anchor=False)
    settings = sidebar.current()
    with widgets.errors_said(sidebar.ANOTHER_NETWORK):
        frame = run_counters(name, settings)
        widgets.say(counters_finding(frame, name))
        steps = waterfall(frame)
        if not steps.empty:
            draw_overview(frame, steps)
        st.caption(f"Counted at {settings.describe(sidebar.reads())}.")
        widgets.downloads(frame, f"{name}_counters")
        for row in frame.to_dict("records"):
            draw_counter(row, steps[steps["counter"] == row["counter"]])


render()
