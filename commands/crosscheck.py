"""What five public counters say about a network, and why they differ: crosscheck."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from analysis.crosscheck import cross_check, step_names
from analysis.targets import resolve_target
from analysis.units import format_si, format_size
from archs import checks
from archs.checks import parse_image_size
from commands.options import NameArgument, Request, parse_changes, parse_value, takes_request
from commands.output import Column, Row, emit, table, text

if TYPE_CHECKING:
    import pandas as pd


@takes_request
def crosscheck(name: NameArgument, *, request: Request) -> None:
    """Compare our count with those of five public counters, and explain every difference by their rules."""
    target = resolve_target(name, **parse_changes(request.changes or ()))
    size, batch = parse_image_size(request.image_size), parse_value(request.batch_size)
    frame = cross_check(target, size, batch)
    shown_size = format_size(checks.image_size(target.image_size if size is None else size))
    title = Text.assemble((f"{target.name}\n", "bold"), (f"{shown_size}, batch {batch}", "dim"))
    emit(lambda: _rows(frame), lambda: _describe(title, frame), request)


def _rows(frame: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _describe(title: Text, frame: pd.DataFrame) -> Iterator[RenderableType]:
    yield title
    rows = _rows(frame.astype(object).where(frame.notna(), None))
    yield table(rows, _TOTALS)
    steps = [{"step": step} | {row["counter"]: row[step] for row in rows} for step in (*step_names(frame), "residual")]
    yield table(steps, [text("step", "Beside MACs"), *(_number(row["counter"], row["counter"]) for row in rows)])
    for row in rows:
        yield Text.assemble((f"{row['counter']}. ", "bold"), row["verdict"])


def _number(key: str, header: str) -> Column:
    return Column(header, lambda row: f"{row[key]:,}" if row[key] else "")


_TOTALS = (
    text("counter", "Counter"),
    text("version", "Version"),
    text("reported_as", "Calls it"),
    text("unit", "In units of"),
    Column("Reports", lambda row: "" if row["reported"] is None else format_si(row["reported"])),
    Column("Ours", lambda row: format_si(row["ours"])),
    _number("reported", "Reports, exactly"),
    _number("ours", "Ours, exactly"),
)
