"""A line of sizes that one would quote, each with its exact bytes."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from analysis.units import THIN_SPACE, format_si


def draw(sizes: Mapping[str, tuple[int, str]]) -> None:
    """Bytes and their definition, by label."""
    with st.container(horizontal=True, gap="medium", key="memory_headlines"):
        for label, (nbytes, definition) in sizes.items():
            exact = f"{definition}\n\nExactly: {nbytes:,}{THIN_SPACE}B"
            st.metric(label, format_si(nbytes, "B"), help=exact, width="content")
