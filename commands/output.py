"""What a command shows: a table for people, or exact rows as CSV, JSON, Markdown or LaTeX, on stdout or in a file."""

from __future__ import annotations

import io
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from analysis.export import MEDIA_TYPES, export_frame
from analysis.quantities import QUANTITIES
from analysis.units import format_quantity
from archs import checks
from archs.errors import DenseScopeError
from commands.options import ALL_FORMATS, Request

Row = dict[str, Any]

#: Longer headers of numbers are broken into lines.
HEADER_WIDTH = 15
#: Wider than any table: what is cut or broken to fit a terminal is no longer a number.
UNLIMITED_WIDTH = 10_000


class OutputError(DenseScopeError):
    """The output cannot be written."""


class Column(NamedTuple):
    """One column of a table for people."""

    header: str
    cell: Callable[[Row], str]
    numeric: bool = True


def text(key: str, header: str) -> Column:
    """A column of words."""
    return Column(header, lambda row: str(row[key]), numeric=False)


def quantity(key: str) -> Column:
    """A column of a quantity of `analysis.quantities`, with units."""
    return Column(QUANTITIES[key].label, lambda row: format_quantity(key, row[key]))


def table(rows: Iterable[Row], columns: Sequence[Column]) -> Table:
    """Rows for people: words to the left, numbers to the right."""
    grid = Table(box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, pad_edge=False)
    for column in columns:
        header = textwrap.fill(column.header, HEADER_WIDTH) if column.numeric else column.header
        grid.add_column(header, justify="right" if column.numeric else "left")
    for row in rows:
        grid.add_row(*[Text(column.cell(row)) for column in columns])
    return grid


def emit(
    rows: Callable[[], list[Row]],
    show: Callable[[], Iterable[RenderableType]],
    request: Request,
) -> None:
    """Show the tables, or write the rows in another format.

    Raises:
        ConfigError: there is no such format.
        OutputError: the file cannot be written, or stdout cannot show a character.
    """
    file_format = checks.choice("format", request.file_format or _format_of(request.output), ALL_FORMATS)
    if file_format == "table":
        content = _render(show(), colour=request.output is None)
    else:
        import pandas as pd

        content = export_frame(pd.DataFrame(rows()), file_format)
    if request.output is None:
        _write_to_stdout(content)
    else:
        _write_to_file(content, request.output)


def _format_of(output: Path | None) -> str:
    """The format that a file's ending asks for, else a table."""
    by_ending = {f".{ending}": name for name, (_, ending) in MEDIA_TYPES.items()}
    return by_ending.get(output.suffix.lower(), "table") if output else "table"


def _render(parts: Iterable[RenderableType], *, colour: bool) -> str:
    content = io.StringIO()
    console = Console(file=content, width=UNLIMITED_WIDTH, force_terminal=colour and sys.stdout.isatty())
    for part in parts:
        console.print(part, "", highlight=False, sep="\n")
    return "".join(f"{line.rstrip()}\n" for line in content.getvalue().rstrip().splitlines())


def _write_to_stdout(content: str) -> None:
    try:
        sys.stdout.write(content)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough: keep the interpreter from flushing once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except UnicodeEncodeError as error:
        shown = error.object[error.start]
        raise OutputError(f"The encoding {error.encoding} cannot show {shown!a}; set PYTHONIOENCODING=utf-8.") from None
    except OSError as error:
        raise OutputError(f"Cannot write the output: {error.strerror}.") from None


def _write_to_file(content: str, output: Path) -> None:
    try:
        output.write_text(content, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"Cannot write to {str(output)!r}: {error.strerror}.") from None
