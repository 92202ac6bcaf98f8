"""Compare: which network? Accuracy against time, whatever is counted of networks, and all of it in a table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import streamlit as st

from analysis.choice import RECIPES, Trained, best_buy_finding, trained_finding, unknown_finding
from analysis.columns import columns
from analysis.findings import comparison_finding
from analysis.hardware.speeds import EXECUTIONS
from analysis.quantities import NETWORK_QUANTITIES, QUANTITIES, in_a_sentence
from analysis.quantities import label_of as quantity_label
from views import cached, sidebar, tables, widgets
from views.candidates import candidates, trained_here, with_facts, with_training_memory
from views.charts import networks as figures
from views.charts.networks import Shown
from views.networks import PRESETS, preset_of
from views.tables import Notation

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator

#: What is known beside the counted quantities.
DECIDING = ("top1", "images_per_s", "seconds_per_image", "training_bytes_per_image")
AXES = (*DECIDING, *NETWORK_QUANTITIES)
#: What is known of networks that were trained here, and only then in axes and table.
TRAINED = "accuracy_here"
#: Where networks without any accuracy are drawn.
COSTS = ("macs", "bytes_moved")
#: All quantities, the most telling first, and those that the table begins with.
TABLE_COLUMNS = (
    *("top1", "images_per_s", "params", "macs", "bytes_moved", "training_bytes_per_image"),
    *("memory_access_cost", "traffic_outside_conv", "depth", "arithmetic_intensity", "activations", "flops"),
    *("elementwise_ops", "bytes_read", "bytes_written", "seconds_per_image"),
)
FIRST_COLUMNS = TABLE_COLUMNS[:8]
#: What else is said of a quantity, in a column beside it.
BESIDE = {"top1": "group", "images_per_s": "speed_evidence"}
STYLES = {"rounded": "Rounded", "exact": "Exact", "relative": "Ratio"}
ORDERS = {"family": "Family and size", "value": "Value"}
NO_SIZE = "none"
#: What the dashed line means, by the vertical axis.
LINES = {
    "top1": "The dashed line joins those that no other beats at both.",
    TRAINED: "The dashed line joins those that no other, trained as most of them were, beats at both.",
}
#: In the session: the name of the network that is pointed at. Elements that tell or show it.
LIT = "lit network"
BOLD, LIGHT = "font-weight: 700; background-color: #80808018;", "background-color: #56B4E940;"
SCATTER, BARS, TABLE = "scatter", "bar_chart", "networks_table"


def label_of(key: str) -> str:
    """What a selection calls a quantity."""
    return "All the same" if key == NO_SIZE else quantity_label(key)


def select() -> tuple[list[str], str]:
    """Networks and style of the figures, from the sidebar."""
    with st.sidebar:
        st.header("Networks")
        presets = st.container()
        names = sidebar.choose_networks()
        with presets:
            choose_preset(names)
        sidebar.choose_libraries()
        help = "Three significant digits, every digit, or the ratio to the baseline. Downloads are always exact."
        style = widgets.choose_segment("Figures", "figures", STYLES, "rounded", help=help)
    return names, style


def choose_preset(names: list[str]) -> None:
    """Selections to start from; lit while the selection is one of them."""
    st.session_state["preset"] = preset_of(names)
    st.pills("Presets", list(PRESETS), key="preset", on_change=apply_preset)


def apply_preset() -> None:
    """Take over the networks and the baseline of the preset."""
    if preset := PRESETS.get(st.session_state["preset"]):
        st.session_state["networks"] = list(preset.networks)
        st.session_state["baseline"] = preset.baseline


def draw_head(names: list[str]) -> tuple[str, str, str, str, dict[str, Trained]]:
    """The title, and beside it what all figures are for: baseline, device, execution, recipe, what was trained here."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare_head"):
        st.title("Compare", anchor=False, width="stretch")
        with st.container(width=200):
            baseline = sidebar.choose_baseline(names)
        with st.container(width=180):
            help = (
                "Published throughput, else DenseScope's prediction, in large batches of float16; a CPU gets one image."
            )
            device = sidebar.choose_device("Speed on", "speed_on", help=help)
        with st.popover("Like with like", icon=":material/balance:"):
            help = "Each layer as its own kernel, or torch.compile."
            execution = widgets.choose_segment("Execution", "speed_execution", list(EXECUTIONS), "compiled", help=help)
            help = "Plain: its authors' own training first, and no distilled or pretrained weights; or the best of all."
            recipe = widgets.choose_segment("Recipe of the accuracy", "recipe", RECIPES, "plain", help=help)
            trained = choose_trained([baseline, *names])
    return baseline, device, execution, recipe, trained


