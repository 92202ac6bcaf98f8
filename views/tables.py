"""Frames as Streamlit tables: cells show formatted text and sort by the number behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.quantities import QUANTITIES
from analysis.units import format_size

if TYPE_CHECKING:
    import pandas as pd

Writer = Callable[[Any], str]

#: Cell of a column that a row has nothing for.
EMPTY = "–"
#: Pixels of a letter, and around a cell's text.
LETTER, CELL_PADDING = 6.6, 18


def show(
    frame: pd.DataFrame,
    writers: Mapping[str, Writer],
    titles: Mapping[str, tuple[str, str]],
    key: str,
    height: int | str = "content",
) -> None:
    """A table whose first column stays in sight.

    Args:
        frame: raw values; its columns in order.
        writers: how the cells of a column are written; other columns are shown as they are.
        titles: header and tooltip of the columns that are not in `analysis.quantities`, or say more than it.
        key: of the element, unique on the page.
        height: in pixels, or "content" for all rows.
    """
    formats = {column: _or_empty(write) for column, write in writers.items() if column in frame}
    st.dataframe(
        frame.style.format(formats),
        hide_index=True,
        height=height,
        key=key,
        placeholder=EMPTY,
        column_config={
            column: st.column_config.Column(**_title(column, titles), width=_width(frame[column]), pinned=position == 0)
            for position, column in enumerate(frame.columns)
        },
    )


def by_area(pairs: pd.Series[Any]) -> tuple[pd.Series[Any], Writer]:
    """A column of (height, width) pairs as areas, which sort, and how to write an area as its pair again."""
    texts = {_area(pair): format_size(pair) for pair in pairs.dropna().unique()}
    return pairs.map(_area, na_action="ignore"), texts.__getitem__


def _area(pair: tuple[int, int]) -> float:
    """The area, with a trace of the height, so that no two pairs have the same."""
    return prod(pair) + pair[0] / 1e6


def _title(column: str, titles: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Label and tooltip of a column."""
    label, definition = titles.get(column) or (QUANTITIES[column].label, QUANTITIES[column].definition)
    return {"label": label, "help": definition}


def _width(column: pd.Series[Any]) -> int | None:
    """Pixels that hold the longest text; numbers need no help."""
    texts = column[column.map(lambda value: isinstance(value, str))]
    return None if texts.empty else CELL_PADDING + round(LETTER * texts.str.len().max())


def _or_empty(write: Writer) -> Writer:
    return lambda value: EMPTY if value is None or value != value else write(value)
