"""Layers: what one network is made of, and what each layer costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analysis import Summary
from analysis.findings import layers_finding, network_finding, traffic_finding, traffic_question
from analysis.ops import KINDS
from analysis.quantities import QUANTITIES, label_of
from analysis.structure.diagram import around
from analysis.structure.findings import depth_finding, layer_finding
from analysis.units import capitalised, format_exact, format_quantity
from views import cached, sidebar, widgets
from views.charts.costs import kind_bars, treemap
from views.charts.depth import profile
from views.charts.diagram import draw
from views.sections import layer_tables
from views.sections.block_diagram import file_name, show_picture

if TYPE_CHECKING:
    import pandas as pd


HEADLINES = ("params", "macs", "memory_access_cost", "bytes_moved", "arithmetic_intensity", "activations")
AREAS = ("bytes_moved", "macs", "memory_access_cost", "params")
TABLE_HEIGHT = 560
#: The layer that is chosen, in the link too; none; the chart that chooses one.
LAYER, ALL, CHART = "layer", "all layers", "depth_chart"


def draw_headlines(summary: Summary) -> None:
    """The figures that one would quote, and how the depth adds up."""
    depth = summary.depth
    with st.container(horizontal=True, gap="medium", key="headlines"):
        for key in HEADLINES:
            value, quantity = getattr(summary, key), QUANTITIES[key]
            exact = f"{quantity.definition}\n\nExactly: {format_exact(key, value)}"
            st.metric(quantity.label, format_quantity(key, value), help=exact, width="content")
        help = f"{QUANTITIES['depth'].definition}\n\n{depth.formula}: {depth.terms}."
        st.metric("Depth", depth.total, help=help, width="content")
    if depth.note:
        st.caption(f":material/info: {widgets.literal(depth.note)}")
    widgets.say_notes(summary)


def draw_kinds(summary: Summary) -> None:
    """What computes, and what only moves bytes."""
    help = f"**Memory traffic**: {QUANTITIES['bytes_moved'].definition}\n\n**MACs**: {QUANTITIES['macs'].definition}"
    frame = layer_tables.kind_frame(summary)
    with widgets.chart_or_table(traffic_question(summary), help, lambda: layer_tables.show_kinds(frame), live=True):
        widgets.say(traffic_finding(summary))
        figure = kind_bars(frame, widgets.current_theme())
        widgets.draw(figure, "kind_chart", "Bars: share of MACs and of memory traffic by kind of operation.")


def draw_treemap(summary: Summary, layers: pd.DataFrame) -> None:
    """Stage, kind of operation and layer as areas."""
    help = "Stage → kind of operation → layer; click an area to zoom in. Colours are those of the kinds of operation."

    def show_table() -> None:
        layer_tables.show_stages(layer_tables.stage_frame(summary))

    with widgets.chart_or_table("Which stages cost most?", help, show_table, live=True):
        key = widgets.choose("Area", "area", AREAS, "bytes_moved", format_func=label_of, label_visibility="collapsed")
        figure = treemap(layers, key, summary.name, widgets.current_theme())
        widgets.draw(figure, "treemap", f"Treemap of {QUANTITIES[key].label} by stage, kind of operation and layer.")


@widgets.fragment
def draw_depth(summary: Summary, frame: pd.DataFrame) -> None:
    """Channels, resolution and costs layer by layer, and the table: a layer that is chosen in one lights up in all."""
    help = "One bar a layer, coloured by kind of operation; stages are the bands. Click a bar, or type a layer's name."
    st.header("Where along the depth does it cost?", help=help, anchor=False)
    names = frame["name"].tolist()
    if st.session_state.get(LAYER, ALL) not in (ALL, *names):  # another network's
        st.session_state[LAYER] = ALL
    chosen = widgets.choose("Layer", LAYER, [ALL, *names], ALL)
    lit = names.index(chosen) + 1 if chosen in names else None
    widgets.say(layer_finding(summary, chosen) if lit else depth_finding(summary))
    figure = profile(frame, widgets.current_theme(), lit=lit)
    described = "Channels, resolution, MACs, memory access cost and traffic by layer."
    widgets.draw(figure, CHART, described, lambda: _choose_bar(names))
    if lit:
        draw_block(summary, frame, chosen)
    else:
        draw_layers(summary, frame)


def _choose_bar(names: Sequence[str]) -> None:
    if points := st.session_state[CHART].selection.points:
        st.session_state[LAYER] = names[round(points[-1]["x"]) - 1]


def _choose_row(key: str, names: Sequence[str]) -> None:
    if rows := st.session_state[key].selection.rows:
        st.session_state[LAYER] = names[rows[0]]


def draw_block(summary: Summary, frame: pd.DataFrame, chosen: str) -> None:
    """The rows of a layer and of those around it, and their diagram."""
    found = around(chosen, [cost.layer for cost in summary.layers], summary.target.network)
    st.header(f"{widgets.literal(capitalised(found.title))}: the layers around it", anchor=False)
    names = [layer.name for box in found.boxes for layer in box.layers]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        show_picture(draw(found, widgets.current_theme(), summary.name, chosen), file_name(found.title), "layer_block")
    with right:
        show_rows(frame[frame["name"].isin(names)], f"layers of {found.title}", chosen)


def show_rows(shown: pd.DataFrame, key: str, chosen: str = ALL) -> None:
    """The table of layers; a row that is selected is chosen."""
    names = shown["name"].tolist()
    if chosen in names:
        st.session_state[key] = {"selection": {"rows": [names.index(chosen)], "columns": [], "cells": []}}
    layer_tables.show_layers(shown, TABLE_HEIGHT, key, lambda: _choose_row(key, names))


def draw_layers(summary: Summary, frame: pd.DataFrame) -> None:
    """The table of layers, filtered."""
    st.header("Every layer", help="Click a column's head to sort, hover it for its meaning.", anchor=False)
    left, right = st.columns(2)
    kinds = widgets.choose_many("Kinds of operation", "kinds", KINDS, at=left, placeholder="All kinds")
    names = list(frame["stage"].unique())
    stages = widgets.choose_many("Stages", "stages", names, at=right, placeholder="All stages")
    chosen = frame[frame["kind"].isin(kinds or KINDS) & frame["stage"].isin(stages or frame["stage"])]
    if chosen.empty:
        st.info("No layer is of these kinds in these stages: take one of the filters away.")
        return
    st.caption(widgets.literal(layers_finding([summary.layers[index] for index in chosen.index], summary)))
    show_rows(chosen, "layers_table")
    widgets.downloads(chosen[list(layer_tables.EXPORTED)], f"{summary.name}_layers")


def render() -> None:
    """The page."""
    name = sidebar.choose_network()
    st.title(f"Layers: {widgets.literal(name)}", anchor=False)
    settings = sidebar.current()
    with widgets.errors_said(sidebar.ANOTHER_NETWORK):
        with sidebar.counting([name]):
            summary = cached.summary(name, settings)
        widgets.say(network_finding(summary))
        st.caption(f"Counted at {settings.describe()}; all figures are for the whole batch, at inference.")
        draw_headlines(summary)
        layers = layer_tables.with_receptive_fields(layer_tables.layer_frame(summary), summary)
        left, right = st.columns(2, gap="medium")
        with left:
            draw_kinds(summary)
        with right:
            draw_treemap(summary, layers)
        draw_depth(summary, layers)


render()
