"""Frames as text for files and pipes: exact raw values, stable columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from analysis.columns import COLUMNS, column
from analysis.quantities import QUANTITIES
from analysis.units import THIN_SPACE, capitalised, format_size
from archs import checks

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "json", "markdown", "latex")
#: Longer lists are shortened in tables for people.
MOST_ITEMS = 3
#: Media type and file ending of each format.
MEDIA_TYPES = {
    "csv": ("text/csv", "csv"),
    "json": ("application/json", "json"),
    "markdown": ("text/markdown", "md"),
    "latex": ("application/x-tex", "tex"),
}


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a frame whose integers stay integers where some rows have none.

    >>> frame_of([{"side": 300}, {"side": None}])["side"].dtype.name
    'Int64'
    """
    import pandas as pd

    rows = list(rows)
    columns = {key: [row.get(key) for row in rows] for key in dict.fromkeys(key for row in rows for key in row)}
    types = {key: {type(value) for value in values} for key, values in columns.items()}
    sparse = [key for key, found in types.items() if found == {int, type(None)}]
    return pd.DataFrame(columns, index=range(len(rows))).astype(dict.fromkeys(sparse, "Int64"))


def export_frame(frame: pd.DataFrame, file_format: str) -> str:
    """A frame of `summarize` or `compare` as text that ends with a newline.

    JSON keeps shapes as lists; the other formats write (3, 3) as 3×3 and join names with spaces. CSV and JSON hold
    everything; Markdown and LaTeX, which people read, tell of long lists the ends and how many there are, and head
    the columns by their titles.

    Raises:
        ConfigError: `file_format` is not one of `FORMATS`.
    """
    checks.choice("format", file_format, FORMATS)
    if file_format == "json":
        return json.dumps(frame.astype(object).where(frame.notna(), None).to_dict("records"), indent=2) + "\n"
    if file_format == "csv":
        return frame.map(_flatten).to_csv(index=False, lineterminator="\n")
    flat = frame.map(_shorten).map(_flatten)
    from pandas.api.types import is_numeric_dtype
    from tabulate import tabulate

    table_format = {"markdown": "pipe", "latex": "latex_booktabs"}[file_format]
    numbers = [is_numeric_dtype(dtype) for dtype in flat.dtypes]
    rows = flat.astype(object).where(flat.notna(), "").to_numpy().tolist()
    heads = [_head(key, number=number) for key, number in zip(flat.columns, numbers, strict=True)]
    sides = ["right" if number else "left" for number in numbers]
    return tabulate(rows, heads, tablefmt=table_format, disable_numparse=True, colalign=sides) + "\n"


def _head(key: str, *, number: bool) -> str:
    """What heads a key's raw values for people: its title and unit; where it has several meanings, its own words.

    >>> _head("bytes_moved", number=True), _head("name", number=False), _head("seconds", number=True)
    ('Memory traffic (B)', 'Name', 'Seconds')
    """
    found = [each for each in COLUMNS.values() if each.key == key]
    if key in QUANTITIES:
        found.append(column(key)._replace(title=QUANTITIES[key].label))
    if len({each.title for each in found}) != 1:
        return capitalised(key.replace("_", " "))
    title, write = found[0].title, found[0].write
    unit = write(1).partition(THIN_SPACE)[2] if number and write not in (None, format_size) else ""
    return f"{title} ({unit})" if unit.strip("%") and unit not in (title, title[:-1]) else title


def _shorten(value: Any) -> Any:
    """A list for people: what a concatenation reads may be sixty layers."""
    if not isinstance(value, tuple) or len(value) <= MOST_ITEMS or isinstance(value[0], int):
        return value
    return (value[0], "…", value[-1], f"({len(value)})")


def _flatten(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    if value and isinstance(value[0], int):
        return "×".join(map(str, value))
    return " ".join(str(_flatten(item)) for item in value)
