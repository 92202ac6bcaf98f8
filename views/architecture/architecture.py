"""Architecture: how networks are put together, alone or two beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from analysis import Summary
from analysis.findings import left_out_finding, reason
from analysis.structure.findings import architecture_finding
from archs.errors import DenseScopeError
from views import cached, sidebar, widgets
from views.architecture import block as architecture_block
from views.architecture import changes as architecture_changes
from views.architecture import channels as architecture_channels
from views.architecture import code as architecture_code
from views.architecture import connectivity as architecture_connectivity
from views.architecture import flow as architecture_flow
from views.architecture import reuse as architecture_reuse
from views.architecture import table as architecture_table

#: What each section draws, of one network or of two.
SECTIONS: dict[str, Callable[[Sequence[Summary]], None]] = {
    "Table": architecture_table.draw,
    "Channels": architecture_channels.draw,
    "Connectivity": architecture_connectivity.draw,
    "Block": architecture_block.draw,
    "Data flow": architecture_flow.draw,
    "Feature reuse": architecture_reuse.draw,
    "Code": architecture_code.draw,
    "What changed": architecture_changes.draw,
}


def count(names: Sequence[str]) -> list[Summary]:
    """The networks that can take the input; says why another cannot."""
    settings = sidebar.current()
    summaries, reasons = [], {}
    with sidebar.counting(names):
        for name in names:
            try:
                summaries.append(cached.network(name, settings).summary)
            except DenseScopeError as error:
                reasons[name] = reason(error)
    if reasons:
        st.error(f"{left_out_finding(reasons)} Choose another image size or network.", icon=":material/error:")
    if summaries:
        for summary in summaries:
            st.markdown(architecture_finding(summary))
        st.caption(f"Counted at {settings}; all figures are for the whole batch, at inference.")
    return summaries


def render() -> None:
    """The page."""
    names = sidebar.choose_network_and_beside()
    st.title(" and ".join(names), anchor=False)
    if not (summaries := count(names)):
        return
    section = widgets.choose_segment(
        "Section", "aspect", list(SECTIONS), next(iter(SECTIONS)), label_visibility="collapsed"
    )
    SECTIONS[section](summaries)


render()
