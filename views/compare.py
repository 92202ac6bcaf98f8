"""Compare: networks side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analysis.columns import columns
from analysis.findings import comparison_finding
from analysis.quantities import NETWORK_QUANTITIES, QUANTITIES, in_a_sentence
from analysis.quantities import label_of as quantity_label
from views import cached, sidebar, tables, widgets
from views.charts import networks as figures
from views.networks import PRESETS, preset_of
from views.tables import Notation

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator

AXES = NETWORK_QUANTITIES
#: All quantities, the most telling first.
TABLE_COLUMNS = (
    "depth",
    "params",
    "macs",
    "memory_access_cost",
    "bytes_moved",
    "traffic_outside_conv",
    "arithmetic_intensity",
    "activations",
    "flops",
    "elementwise_ops",
    "bytes_read",
    "bytes_written",
)
STYLES = {"rounded": "Rounded", "exact": "Exact", "relative": "Ratio"}
NO_SIZE = "none"


def label_of(key: str) -> str:
    """What a selection calls a quantity."""
    return "All the same" if key == NO_SIZE else quantity_label(key)


def select() -> tuple[list[str], str, str]:
    """Networks, baseline and style of the figures, from the sidebar."""
    with st.sidebar:
        st.header("Networks")
        presets = st.container()
        names = sidebar.choose_networks()
        with presets:
            choose_preset(names)
        sidebar.choose_libraries()
        baseline = sidebar.choose_baseline(names)
        help = "Three significant digits, every digit, or the ratio to the baseline. Downloads are always exact."
        style = widgets.choose_segment("Figures", "figures", STYLES, "rounded", help=help)
    return names if baseline in names else [baseline, *names], baseline, style


def choose_preset(names: list[str]) -> None:
    """Selections to start from; lit while the selection is one of them."""
    st.session_state["preset"] = preset_of(names)
    st.pills("Presets", list(PRESETS), key="preset", on_change=apply_preset)


def apply_preset() -> None:
    """Take over the networks and the baseline of the preset."""
    if preset := PRESETS.get(st.session_state["preset"]):
        st.session_state["networks"] = list(preset.networks)
        st.session_state["baseline"] = preset.baseline


def open_head(button: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Where a chart's title goes, and beside it the popover with what it is drawn of."""
    head = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom")
    return head.container(width="stretch").empty(), head.popover(button, icon=":material/tune:")


def draw_scatter(frame: pd.DataFrame, notation: Notation) -> None:
    """Any quantity against any other."""
    title, axes = open_head("Axes")
    with axes:
        x = widgets.choose("Horizontal axis", "x", AXES, "macs", format_func=label_of)
        y = widgets.choose("Vertical axis", "y", AXES, "bytes_moved", format_func=label_of)
        size = widgets.choose("Area of the marks", "size", (*AXES, NO_SIZE), "params", format_func=label_of)
        log = widgets.switch("Logarithmic axes", "log", True)
    area = "" if size == NO_SIZE else f" Area of a mark: {in_a_sentence(label_of(size))}."
    title.header(
        f"{label_of(x)} against {in_a_sentence(label_of(y))}",
        anchor=False,
        help="\n\n".join([*(f"**{label_of(key)}**: {QUANTITIES[key].definition}" for key in (x, y)), area]),
    )
    size_key = None if size == NO_SIZE else size
    figure = figures.scatter(frame, x, y, size_key, notation, widgets.current_theme(), log=log)
    widgets.draw(figure, "scatter", f"Scatter of {label_of(x)} and {label_of(y)} of {len(frame)} networks.{area}")


def draw_bars(frame: pd.DataFrame, notation: Notation) -> None:
    """One quantity of all networks."""
    title, place = open_head("Quantity")
    key = widgets.choose("Quantity", "bars", AXES, "bytes_moved", place, format_func=label_of)
    title.header(notation.label(key), help=QUANTITIES[key].definition, anchor=False)
    figure = figures.bars(frame, key, notation, widgets.current_theme())
    widgets.draw(figure, "bar_chart", f"Bars of {notation.label(key)} of {len(frame)} networks.")


def draw_table(frame: pd.DataFrame, notation: Notation) -> None:
    """All quantities of all networks."""
    shown = frame.assign(**{key: notation.scale(frame, key) for key in TABLE_COLUMNS})
    tables.show(shown, [*columns("network.name", "image_size"), *notation.columns(TABLE_COLUMNS)], "networks_table")


def render() -> None:
    """The page."""
    names, baseline, style = select()
    st.title("Compare", anchor=False)
    settings = sidebar.current()
    with sidebar.counting(names):
        frame, left_out = cached.comparison(names, settings)
    widgets.say_left_out(left_out)
    if frame.empty:
        st.info("No network is left to show: choose another image size, or more networks, in the sidebar.")
        return
    rows = frame.to_dict("records")
    st.markdown(comparison_finding(rows, baseline))
    st.caption(f"Counted at {settings.describe()}; all figures are for the whole batch, at inference.")
    base_row = next((row for row in rows if row["name"] == baseline), None)
    if style == "relative" and base_row is None:
        st.warning(f"No ratios: the baseline {baseline} cannot take this input. Choose another baseline.")
    notation = Notation(style, base_row) if base_row else Notation("rounded" if style == "relative" else style)
    with st.container(key="comparison"):
        with st.container(key="comparison_charts"):
            left, right = st.columns(2, gap="medium")
            with left:
                draw_scatter(frame, notation)
            with right:
                draw_bars(frame, notation)
        with st.container(key="comparison_table"):
            st.header("All quantities", anchor=False, help="Click a column's head to sort, hover it for its meaning.")
            draw_table(frame, notation)
            widgets.downloads(frame, "comparison")


render()
