"""The computations of the views, cached on plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analysis import summarize
from analysis.compare import comparison_row
from archs.errors import DenseScopeError
from archs.registry import list_families
from views import frames
from views.frames import Network
from views.inputs import InputSettings
from views.networks import variant

if TYPE_CHECKING:
    import pandas as pd


@st.cache_data(max_entries=64, show_spinner=False)
def network(name: str, settings: InputSettings) -> Network:
    """One network and its frames. Raises: DenseScopeError: the input does not suit it."""
    return frames.network(summarize(name, settings.image_size, settings.batch_size, settings.dtype))


@st.cache_data(max_entries=64, show_spinner=False)
def comparison(names: tuple[str, ...], settings: InputSettings) -> tuple[pd.DataFrame, dict[str, str]]:
    """A row for each network that can take the input, by family and size, and the reasons why the others cannot."""
    import pandas as pd

    families, rows, reasons = list_families(), [], {}
    for name in names:
        try:
            summary = summarize(name, settings.image_size, settings.batch_size, settings.dtype)
        except DenseScopeError as error:
            reasons[name] = str(error)
        else:
            rows.append(comparison_row(summary) | {"variant": variant(name)})
    rows.sort(key=lambda row: (families.index(row["family"]), row["params"]))
    return pd.DataFrame(rows), reasons
