"""What five public counters say about a network, and why they differ: crosscheck."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from analysis.columns import Column, columns, count
from analysis.crosscheck import cross_check, step_names
from analysis.units import format_size
from archs import checks
from commands.options import NameArgument, Request, takes_request
from commands.output import Grid, Row, emit

if TYPE_CHECKING:
    import pandas as pd


@takes_request
def crosscheck(name: NameArgument, *, request: Request) -> None:
    """Compare our count with those of five public counters, and explain every difference by their rules."""
    [(_, target)] = request.targets([name])
    size, batch, _ = request.input
    frame = cross_check(target, size, batch)
    shown_size = format_size(checks.image_size(target.image_size if size is None else size))
    title = Text.assemble((f"{target.name}\n", "bold"), (f"{shown_size}, batch {batch:,}", "dim"))
    emit(lambda: _rows(frame), lambda: _describe(title, frame), request)


def _rows(frame: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _describe(title: Text, frame: pd.DataFrame) -> Iterator[RenderableType]:
    yield title
    rows = _rows(frame.astype(object).where(frame.notna(), None))
    yield Grid(rows, TOTALS)
    steps = [{"step": step} | {row["counter"]: row[step] for row in rows} for step in (*step_names(frame), "residual")]
    counters = [Column(row["counter"], row["counter"], "What it counts beside.", _count) for row in rows]
    yield Grid(steps, [Column("step", "Beside MACs", "What a counter counts."), *counters])
    for row in rows:
        yield Text.assemble((f"{row['counter']}. ", "bold"), row["verdict"])


def _count(value: int) -> str:
    return count(value) if value else ""


TOTALS = columns("counter", "version", "reported_as", "unit", "reported", "ours")
