"""Architecture: which tensors are held how long, so that features show that stay alive through a block."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.columns import columns
from analysis.memory import memory_of
from analysis.memory.inference import LIVE_KINDS, InferenceMemory
from analysis.structure.lifetimes import lives, lives_finding
from views import tables, widgets
from views.architecture.connectivity import HEIGHT
from views.charts.axes import Band
from views.charts.memory import gantt
from views.sections.live_memory import choose_lifetimes

WHOLE = "whole network"
#: How many other layers run while a tensor is held.
LONG = {"any time": 0, "≥ 4 layers": 4, "≥ 16 layers": 16}
#: Pixels that a chart spans at the least: alone, or beside another.
WIDTHS = {1: 780, 2: 340}
HELP = """A bar is a tensor, from the layer that makes it to the last as which it is held; the thicker, the more bytes.
Its colour is the kind of the layer that makes it. A ReLU that overwrites its input makes no tensor.

**As by eager modules**: a tensor is held until the modules that were called with it return, as PyTorch runs networks.
**Until the last reader**: as long as any layer still reads it."""
SHOWN = columns("tensor.name", "maker.kind", "maker.stage", "nbytes", "first", "last", "held")


def draw_lifetimes(summaries: Sequence[Summary]) -> None:
    """The section."""
    stages = dict.fromkeys(cost.layer.stage for summary in summaries for cost in summary.layers)
    left, middle, right = st.columns([2, 3, 4])
    stage = widgets.choose("Part of the network", "flow_stage", [WHOLE, *stages], WHOLE, left)
    long = widgets.choose_segment("Held while others run for", "held", [*LONG], "≥ 4 layers", middle)
    with right:
        kind = choose_lifetimes()
    for column, summary in widgets.side_by_side(summaries):
        with column, widgets.errors_said():
            memory = memory_of(summary, "inference", lifetimes=kind)
            draw_network(memory, stage, LONG[long], len(summaries))


def draw_network(memory: InferenceMemory, stage: str, least: int, beside: int) -> None:
    """The bars of a network, and their table beside them."""
    name, found = memory.summary.name, lives(memory)
    st.markdown(f"**{name}**: {lives_finding(memory, found, max(least, 1))}")
    spans = stage_spans(memory, stage)
    if not spans:
        st.info(f"{name} has no {stage}.")
        return
    shown = [life for life in found if life.first <= spans[-1].last and life.last >= spans[0].first]
    shown = [life for life in shown if life.held >= least]
    if not shown:
        st.info("No tensor is held for so long.")
        return
    frame = pd.DataFrame([life._asdict() | {"held": life.held} for life in shown])
    where = "" if stage == WHOLE else f" in {stage}"
    question = f"Which tensors are held{where}?" if beside == 1 else f"{name}: which tensors are held{where}?"
    with widgets.chart_or_table(question, HELP, lambda: show_table(frame, f"flow_table_{name}")):
        figure = gantt(frame, spans, LIVE_KINDS, widgets.current_theme(), WIDTHS[beside])
        widgets.draw(figure, f"flow_{name}", f"Lifetimes of {len(frame)} tensors of {name} along its layers.")
    widgets.downloads(frame, f"{name}_lifetimes")


def stage_spans(memory: InferenceMemory, stage: str) -> list[Band]:
    """The stages that are shown, with the layers that they span."""
    numbered = enumerate((moment.layer.stage for moment in memory.timeline), start=1)
    spans = []
    for name, group in groupby(numbered, key=lambda pair: pair[1]):
        numbers = [number for number, _ in group]
        if stage in (WHOLE, name):
            spans.append(Band(name, numbers[0], numbers[-1]))
    return spans


def show_table(frame: pd.DataFrame, key: str) -> None:
    """One row a tensor."""
    tables.show(frame, SHOWN, key, HEIGHT)
