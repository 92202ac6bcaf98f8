"""Memory: what is alive as the network runs?"""

from __future__ import annotations

import streamlit as st

from analysis.memory.along_depth import LIVE_KINDS
from analysis.memory.findings import lifetimes_finding
from analysis.memory.inference import InferenceMemory
from analysis.units import format_si
from views import cached, widgets
from views.charts import memory as figures
from views.memory import tables as memory_headlines
from views.memory import tables as memory_tables
from views.memory.inputs import Question

HELP = (
    "Bytes of all tensors that are alive as a layer runs, its inputs and its output among them; a ReLU overwrites its "
    "input where nothing else reads that. A tensor has the colour of the layer that allocates it. Weights and the "
    "kernels' workspace are not in it. Hover a layer for its largest tensors."
)
#: Keys of `analysis.memory.LIFETIMES`.
LIFETIME_LABELS = {"eager": "As by eager modules", "minimal": "Until the last reader"}


def draw(question: Question) -> None:
    """The section."""
    lifetimes = widgets.choose_segment(
        "Tensors are held", "lifetimes", tuple(LIFETIME_LABELS), "eager", format_func=LIFETIME_LABELS.__getitem__
    )
    found = {key: cached.inference_memory(question.name, question.settings, key) for key in LIFETIME_LABELS}
    memory = found[lifetimes]
    st.markdown(lifetimes_finding(found["eager"], found["minimal"]))
    frame = memory_tables.timeline(memory)
    _draw_headlines(memory)
    with widgets.chart_or_table("What is alive as each layer runs?", HELP, lambda: memory_tables.show_timeline(frame)):
        figure = figures.timeline(frame, LIVE_KINDS, widgets.current_theme())
        widgets.draw(figure, "live_chart", f"Live bytes of {question.name} as each layer runs; the peak is marked.")
    widgets.downloads(frame, f"{question.name}_inference_memory")


def _draw_headlines(memory: InferenceMemory) -> None:
    peak = memory.peak
    memory_headlines.draw(
        {
            "Peak of the tensors": (memory.peak_bytes, "Most bytes of tensors that are alive at once."),
            "Weights": (memory.weight_bytes, "The parameters."),
            "Buffers": (memory.buffer_bytes, "Running statistics of the batch norms."),
            "In all": (memory.total_bytes, "Weights, buffers and the peak."),
        }
    )
    st.markdown(
        f"**Peak layer** `{peak.layer.name}`, which allocates {format_si(peak.allocated_bytes, 'B')}."
        if peak.allocated_bytes
        else f"**Peak layer** `{peak.layer.name}`, which overwrites its input."
    )
