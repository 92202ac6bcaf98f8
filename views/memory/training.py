"""Memory: what does training save for the backward pass, and which batch fits?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analysis.findings import reason
from analysis.memory.findings import training_finding
from analysis.memory.saved_tensors import SAVED_KINDS
from analysis.memory.storages import Footprint
from analysis.memory.training import TrainingMemory, footprints
from archs.errors import DenseScopeError
from views import cached, widgets
from views.charts import memory as figures
from views.charts.budget import growth
from views.charts.costs import saved_kinds
from views.memory import tables as memory_tables
from views.memory.question import Question

KINDS_HELP = (
    "What autograd saves after the forward pass, every piece of memory once; parameters and running statistics are "
    "there anyway and not in it. **Recomputed**: concatenation, BN and ReLU run again in the backward pass, no "
    "convolution does, and gradients stay the same."
)
DEPTH_HELP = "Bytes saved once each layer has run, by kind, all panels on the same scale. Hover a layer for its own."


def modes_of(question: Question) -> dict[str, TrainingMemory]:
    """Plain training and, where there is such a scheme, training that recomputes."""
    plain = cached.training_memory(question.name, question.settings)
    recomputed = cached.recomputed_memory(question.name, question.settings)
    return {"plain": plain} | ({"recomputed": recomputed} if recomputed else {})


def draw_training(question: Question) -> None:
    """The section."""
    modes = modes_of(question)
    inference = cached.inference_memory(question.name, question.settings)
    widgets.say(training_finding(modes["plain"], inference, modes.get("recomputed")))
    if "recomputed" not in modes:
        st.caption(
            f"{widgets.literal(question.name)} has no scheme that recomputes here; the networks of the registry have."
        )
    kinds = memory_tables.kinds(modes)
    theme = widgets.current_theme()
    with widgets.chart_or_table(
        "What is saved for the backward pass?", KINDS_HELP, lambda: memory_tables.show_kinds(kinds)
    ):
        widgets.draw(saved_kinds(kinds, theme), "saved_kinds", "Bars: bytes saved by kind, mode by mode.")
    frames = {mode: memory_tables.saved(memory) for mode, memory in modes.items()}
    table = _side_by_side(frames)
    with widgets.chart_or_table(
        "Where along the depth does it gather?", DEPTH_HELP, lambda: memory_tables.show_saved(table, list(table)[3:])
    ):
        widgets.draw(figures.saved(frames, SAVED_KINDS, theme), "saved_chart", "Bytes saved so far, layer by layer.")
    _draw_headlines(modes, question.optimizer)
    widgets.downloads(table, f"{question.name}_training_memory")


def _draw_headlines(modes: Mapping[str, TrainingMemory], optimizer: str) -> None:
    plain = modes["plain"]
    apart = {key: getattr(plain, key) for key in ("weight_bytes", "gradient_bytes", "buffer_bytes")}
    apart["optimizer_bytes"] = plain.optimizer_bytes(optimizer)
    memory_tables.draw_headlines(
        [
            *(("saved_bytes", memory.saved_bytes, mode) for mode, memory in modes.items()),
            *((key, nbytes, "") for key, nbytes in apart.items()),
            *(("step_bytes", memory.peak(optimizer).activation_bytes, mode) for mode, memory in modes.items()),
            *(("training_bytes", memory.total_bytes(optimizer), mode) for mode, memory in modes.items()),
        ]
    )


def _side_by_side(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a layer: what each mode saves by it, and up to it."""
    first = next(iter(frames.values()))
    columns = {}
    for mode, frame in frames.items():
        columns[f"{mode}, by the layer"] = frame["saved_here"]
        columns[f"{mode}, so far"] = frame["saved_bytes"]
    return first[["name", "number", "stage"]].assign(**columns)


FITS_HELP = (
    "All that is held, against the batch. Inference: weights, buffers and the peak of the tensors. Training: the peak "
    "of a step, with the optimizer's state and all that the forward and the backward pass make. The kernels' workspace "
    "and the framework itself come on top, so that the largest batch of a real device is smaller."
)


def draw_fits(question: Question) -> None:
    """The section."""
    found, _ = footprints_of(question)
    frame = memory_tables.devices(found)
    with widgets.chart_or_table("Which batch fits?", FITS_HELP, lambda: memory_tables.show_devices(frame)):
        batch = question.settings.batch_size
        figure = growth(found, question.budget_bytes, batch, widgets.current_theme())
        widgets.draw(figure, "growth_chart", "Lines: memory of each mode against the batch, and the budget.")
    with st.container(horizontal=True, gap="medium", key="fits_headlines"):
        for one in found:
            batch = one.largest_batch(question.budget_bytes)
            exact = f"Holds {one.total_bytes(batch):,} B; one image more, {one.total_bytes(batch + 1):,} B."
            st.metric(f"Batch, {one.mode}", f"{batch:,}" if batch else "none fits", help=exact, width="content")
    widgets.downloads(frame, f"{question.name}_batches")


def footprints_of(question: Question) -> tuple[list[Footprint], str]:
    """One a mode, and why training cannot be counted where it cannot."""
    inference = cached.inference_memory(question.name, question.settings)
    try:
        modes, problem = modes_of(question), ""
    except DenseScopeError as error:
        modes, problem = {}, reason(error)
    return footprints(inference, modes.get("plain"), modes.get("recomputed"), question.optimizer), problem
