"""Frames with the text of every cell, as Streamlit sends them; pandas' own Styler takes ten times as long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler


class _Data(pd.DataFrame):
    """Values that are written as texts which are there already."""

    _metadata = ["texts"]  # noqa: RUF012  # as pandas declares it
    texts: pd.DataFrame

    def astype(self, dtype: Any, *args: Any, **more: Any) -> pd.DataFrame:  # type: ignore[override]
        return self.texts if dtype is str else super().astype(dtype, *args, **more)


def written(values: pd.DataFrame, texts: pd.DataFrame, styles: Mapping[int, str]) -> Styler:
    """A frame whose cells show texts, but sort by their values.

    Streamlit asks a Styler for the text of each cell and writes it over the value as a string. Here the strings are the
    texts from the beginning, and what remains to be said is the look of some rows.

    Args:
        values: any.
        texts: strings, in the same rows and columns.
        styles: CSS of some rows, by their number.
    """
    data = _Data(values)
    data.texts = texts
    styler = Styler(data, uuid="0")  # else each is another one for the browser
    looks = [
        {
            "props": [tuple(part.split(":", 1)) for part in css.split(";") if ":" in part],
            "selectors": [f"row{row}_col{column}" for column in range(len(values.columns))],
        }
        for row, css in styles.items()
    ]
    styler._translate = lambda *_, **__: {"cellstyle": looks}  # type: ignore[attr-defined]
    return styler
