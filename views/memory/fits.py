"""Memory: which batch fits?"""

from __future__ import annotations

import streamlit as st

from analysis.memory.findings import fits_finding
from analysis.memory.fits import Footprint, footprints
from archs.errors import DenseScopeError
from views import cached, widgets
from views.charts import memory as figures
from views.memory import tables as memory_tables
from views.memory.inputs import Question, choose_budget, choose_optimizer
from views.memory.training import modes_of

HELP = (
    "All that is held, against the batch. Inference: weights, buffers and the peak of the tensors. Training: weights, "
    "buffers, gradients, optimizer state and what is kept for the backward pass. The kernels' workspace, the framework "
    "itself and the gradients of activations come on top, so that the largest batch of a real device is smaller."
)


def draw(question: Question) -> None:
    """The section."""
    left, right = st.columns(2)
    with left:
        budget = choose_budget()
    with right:
        optimizer = choose_optimizer()
    found = _footprints(question, optimizer)
    st.markdown(fits_finding(found, budget))
    with st.container(horizontal=True, gap="medium", key="fits_headlines"):
        for one in found:
            batch = one.largest_batch(budget)
            exact = f"Holds {one.total_bytes(batch):,} B; one image more, {one.total_bytes(batch + 1):,} B."
            st.metric(f"Batch, {one.mode}", f"{batch:,}" if batch else "none fits", help=exact, width="content")
    frame = memory_tables.devices(found)
    with widgets.chart_or_table("Which batch fits?", HELP, lambda: memory_tables.show_devices(frame)):
        figure = figures.growth(found, budget, widgets.current_theme())
        widgets.draw(figure, "growth_chart", "Lines: memory of each mode against the batch, and the budget.")
    widgets.downloads(frame, f"{question.name}_batches")


def _footprints(question: Question, optimizer: str) -> list[Footprint]:
    """One a mode; says so where training cannot be counted."""
    inference = cached.inference_memory(question.name, question.settings)
    try:
        modes = modes_of(question)
    except DenseScopeError as error:
        st.info(f"Inference alone: {error}")
        modes = {}
    return footprints(inference, modes.get("plain"), modes.get("recomputed"), optimizer)
