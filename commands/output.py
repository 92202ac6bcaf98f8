"""What a command shows: a table for people, or exact rows as CSV, JSON, Markdown or LaTeX, on stdout or in a file."""

from __future__ import annotations

import io
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from analysis.columns import Column
from analysis.export import MEDIA_TYPES, export_frame, frame_of
from archs import checks, files
from archs.errors import DenseScopeError
from commands.ending import stop_writing
from commands.options import ALL_FORMATS, Request

Row = dict[str, Any]

#: Longer headers of numbers are broken into lines.
HEADER_WIDTH = 15
#: Characters between two columns, and where room is scarce.
GAP, TIGHT = 3, 2
#: Of files and pipes: wider than any table.
UNLIMITED_WIDTH = 10_000


class OutputError(DenseScopeError):
    """The output cannot be written."""


class Grid:
    """A table for people. One that is wider than the terminal says what all rows share above it, what is too long
    for a column in notes below it, and the rest in pieces that all begin with the first column: no number is cut."""

    def __init__(self, rows: Iterable[Row], columns: Iterable[Column], *, only_used: bool = False) -> None:
        rows = list(rows)
        found = [(column, [column.cell(row) for row in rows]) for column in columns]
        self.columns = [(column, cells) for column, cells in found if any(cells) or not only_used]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if _width(self.columns, GAP) <= options.max_width:
            yield _rich_table(self.columns)
            return
        first, *others = self.columns
        shared = [one for one in others if len(one[1]) > 1 and len(set(one[1])) == 1]
        if said := [f"{column.title}: {cells[0]}" for column, cells in shared if cells[0]]:
            yield Text("; ".join(said) + "\n")
        notes: list[Text] = []
        pieces = [[first]]
        for column, cells in [one for one in others if one not in shared]:
            if column.write is None and _repeat(cells) and _width([first, (column, cells)]) > options.max_width:
                cells, found = _numbered(column.title, cells)
                notes += found
            if _width([*pieces[-1], (column, cells)]) > options.max_width and len(pieces[-1]) > 1:
                pieces.append([first])
            pieces[-1].append((column, cells))
        for number, piece in enumerate(pieces):
            if number:
                yield Text()
            yield _rich_table(piece, tight=True)
        if notes:
            yield Text("\n").join([Text(), *notes])


#: A column with the texts of its cells.
Cells = tuple[Column, list[str]]


def _header(column: Column) -> str:
    return textwrap.fill(column.title, HEADER_WIDTH) if column.write else column.title


def _width(columns: Sequence[Cells], gap: int = TIGHT) -> int:
    """Characters that a table takes."""
    widest = (max(map(cell_len, [*_header(column).splitlines(), *cells]), default=0) for column, cells in columns)
    return sum(widest) + gap * (len(columns) - 1)


def _repeat(cells: list[str]) -> bool:
    """Whether most cells say what another has said."""
    return len(set(cells)) <= len(cells) / 2


def _numbered(title: str, cells: list[str]) -> tuple[list[str], list[Text]]:
    """Numbers in place of long texts, and the texts."""
    numbers = {text: str(number) for number, text in enumerate(filter(None, dict.fromkeys(cells)), 1)}
    notes = [Text.assemble((f"{title} {number}: ", "bold"), text) for text, number in numbers.items()]
    return [numbers.get(text, "") for text in cells], notes


def _rich_table(columns: Sequence[Cells], *, tight: bool = False) -> Table:
    """Words to the left, numbers to the right and never broken."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, pad_edge=False, collapse_padding=tight)
    for column, _ in columns:
        is_number = column.write is not None
        table.add_column(_header(column), justify="right" if is_number else "left", no_wrap=is_number)
    for cells in zip(*(cells for _, cells in columns), strict=True):
        table.add_row(*map(Text, cells))
    return table


def emit(
    rows: Callable[[], list[Row]],
    show: Callable[[], Iterable[RenderableType]],
    request: Request,
    writers: Mapping[str, Callable[[], str]] = MappingProxyType({}),
) -> None:
    """Show the tables, or write the rows in another format, one that `writers` has not its own text for.

    Raises:
        ConfigError: there is no such format.
        OutputError: the file cannot be written, or stdout cannot show a character.
    """
    file_format = checks.choice("format", request.file_format or _format_of(request.output), ALL_FORMATS)
    if file_format == "table":
        content = _render(show(), colour=request.output is None)
    elif file_format in writers:
        content = writers[file_format]()
    else:
        content = export_frame(frame_of(rows()), file_format)
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
    is_terminal = colour and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else UNLIMITED_WIDTH
    console = Console(file=content, width=width, force_terminal=is_terminal)
    for part in parts:
        console.print(part, "", highlight=False, sep="\n")
    return "".join(f"{line.rstrip()}\n" for line in content.getvalue().rstrip().splitlines())


def _write_to_stdout(content: str) -> None:
    try:
        sys.stdout.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        stop_writing()
    except UnicodeEncodeError as error:
        shown = error.object[error.start]
        raise OutputError(f"The encoding {error.encoding} cannot show {shown!a}; set PYTHONIOENCODING=utf-8.") from None
    except OSError as error:
        raise OutputError(f"Cannot write the output: {error.strerror}.") from None


def _write_to_file(content: str, output: Path) -> None:
    try:
        if output.exists() and not output.is_file():  # a terminal, or a pipe
            output.write_text(content, encoding="utf-8")
        else:
            files.write(output, content.encode())
    except OSError as error:
        raise OutputError(f"Cannot write to {str(output)!r}: {error.strerror}.") from None
