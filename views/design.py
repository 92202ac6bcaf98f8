"""Design: a network of one's own, edited live, against the registered one that it started from."""

from __future__ import annotations

import streamlit as st

from analysis import Summary
from analysis.deltas import delta_finding
from analysis.devices import list_devices
from analysis.findings import network_finding, reason
from archs.design import Design, parse_design
from archs.errors import DenseScopeError
from archs.registry import get_config
from views import design_charts, design_editor, design_export, design_headlines, design_shelf, inputs, links, widgets
from views.networks import DEFAULT
from views.workbench import Workbench

#: Of the link; and of the bench in the session.
PARAMETER, BENCH = "design", "workbench"
DEVICE = "RTX 4090"


def bench() -> Workbench:
    """The session's workbench; a new one has the link's design on it."""
    if BENCH not in st.session_state:
        st.session_state[BENCH] = Workbench.starting_from(DEFAULT.baseline, _linked())
    return st.session_state[BENCH]


def _linked() -> Design | None:
    """The design that the link carries."""
    links.check(PARAMETER, _is_design, "a design that this page wrote")
    text = st.query_params.get(PARAMETER, "")
    return parse_design(text) if text and _is_design(text) else None


def _is_design(text: str) -> bool:
    try:
        return bool(parse_design(text))
    except DenseScopeError:
        return False


def draw_results(bench: Workbench, settings: inputs.InputSettings) -> None:
    """Everything that the design costs."""
    try:
        summary = settings.summarize(bench.current)
        base = settings.summarize(Design(bench.baseline, get_config(bench.baseline)))
    except DenseScopeError as error:
        st.error(f"{reason(error)} Or change the design.", icon=":material/error:")
        return
    changed = summary.target.config != base.target.config
    st.markdown(delta_finding(base, summary) if changed else f"{network_finding(summary)} Change it at the side.")
    draw_headlines(base, summary)
    chart = widgets.choose_segment(
        "Chart", "chart", list(design_charts.CHARTS), next(iter(design_charts.CHARTS)), label_visibility="collapsed"
    )
    design_charts.CHARTS[chart](base, summary, settings)
    design_export.draw(bench.current)
    design_shelf.draw(bench, [summary, base] if base.name != summary.name else [summary], settings)


def draw_headlines(base: Summary, summary: Summary) -> None:
    """Headline figures; the device that times are predicted for stands with what is counted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width=220):
            device = widgets.choose("Predict for", "design_device", list_devices()[::-1], DEVICE)
        st.caption(
            f"Changes are against {base.name}. Times are predicted for batch {design_headlines.GPU_BATCH}, "
            f"{design_headlines.PRECISION}; the rest is counted for batch {summary.batch_size}, {summary.dtype}."
        )
    design_headlines.draw(base, summary, device)


def render() -> None:
    """The page."""
    workbench = bench()
    with st.sidebar:
        design_editor.draw(workbench)
    st.title(workbench.current.name, anchor=False)
    draw_results(workbench, inputs.current())
    st.query_params[PARAMETER] = workbench.current.to_link()


render()
