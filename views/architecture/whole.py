"""Architecture: a whole network in one picture, coloured by where a quantity is; stages and their blocks open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import streamlit as st

from analysis import Summary, predict
from analysis.hardware.speeds import usual_conditions
from analysis.quantities import in_a_sentence, label_of
from analysis.structure.connectivity import blocks
from analysis.structure.diagram import MOST_LAYERS, diagram, feature_names
from analysis.structure.whole import Node, nodes, stages, total, whole_finding
from analysis.units import capitalised, format_quantity, format_share, format_si
from views import cached, sidebar, widgets
from views.charts.diagram import draw as draw_diagram
from views.charts.whole import Shade
from views.charts.whole import draw as draw_whole
from views.networks import variant
from views.sections.block_diagram import file_name, show_picture

#: Counted of every layer; then the time that one is predicted to take, and the bytes that are alive as it runs.
COUNTED = ("macs", "bytes_moved", "params")
TIME, LIVE = "seconds", "live_bytes"
COLOURS = {**{key: label_of(key) for key in COUNTED}, TIME: "Predicted time", LIVE: "Live memory"}
HELP = """Stages in execution order; repeated layers are folded into one line, × their number. The darker a box, the
more it has of the quantity. Click a stage, or press Enter on it, and its units stand below with an arc to everything
that reads them; click a unit, and its block is drawn below.

Drag to move, Ctrl and the wheel (or two fingers on a touchpad) to magnify."""


class Quantity(NamedTuple):
    """What boxes are coloured by."""

    label: str
    #: By layer, and how layers add up: times and costs by their sum, what is alive by its most.
    values: Mapping[str, float]
    add: Callable[..., float]
    note: str = ""
    predicted: bool = False

    def shade(self, layers: Sequence[Any], most: float, whole: float) -> Shade:
        value = total(layers, self.values, self.add)
        text = format_share(value / whole) if self.add is sum else format_si(int(value), "B")
        return Shade(value / (most or 1), text)


def draw_network(summaries: Sequence[Summary]) -> None:
    """The section."""
    colour, stage, more = st.columns(3)
    key = widgets.choose("Coloured by", "coloured", COLOURS, "macs", colour)
    device = sidebar.choose_device("Predicted for", "coloured_device", more) if key == TIME else ""
    for place, at, summary in zip(("network", "beside"), (stage, st), summaries, strict=False):
        with widgets.errors_said():
            draw_one(summary, quantity(summary, key, device), place, at)


def quantity(summary: Summary, key: str, device: str) -> Quantity:
    """Of every layer. Raises: DenseScopeError: an operation whose time is not known."""
    if key == TIME:
        given = usual_conditions(device)
        found = predict(summary.target, device, given.batch_size, summary.image_size, given.precision)
        where = f"{device} at batch {given.batch_size}, {given.precision}, eager"
        note = f"Predicted for {where}: {format_si(found.seconds, 's')} in all"
        if known := found.interval:
            note += f", between {format_si(known.low, 's')} and {format_si(known.high, 's')} {known.rule}"
        note += "."
        return Quantity("predicted time", {layer.name: layer.seconds for layer in found.layers}, sum, note, True)
    if key == LIVE:
        memory = cached.inference_memory(summary.name, sidebar.current())
        return Quantity("live memory", {one.layer.name: one.live_bytes for one in memory.timeline}, max)
    values = {cost.layer.name: getattr(cost, key) for cost in summary.layers}
    note = f"{format_quantity(key, getattr(summary, key))} in all."
    return Quantity(in_a_sentence(label_of(key)), values, sum, note)


def draw_one(summary: Summary, by: Quantity, place: str, at: Any) -> None:
    """The picture of a network, and the block that was clicked."""
    found = stages(summary)
    layers, config = [cost.layer for cost in summary.layers], summary.target.config
    amounts = {stage.name: total(stage.layers, by.values, by.add) for stage in found}
    most, whole = max(amounts.values()), total(layers, by.values, by.add) or 1
    wired = {block.layers[0].stage for block in blocks(layers)} or amounts  # those that have arcs to show
    costliest = max(wired, key=lambda name: amounts[name])
    opened = widgets.choose(
        f"Opened stage of {widgets.literal(summary.name)}", f"opened_{place}", [*amounts], costliest, at
    )
    inside = nodes(next(stage for stage in found if stage.name == opened), layers, config)
    largest = max(total(node.layers, by.values, by.add) for node in inside)
    shades = (
        [by.shade(stage.layers, most, whole) for stage in found],
        [by.shade(node.layers, largest, whole) for node in inside],
    )
    st.header(f"Which stages of {widgets.literal(summary.name)} have the most {by.label}?", help=HELP, anchor=False)
    widgets.say(_finding(summary.name, amounts, by))
    theme = widgets.current_theme()
    title = f"{summary.name}: {len(found)} stages, coloured by {by.label}; {opened} is opened"
    colour = theme.variant_colour(summary.family, variant(summary.name))
    svg = draw_whole(found, inside, shades, opened, title, colour, theme, predicted=by.predicted)
    show_picture(svg, file_name(summary.name, "whole network"), f"whole_{place}", partial(_open, place))
    if by.note:
        st.caption(widgets.literal(by.note))
    draw_unit(summary, inside, place)


def _finding(name: str, amounts: Mapping[str, float], by: Quantity) -> str:
    if by.add is sum:
        whole = sum(amounts.values()) or 1
        return whole_finding(name, {stage: amount / whole for stage, amount in amounts.items()}, by.label)
    stage = max(amounts, key=lambda one: amounts[one])
    return f"{name} holds most, {format_si(int(amounts[stage]), 'B')}, in {stage}."


def _open(place: str, what: str) -> None:
    """A stage, or a unit of the one that is opened."""
    kind, _, name = what.partition(":")
    st.session_state[f"{'opened' if kind == 'stage' else 'unit'}_{place}"] = name


def draw_unit(summary: Summary, inside: Sequence[Node], place: str) -> None:
    """The block of a unit that was clicked."""
    clicked = st.session_state.get(f"unit_{place}")
    node = next((node for node in inside if node.part and node.title == clicked), None)
    if node is None:
        return
    st.header(f"{widgets.literal(capitalised(node.title))}: what is inside?", anchor=False)
    if len(node.part) > MOST_LAYERS:
        st.info(f"{widgets.literal(node.title)} has {len(node.part)} layers, too many to be drawn.")
        return
    drawn = diagram(node.title, node.part, feature_names([cost.layer for cost in summary.layers]))
    svg = draw_diagram(drawn, widgets.current_theme(), summary.name)
    show_picture(svg, file_name(summary.name, node.title), f"unit_picture_{place}")
