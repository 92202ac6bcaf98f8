"""Frames as Streamlit tables: cells show text, rounded, exact or as ratios, and sort by the number behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from math import ceil, prod
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.columns import Column, Writer, column
from analysis.quantities import QUANTITIES, label_of
from analysis.units import format_exact, format_quantity, format_ratio, format_size
from views.work.turns import TURNS

if TYPE_CHECKING:
    import pandas as pd


#: Cell of a column that a row has nothing for.
EMPTY = "–"
#: Pixels that letters take at most, by the first group that has them.
LETTERS = {
    "ijltfrI.,:;'|!()[]{}-/ \u2009": 4.7,
    "0123456789_+−–=<>#$*^~×": 6.6,
    "mwMW%@…": 12.5,
    "BDGHKNOQU&→": 8.8,
}
OTHER_LETTER, WIDEST_LETTER = 7.5, 18.0
#: Around a cell's text; for the arrow in the head of a sorted column; of a table's head and of a row.
CELL_PADDING, ARROW = 18, 12
HEAD, ROW = 40, 35


def show(
    frame: pd.DataFrame,
    columns: Iterable[Column],
    key: str,
    most: int | None = None,
    *,
    styles: Mapping[int, str] | None = None,
    on_select: Callable[[], None] | None = None,
) -> None:
    """A table whose first column stays in sight.

    Args:
        frame: raw values.
        columns: those of `analysis.columns` that are shown, in this order.
        key: of the element, unique on the page.
        most: pixels at which a long table begins to scroll; None: it never does.
        styles: CSS of some rows, by their number.
        on_select: is called as a row is selected.
    """
    import pandas as pd

    from views.written import written

    TURNS.give_way()
    columns = list(columns)
    shown = frame[[column.key for column in columns]].copy()
    widths: dict[str, int] = {}
    cells: dict[str, list[str]] = {}
    for each in columns:
        values, write = _sortable(shown[each.key], each)
        shown[each.key] = values
        texts = {value: (write or str)(value) for value in values.dropna().unique()}
        widths[each.key] = width(each.title, texts.values())
        cells[each.key] = [texts.get(value, EMPTY) for value in values]
    height = HEAD + ROW * len(shown)
    selection: dict[str, Any] = {"on_select": on_select, "selection_mode": "single-row"} if on_select else {}
    st.dataframe(
        written(shown, pd.DataFrame(cells, shown.index, dtype=str), styles or {}),
        hide_index=True,
        height=min(most or height, height),
        key=key,
        placeholder=EMPTY,
        **selection,
        column_config={
            each.key: st.column_config.Column(
                each.title,
                help=each.help,
                width=widths[each.key],
                pinned=position == 0,
            )
            for position, each in enumerate(columns)
        },
    )


def _sortable(values: pd.Series[Any], column: Column) -> tuple[pd.Series[Any], Writer | None]:
    """A column as numbers where it has a writer, as words with gaps where it has none."""
    if column.write is None:
        return values.replace("", None), None
    if values.map(lambda value: isinstance(value, tuple)).any():
        return by_area(values)
    return values if values.dtype != object else values.astype("float64"), column.write


def by_area(pairs: pd.Series[Any]) -> tuple[pd.Series[Any], Writer]:
    """A column of (height, width) pairs as areas, which sort, and how to write an area as its pair again."""
    texts = {_area(pair): format_size(pair) for pair in pairs.dropna().unique()}
    return pairs.map(_area, na_action="ignore"), texts.__getitem__


def _area(pair: tuple[int, int]) -> float:
    """The area, with a trace of the height, so that no two pairs have the same."""
    return prod(pair) + pair[0] / 1e6


def width(title: str, texts: Iterable[str]) -> int:
    """Pixels that hold a column's head and all its texts: the browser would measure only what it shows first."""
    return CELL_PADDING + ceil(max([text_width(title) + ARROW, *map(text_width, texts)]))


def text_width(text: str) -> float:
    """Pixels that a text takes at most."""
    return sum(map(_letter_width, text))


@cache
def _letter_width(letter: str) -> float:
    if ord(letter) > 0x2FFF:
        return WIDEST_LETTER
    return next((width for letters, width in LETTERS.items() if letter in letters), OTHER_LETTER)


@dataclass(frozen=True)
class Notation:
    """A style, and the baseline's row where figures are relative to it."""

    style: str = "rounded"
    baseline: dict[str, Any] = field(default_factory=dict)

    def is_ratio(self, key: str) -> bool:
        """Whether figures stand against the baseline's: not where it has none, nor those that differ by points."""
        base = self.baseline.get(key)
        return self.style == "relative" and base is not None and base == base and QUANTITIES[key].form != "points"

    def scale(self, frame: pd.DataFrame, key: str) -> pd.Series[float]:
        """The values that a chart or table plots."""
        return frame[key] / self.baseline[key] if self.is_ratio(key) else frame[key]

    def write(self, key: str, value: float) -> str:
        """A value from `scale`, for people."""
        if self.is_ratio(key):
            return format_ratio(value)
        return format_exact(key, value) if self.style == "exact" else format_quantity(key, value)

    def columns(self, keys: Iterable[str]) -> list[Column]:
        """Columns of a table whose figures are written so; `scale` gives their values."""
        return [column(key)._replace(write=partial(self.write, key)) for key in keys]

    def write_tick(self, key: str, value: float) -> str:
        """A round value beside an axis: its further digits would all be zeros."""
        return format_ratio(value) if self.is_ratio(key) else format_quantity(key, value)

    def label(self, key: str) -> str:
        """A column or axis title; units stand with the figures."""
        label = label_of(key)
        return f"{label} (× {self.baseline['name']})" if self.is_ratio(key) else label