def choose_trained(names: list[str]) -> dict[str, Trained]:
    """What networks have learned here, by name: of one data set, which is asked for where there are several."""
    widgets.know_parameters(["trained_on"])
    found = trained_here(names)
    if len(found) < 2:
        return next(iter(found.values()), {})
    help = "The data set of the trained accuracy: different ones are not compared."
    most = max(found, key=lambda title: len(found[title]))
    return found[widgets.choose("Trained on", "trained_on", list(found), most, help=help)]


def axes_of(shown: Shown) -> tuple[str, ...]:
    """The quantities that a chart offers."""
    return (AXES[0], TRAINED, *AXES[1:]) if TRAINED in shown.frame else AXES


def open_head(button: str, width: Literal["stretch", "content"] = "stretch") -> tuple[DeltaGenerator, DeltaGenerator]:
    """Where a title goes, and beside it the popover with what the picture or the table shows."""
    head = st.container(horizontal=True, vertical_alignment="bottom")
    return head.container(width=width).empty(), head.popover(button, icon=":material/tune:")


def draw_scatter(shown: Shown, settings: sidebar.InputSettings) -> None:
    """Any quantity against any other: at first what people decide by."""
    title, place = open_head("Axes")
    with place:
        axes = axes_of(shown)
        x = widgets.choose("Horizontal axis", "x", axes, "seconds_per_image", format_func=label_of)
        y = widgets.choose("Vertical axis", "y", axes, "top1", format_func=label_of)
        size = widgets.choose("Area of the marks", "size", (*axes, NO_SIZE), "params", format_func=label_of)
        log = widgets.switch("Logarithmic axes", "log", True)
    shown = with_quantities(shown, settings, x, y, size)
    if shown.frame[[x, y]].dropna().empty:
        st.caption(f"None of these networks has both {in_a_sentence(label_of(x))} and {in_a_sentence(label_of(y))}.")
        x, y = (x, TRAINED) if TRAINED in shown.frame and not shown.frame[[x, TRAINED]].dropna().empty else COSTS
    area = "" if size == NO_SIZE else f" Area of a mark: {in_a_sentence(label_of(size))}."
    told = [f"**{label_of(key)}**: {QUANTITIES[key].definition}" for key in (x, y)]
    line = LINES.get(y, "")
    title.header(
        f"{label_of(y)} against {in_a_sentence(label_of(x))}", anchor=False, help="\n\n".join([*told, area, line])
    )
    figure = figures.scatter(shown, x, y, None if size == NO_SIZE else size, log=log)
    about = f"Scatter of {label_of(x)} and {label_of(y)} of {len(shown.frame)} networks.{area}"
    widgets.draw(figure, SCATTER, about, partial(light_point, SCATTER, list(shown.frame["name"])))


def draw_bars(shown: Shown, settings: sidebar.InputSettings) -> None:
    """One quantity of all networks."""
    title, place = open_head("Quantity")
    key = widgets.choose("Quantity", "bars", axes_of(shown), "bytes_moved", place, format_func=label_of)
    order = widgets.choose_segment("Order", "order", ORDERS, "family", place)
    shown = with_quantities(shown, settings, key)
    title.header(widgets.literal(shown.notation.label(key)), help=QUANTITIES[key].definition, anchor=False)
    if shown.frame[key].dropna().empty:
        st.caption("It is not known of any of these networks.")
        return
    figure = figures.bars(shown, key, by_value=order == "value")
    about = f"Bars of {shown.notation.label(key)} of {len(shown.frame)} networks."
    widgets.draw(figure, BARS, about, partial(light_point, BARS, list(shown.frame["name"])))


def with_quantities(shown: Shown, settings: sidebar.InputSettings, *keys: str) -> Shown:
    """The networks with these quantities too, which take a moment to count."""
    if "training_bytes_per_image" not in keys or "training_bytes_per_image" in shown.frame:
        return shown
    frame = with_training_memory(shown.frame, settings)
    return shown._replace(frame=frame, notation=notation_of(shown.notation.style, frame, shown.baseline))


