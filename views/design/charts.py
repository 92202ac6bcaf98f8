"""The charts of the Design view, one at a time so that a change answers at once."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.memory import memory_of
from analysis.memory.along_depth import LIVE_KINDS
from analysis.quantities import label_of
from analysis.summary import comparison_row
from archs.registry import list_archs
from views import cached, frames, tables, widgets
from views.architecture import block as architecture_block
from views.architecture import channels as architecture_channels
from views.architecture import table as architecture_table
from views.charts import depth as depth_figures
from views.charts import memory as memory_figures
from views.charts import networks as network_figures
from views.layers import tables as layer_table
from views.memory import inference as memory_inference
from views.memory import tables as memory_tables
from views.notation import Notation
from views.sidebar import InputSettings

AXES = ("params", "macs", "memory_access_cost", "bytes_moved", "activations")
TABLE_COLUMNS = ("name", *AXES)
TITLES = {"name": ("Network", "The design, then all registered networks that can take the input.")}
#: How a design looks among the registered networks: `views.theme.VARIANT_STYLES`.
OWN_VARIANT = "your design"


def draw_depth(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """Channels, resolution and costs, layer by layer."""
    frame = frames.layers(summary)
    help = "One bar a layer, coloured by kind of operation; stages are the bands. Hover a layer for its name."
    with widgets.chart_or_table(
        "Where along the depth does it cost?", help, lambda: layer_table.show_profile(frame), live=True
    ):
        figure = depth_figures.profile(frame, widgets.current_theme())
        widgets.draw(figure, "design_depth", "Channels, resolution, MACs, memory access cost and traffic by layer.")


def draw_table(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """As the family's paper would print it, beside the baseline."""
    architecture_table.draw([summary] if base.name == summary.name else [base, summary])


def draw_block(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """How a block is built, in the style of the papers."""
    architecture_block.draw([summary])


def draw_channels(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """How channels grow, and what unequal ones cost."""
    architecture_channels.draw([summary])


def draw_memory(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """What is alive at inference."""
    frame = memory_tables.timeline(memory_of(summary, "inference"))
    question = "What is alive as each layer runs?"
    with widgets.chart_or_table(question, memory_inference.HELP, lambda: memory_tables.show_timeline(frame), live=True):
        figure = memory_figures.timeline(frame, LIVE_KINDS, widgets.current_theme())
        widgets.draw(figure, "design_memory", "Live bytes as each layer runs; the peak is marked.")


def draw_neighbours(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """The design among the registered networks, each at its own input while the sidebar says so."""
    registered, _ = cached.comparison(list_archs(), settings)
    own = comparison_row(summary) | {"variant": OWN_VARIANT}
    frame = pd.concat([pd.DataFrame([own]), registered[registered["name"] != summary.name]], ignore_index=True)
    notation = Notation()

    def table() -> None:
        writers = {key: lambda value, key=key: notation.write(key, value) for key in AXES}
        tables.show(frame[list(TABLE_COLUMNS)], writers, TITLES, "design_neighbours_table")

    help = "Accuracy is no part of this: a network that costs less may also know less."
    with widgets.chart_or_table("Where does it stand among the registered networks?", help, table, live=True):
        left, right = st.columns(2)
        with left:
            x = widgets.choose("Horizontal axis", "design_x", AXES, "macs", format_func=label_of)
        with right:
            y = widgets.choose("Vertical axis", "design_y", AXES, "bytes_moved", format_func=label_of)
        figure = network_figures.scatter(frame, x, y, "params", notation, widgets.current_theme(), log=True)
        widgets.draw(figure, "design_scatter", f"Scatter of {len(frame)} networks with the design among them.")


CHARTS: dict[str, Callable[[Summary, Summary, InputSettings], None]] = {
    "Along the depth": draw_depth,
    "Table": draw_table,
    "Block": draw_block,
    "Channels": draw_channels,
    "Memory": draw_memory,
    "Among the registered": draw_neighbours,
}
