"""Memory: what does training keep for the backward pass?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analysis.memory.saved_tensors import SAVED_KINDS
from analysis.memory.training import TrainingMemory
from views import cached, widgets
from views.charts import memory as figures
from views.charts import memory as memory_totals
from views.memory import tables as memory_headlines
from views.memory import tables as memory_tables
from views.memory.inputs import OPTIMIZERS, Question, choose_optimizer

KINDS_HELP = (
    "What autograd keeps after the forward pass, every piece of memory once; parameters and running statistics are "
    "there anyway and not in it. **Recomputed**: concatenation, BN and ReLU run again in the backward pass, no "
    "convolution does, and gradients stay the same."
)
DEPTH_HELP = "Bytes kept once each layer has run, by kind, all panels on the same scale. Hover a layer for its own."


def modes_of(question: Question) -> dict[str, TrainingMemory]:
    """Plain training and, where there is such a design, training that recomputes."""
    plain = cached.training_memory(question.name, question.settings)
    recomputed = cached.recomputed_memory(question.name, question.settings)
    return {"plain": plain} | ({"recomputed": recomputed} if recomputed else {})


def draw(question: Question) -> None:
    """The section."""
    optimizer = choose_optimizer()
    modes = modes_of(question)
    _draw_headlines(modes, optimizer)
    if "recomputed" not in modes:
        st.caption(f"{question.name} has no design that recomputes here; the networks of the registry have.")
    kinds = memory_tables.kinds(modes)
    theme = widgets.current_theme()
    with widgets.chart_or_table(
        "What is kept for the backward pass?", KINDS_HELP, lambda: memory_tables.show_kinds(kinds)
    ):
        widgets.draw(memory_totals.kind_bars(kinds, theme), "saved_kinds", "Bars: bytes kept by kind, mode by mode.")
    frames = {mode: memory_tables.kept(memory) for mode, memory in modes.items()}
    table = _side_by_side(frames)
    with widgets.chart_or_table(
        "Where along the depth does it gather?", DEPTH_HELP, lambda: memory_tables.show_kept(table, list(table)[3:])
    ):
        widgets.draw(figures.kept(frames, SAVED_KINDS, theme), "kept_chart", "Bytes kept so far, layer by layer.")
    widgets.downloads(table, f"{question.name}_training_memory")


def _draw_headlines(modes: Mapping[str, TrainingMemory], optimizer: str) -> None:
    plain = modes["plain"]
    saved = {
        f"Kept, {mode}": (memory.saved_bytes, "For the backward pass; grows with the batch.")
        for mode, memory in modes.items()
    }
    totals = {
        f"In all, {mode}": (memory.total_bytes(optimizer), "What is kept, and all that the batch does not change.")
        for mode, memory in modes.items()
    }
    apart = {
        "Weights": (plain.weight_bytes, "The parameters."),
        "Gradients": (plain.gradient_bytes, "One number a parameter."),
        "Optimizer state": (plain.optimizer_bytes(optimizer), f"Of the optimizer: {OPTIMIZERS[optimizer]}."),
        "Buffers": (plain.buffer_bytes, "Running statistics of the batch norms."),
    }
    memory_headlines.draw(saved | apart | totals)


def _side_by_side(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a layer: what each mode keeps by it, and up to it."""
    first = next(iter(frames.values()))
    columns = {}
    for mode, frame in frames.items():
        columns[f"{mode}, by the layer"] = frame["kept_here"]
        columns[f"{mode}, so far"] = frame["kept_bytes"]
    return first[["name", "number", "stage"]].assign(**columns)
