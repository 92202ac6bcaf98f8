"""What a network is made of, as the papers' tables write it: table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from analysis.architecture.table import Line, abreast, table, table_rows
from analysis.summary import Summary
from analysis.units import format_size
from commands import output
from commands.options import NamesArgument, Request, takes_request
from commands.output import Column, Row, emit, quantity, text


@takes_request
def architecture_table(names: NamesArgument, *, request: Request) -> None:
    """Write networks down as their papers' tables do, several of them abreast like DenseNet's Table 1."""
    found = [*request.summaries(names)]
    emit(lambda: [row for summary in found for row in table_rows(summary)], lambda: _show(found), request)


def _show(found: Sequence[Summary]) -> Iterator[RenderableType]:
    if len(found) > 1:
        yield _abreast(found)
        return
    [summary] = found
    yield output.table([line._asdict() for line in table(summary)], _COLUMNS)
    yield Text(f"Depth {summary.depth.formula} ({summary.depth.terms})")


def _abreast(found: Sequence[Summary]) -> Table:
    """A column of layers for each network; sizes stand with them where networks differ."""
    rows: list[Row] = []
    for stage, lines in abreast([table(summary) for summary in found]):
        for parallel in zip_longest(*lines):
            sizes = dict.fromkeys(_size(line) for line in parallel if line)
            texts = [f"{line.text}{f' → {_size(line)}' if len(sizes) > 1 else ''}" if line else "" for line in parallel]
            rows.append({"stage": stage, "output": "" if len(sizes) > 1 else next(iter(sizes)), "texts": texts})
    cells = [Column(summary.name, partial(_cell, index), numeric=False) for index, summary in enumerate(found)]
    return output.table(rows, [text("stage", "Stage"), text("output", "Output"), *cells])


def _cell(index: int, row: Row) -> str:
    return row["texts"][index]


def _size(line: Line) -> str:
    return format_size(line.output_size) if line.output_size else ""


_COLUMNS = (
    text("stage", "Stage"),
    Column("Output", lambda row: format_size(row["output_size"]) if row["output_size"] else "", numeric=False),
    text("text", "Layers"),
    Column("In", lambda row: f"{row['in_channels']:,}"),
    Column("Out", lambda row: f"{row['out_channels']:,}"),
    quantity("params"),
    quantity("macs"),
    Column("Depth", lambda row: str(row["depth"] or "")),
)