def notation_of(style: str, frame: pd.DataFrame, baseline: str) -> Notation:
    """How figures are written; without its baseline a ratio is none."""
    row = next((row for row in frame.to_dict("records") if row["name"] == baseline), None)
    return Notation(style, row) if row else Notation("rounded" if style == "relative" else style)


def draw_table(shown: Shown, settings: sidebar.InputSettings) -> pd.DataFrame:
    """All networks, with the quantities that are chosen; what they are."""
    title, place = open_head("Columns", "content")
    help = "Click a column's head to sort, hover it for its meaning, choose a row to light it in the charts."
    title.header("All quantities", anchor=False, help=help)
    chosen = widgets.choose_many(
        "Columns", "columns", TABLE_COLUMNS, FIRST_COLUMNS, place, format_func=label_of, select_all=False
    )
    is_trained = TRAINED in shown.frame
    chosen = [TRAINED, *chosen] if is_trained else chosen
    shown = with_quantities(shown, settings, *chosen)
    scaled = shown.frame.assign(**{key: shown.notation.scale(shown.frame, key) for key in chosen})
    told = [
        column
        for key in chosen
        for column in (*shown.notation.columns([key]), *(columns(BESIDE[key]) if key in BESIDE else ()))
    ]
    told += columns("trained_how") if is_trained else ()
    styles = {
        number: f"{BOLD if name == shown.baseline else ''} {LIGHT if name == shown.lit else ''}"
        for number, name in enumerate(shown.frame["name"])
        if name in (shown.baseline, shown.lit)
    }
    light_row = partial(light_rows, list(shown.frame["name"]))
    tables.show(scaled, [*columns("network.name", "image_size"), *told], TABLE, styles=styles, on_select=light_row)
    return shown.frame


def light_point(key: str, names: list[str]) -> None:
    """Light the network whose mark or bar has been clicked, in all pictures and the table."""
    points = st.session_state[key]["selection"]["points"]
    st.session_state[LIT] = name = points[0]["customdata"] if points else None
    rows = [names.index(name)] if name in names else []
    st.session_state[TABLE] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def light_rows(names: list[str]) -> None:
    """Light the network whose row has been chosen."""
    rows = st.session_state[TABLE]["selection"]["rows"]
    st.session_state[LIT] = names[rows[0]] if rows else None


def render() -> None:
    """The page."""
    names, style = select()
    baseline, device, execution, recipe, trained = draw_head(names)
    names = names if baseline in names else [baseline, *names]
    settings = sidebar.current()
    with sidebar.counting(names):
        frame, left_out = cached.comparison(names, settings)
    widgets.say_left_out(left_out)
    if frame.empty:
        st.info("No network is left to show: choose another image size, or more networks, in the sidebar.")
        return
    sizes = dict(zip(frame["name"], frame["image_size"], strict=True))
    known = candidates(sizes, device, execution, recipe, trained)
    frame = with_facts(frame, known)
    best_buy = best_buy_finding(list(known.values()), baseline)
    costs = comparison_finding(frame.to_dict("records"), baseline)
    widgets.say(best_buy or costs)
    if learned := trained_finding(list(known.values())):
        widgets.say(learned)
    if unknown := unknown_finding(list(known.values()), sizes, device):
        st.caption(widgets.literal(unknown))
    if style == "relative" and baseline not in set(frame["name"]):
        st.warning(
            f"No ratios: the baseline {widgets.literal(baseline)} cannot take this input. Choose another baseline."
        )
    lit = st.session_state.get(LIT)
    shown = Shown(
        frame,
        known,
        notation_of(style, frame, baseline),
        widgets.current_theme(),
        baseline,
        lit if lit in set(frame["name"]) else None,
    )
    with st.container(key="comparison"):
        charts, table = st.container(key="comparison_charts"), st.container(key="comparison_table")
        if best_buy:  # on a phone the table is above the charts: its place is kept
            with table:
                widgets.say(costs)
        with charts:
            left, right = st.columns([3, 2], gap="medium")
            with left:
                draw_scatter(shown, settings)
            with right:
                draw_bars(shown, settings)
        with table:
            frame = draw_table(shown, settings)
            st.caption(f"Counted at {settings.describe()}; costs are for the whole batch, at inference.")
            if settings.as_backbone:
                st.caption("Accuracy and speed are those of the networks with their heads.")
            widgets.downloads(frame, "comparison")


render()
