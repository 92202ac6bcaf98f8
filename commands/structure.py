"""What a network is made of, as the papers' tables write it, and what changed from one to another: table, diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from analysis.quantities import QUANTITIES
from analysis.structure import table as structure_table
from analysis.structure.findings import changes_finding
from analysis.structure.table import (
    COSTS,
    Change,
    Line,
    abreast,
    change_rows,
    changes,
    stage_rows,
    table_rows,
    total_row,
)
from analysis.summary import Summary
from analysis.units import format_change, format_signed, format_size
from archs.errors import DenseScopeError
from commands.options import NamesArgument, Request, takes_request
from commands.output import Column, Row, emit, quantity, table, text


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
    yield table([line._asdict() for line in structure_table.table(summary)], _COLUMNS)
    yield Text(f"Depth {summary.depth.formula} ({summary.depth.terms})")


def _abreast(found: Sequence[Summary]) -> Table:
    """A column of layers for each network; sizes stand with them where networks differ."""
    rows: list[Row] = []
    for stage, lines in abreast([structure_table.table(summary) for summary in found]):
        for parallel in zip_longest(*lines):
            sizes = dict.fromkeys(_size(line) for line in parallel if line)
            texts = [f"{line.text}{f' → {_size(line)}' if len(sizes) > 1 else ''}" if line else "" for line in parallel]
            rows.append({"stage": stage, "output": "" if len(sizes) > 1 else next(iter(sizes)), "texts": texts})
    cells = [Column(summary.name, partial(_cell, index), numeric=False) for index, summary in enumerate(found)]
    return table(rows, [text("stage", "Stage"), text("output", "Output"), *cells])


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


Network = Annotated[str, typer.Argument(metavar="A", help="A registered network, a design file or timm/NAME.")]
Other = Annotated[
    str | None, typer.Argument(metavar="B", help="What A becomes; left out, A itself with the fields of --set.")
]


@takes_request
def diff(
    name: Network,
    other: Other = None,
    layers: Annotated[bool, typer.Option("--layers", help="Also show every layer that changed.")] = False,
    *,
    request: Request,
) -> None:
    """Show what changes from network A to B, which --set applies to; formats other than table give every layer."""
    if other is None and not request.changes:
        raise DenseScopeError("diff needs a second network, or fields to change such as --set growth_rate=24.")
    [before], [after] = request.unchanged().summaries([name]), request.summaries([other or name])
    found = changes(before, after)
    emit(lambda: change_rows(found), lambda: _show_changes(before, after, found, layers=layers), request)


def _show_changes(
    before: Summary, after: Summary, found: Sequence[Change], *, layers: bool
) -> Iterator[RenderableType]:
    yield Text(changes_finding(before, after, found))
    yield table([*stage_rows(found), total_row(found)], _STAGE_COLUMNS)
    changed = [change for change in found if change.status != "same"]
    if layers and changed:
        yield table(change_rows(changed), _LAYER_COLUMNS)


def _count(key: str) -> Column:
    return Column(key.capitalize(), lambda row: str(row[key] or ""))


def _difference(key: str) -> Column:
    return Column(QUANTITIES[key].label, lambda row: format_signed(key, row[key]))


def _share(key: str) -> Column:
    return Column("%", lambda row: _write_share(row, f"{key}_share"))


def _write_share(row: Row, column: str) -> str:
    share: Any = row[column]
    return "" if share is None else format_change(share)


_STAGE_COLUMNS = (
    text("stage", "Stage"),
    *map(_count, ("added", "removed", "resized")),
    *(column for key in COSTS for column in (_difference(key), _share(key))),
)
_LAYER_COLUMNS = (
    text("name", "Layer"),
    text("status", "Change"),
    text("before", "Before"),
    text("after", "After"),
    *map(_difference, COSTS),
)
