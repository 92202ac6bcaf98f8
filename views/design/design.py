"""Design: a network of one's own, edited live, against the registered one that it started from."""

from __future__ import annotations

import streamlit as st

from analysis import Summary
from analysis.facts import list_devices
from analysis.findings import delta_finding, network_finding
from archs.design import Design
from archs.registry import get_config
from views import sidebar, widgets, workbench
from views.design.editor import draw_editor
from views.design.results import CHARTS, GPU_BATCH, PRECISION, draw_headlines
from views.design.shelf import draw_export, draw_shelf
from views.workbench import Workbench

DEVICE = "RTX 4090"


def draw_results(bench: Workbench, settings: sidebar.InputSettings) -> None:
    """Everything that the design costs. Raises: DenseScopeError: the input does not suit it."""
    summary = settings.summarize(bench.current)
    base = settings.summarize(Design(bench.baseline, get_config(bench.baseline)))
    changed = summary.target.config != base.target.config
    st.markdown(delta_finding(base, summary) if changed else f"{network_finding(summary)} Change it at the side.")
    draw_figures(base, summary)
    chart = widgets.choose_segment("Chart", "chart", list(CHARTS), next(iter(CHARTS)), label_visibility="collapsed")
    CHARTS[chart](base, summary, settings)
    draw_export(bench.current)
    draw_shelf(bench, [summary, base] if base.name != summary.name else [summary], settings)


def draw_figures(base: Summary, summary: Summary) -> None:
    """Headline figures; the device that times are predicted for stands with what is counted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width=220):
            device = widgets.choose("Predict for", "design_device", list_devices()[::-1], DEVICE)
        st.caption(
            f"Changes are against {base.name}. Times are predicted for batch {GPU_BATCH}, "
            f"{PRECISION}; the rest is counted for batch {summary.batch_size}, {summary.dtype}."
        )
    draw_headlines(base, summary, device)


def render() -> None:
    """The page."""
    bench = workbench.bench()
    with st.sidebar:
        draw_editor(bench)
    st.title(bench.current.name, anchor=False)
    with widgets.errors_said("Or change the design."):
        draw_results(bench, sidebar.current())
    workbench.carry_in_link()


render()
