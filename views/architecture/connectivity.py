"""Architecture: who reads whom inside each block, what other wiring would cost, which tensors are held how long."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.columns import columns
from analysis.structure.connectivity import Block, blocks
from analysis.structure.wiring import COSTS, wiring_finding, wiring_rows
from views import tables, widgets
from views.charts.matrix import Panel, matrices
from views.networks import variant

ALL = "all"
#: For the panels of a network, beside another or alone: how many stand side by side, and pixels at the least.
SPACE = {False: {"across": 1, "width": 230}, True: {"across": 2, "width": 620}}
#: What stands below a column where there is little room.
SHORT = {"aggregation": "agg.", "identity": "+"}
#: Beside the colours.
MOST_TICKS = 6
HELP = """A row is a source: the block's input, or what one of its layers adds. A column is a reader: a layer, or what
reads all of them in the end. Colour: the channels that the source passes.

Branches side by side, as in PeleeNet's two-way layers, are one layer. **agg.**: the aggregation. **+**: an identity,
added and not concatenated.
Concatenations are resolved: a feature stays the same however often it is joined."""
WIRING_HELP = """The same layers, making the same channels: each reading all features before it (dense), or only the one
before it, with all of them concatenated once (one-shot). ✓: as it is.

Connections: in the block's layers, and in what reads all features at the end; identities are not counted. A dense
block's transition, which the wiring does not change, is not in the costs."""
#: Of both tables of connections.
CONNECTION = ("block", "connection.source", "reader")
SHOWN = columns(*CONNECTION, "connection.kind", "channels", "connection.tensors", "names")
HEIGHT = 560


def draw_connectivity(summaries: Sequence[Summary]) -> None:
    """The section."""
    found = [blocks([cost.layer for cost in summary.layers]) for summary in summaries]
    for summary in summaries:
        widgets.say(wiring_finding(summary))
    most = max(map(len, found))
    if not most:
        return
    options = [ALL, *map(str, range(1, most + 1))]
    chosen = widgets.choose_segment("Block", "block", options, ALL, help="All blocks, or one of them, larger.")
    channels = pd.Series([feature.channels for own in found for block in own for feature in block.features])
    for column, (summary, own) in widgets.side_by_side([*zip(summaries, found, strict=True)]):
        with column:
            if own:
                draw_network(summary, own, chosen, channels, alone=len(summaries) == 1)


def draw_network(summary: Summary, own: Sequence[Block], chosen: str, channels: pd.Series[int], *, alone: bool) -> None:
    """The matrices of a network, and its wiring; colours hold `channels`, those of networks beside it too."""
    shown = own if chosen == ALL else own[int(chosen) - 1 : int(chosen)]
    if not shown:
        st.info(f"{widgets.literal(summary.name)} has only {len(own)} such blocks.")
        return
    frame = connection_frame(shown)
    question = "Who reads whom?" if alone else f"{summary.name}: who reads whom?"
    key = f"connectivity_{summary.name}"
    with widgets.chart_or_table(question, HELP, lambda: tables.show(frame, SHOWN, f"{key}_table", HEIGHT)):
        theme = widgets.current_theme()
        colour = theme.variant_colour(summary.family, variant(summary.name))
        panels = [panel(block) for block in shown]
        figure = matrices(panels, colour, theme, "channels", channel_ticks(channels), **SPACE[alone])
        counts = ", ".join(f"{block.name}: {block.count() + block.count('last')}" for block in shown)
        widgets.draw(figure, key, f"Connections inside the blocks of {summary.name}. {counts}.")
    widgets.downloads(frame, f"{summary.name}_connections")
    if rows := wiring_rows(summary):
        st.header("What would another wiring cost?", anchor=False, help=WIRING_HELP)
        show_wiring(pd.DataFrame(rows), f"wiring_{summary.name}")


def panel(block: Block) -> Panel:
    """One block as a heat map."""
    values, texts, hovers = {}, {}, {}
    for number, reader in enumerate(block.readers):
        read = "<br>".join(names(block, number))
        for source in reader.sources:
            feature, sign = block.features[source], "+" if reader.kind == "identity" else ""
            channels = block.channels_read(source, reader)
            values[source, number] = log2(channels)
            texts[source, number] = f"{sign}{channels:,}"
            word = "added by" if sign else "read by"
            hovers[source, number] = (
                f"<b>{channels:,} channels</b><br>{'<br>'.join(feature.tensors)}<br>{word}<br>{read}"
            )
    readers = [SHORT.get(reader.label, reader.label) for reader in block.readers]
    labels = [feature.label for feature in block.features], readers
    count = block.count()
    title = f"{block.name}: {count} + {block.count('last')} connections"
    return Panel(title, *labels, values, texts, hovers)


def channel_ticks(channels: pd.Series[int]) -> dict[float, str]:
    """Numbers of channels that occur, on the logarithmic scale of the colours."""
    found = sorted(set(channels))
    while len(found) > MOST_TICKS:
        found = [*found[:-1:2], found[-1]]
    return {log2(one): f"{one:,}" for one in found}


def names(block: Block, number: int) -> list[str]:
    """The layers by which a reader reads."""
    reader = block.readers[number]
    return [layer.name for layer, _ in reader.entries] or [reader.layers[0].name]


def connection_frame(shown: Sequence[Block]) -> pd.DataFrame:
    """One row a connection."""
    rows = []
    for block in shown:
        for number, reader in enumerate(block.readers):
            how = "added" if reader.kind == "identity" else "concatenated" if len(reader.sources) > 1 else "alone"
            for source in reader.sources:
                feature, layers = block.features[source], ", ".join(names(block, number))
                tensors = ", ".join(feature.tensors)
                channels = block.channels_read(source, reader)
                rows.append((block.name, feature.label, reader.label, how, channels, tensors, layers))
    return pd.DataFrame(rows, columns=["block", "source", "reader", "kind", "channels", "tensors", "names"])


def show_wiring(frame: pd.DataFrame, key: str) -> None:
    """Two rows a block."""
    shown = frame.assign(actual=frame["actual"].map({True: "✓", False: ""}))
    tables.show(shown, columns("block", "wiring", "actual", "block.layers", *COSTS), key, HEIGHT)
