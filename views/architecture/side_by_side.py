"""One network over the full width, or two beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

T = TypeVar("T")


def columns(items: Sequence[T]) -> Iterator[tuple[DeltaGenerator, T]]:
    """A container for each item; narrow pages put the second below the first."""
    places = st.columns(len(items), gap="medium") if len(items) > 1 else [st.container()]
    return zip(places, items, strict=True)
