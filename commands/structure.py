"""What a network is made of, as the papers' tables write it, and what changed from one to another: table, diff."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.columns import Column, changes_of, columns
from analysis.structure import table as structure_table
from analysis.structure.findings import changes_finding
from analysis.structure.paper import WRITERS, PaperTable, paper_table
from analysis.structure.table import (
    COSTS,
    Change,
    change_rows,
    changes,
    stage_rows,
    table_rows,
    total_row,
)
from analysis.summary import Summary
from archs.errors import DenseScopeError
from commands.options import NamesArgument, Request, takes_request
from commands.output import Grid, emit


@takes_request
def architecture_table(names: NamesArgument, *, request: Request) -> None:
    """Write networks down as their papers' tables do, several of them abreast like DenseNet's Table 1.

    As LaTeX and Markdown it is a table for a paper, with caption and units.
    """
    found = [*request.summaries(names)]
    writers = {name: partial(_paper, write, found) for name, write in WRITERS.items()}
    emit(lambda: [row for summary in found for row in table_rows(summary)], lambda: _show(found), request, writers)


def _paper(write: Callable[[PaperTable], str], found: Sequence[Summary]) -> str:
    return write(paper_table(found))


def _show(found: Sequence[Summary]) -> Iterator[RenderableType]:
    if len(found) > 1:
        yield _abreast(found)
        return
    [summary] = found
    yield Grid([line._asdict() for line in structure_table.table(summary)], LINES)
    yield Text(f"Depth {summary.depth.formula} ({summary.depth.terms})")


def _abreast(found: Sequence[Summary]) -> Grid:
    """A column of layers for each network."""
    table = paper_table(found)
    networks = [Column(str(index), name, "Its layers.") for index, name in enumerate(table.names)]
    keys = ["stage", "output", *(network.key for network in networks)]
    rows = [dict(zip(keys, row, strict=True)) for row in (*table.rows, *table.totals)]
    return Grid(rows, [*columns("stage", "output"), *networks])


LINES = columns(
    *("stage", "line.output_size", "line.text", "in_channels", "out_channels", "params", "macs", "line.depth")
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
    yield Grid([*stage_rows(found), total_row(found)], STAGES)
    changed = [change for change in found if change.status != "same"]
    if layers and changed:
        yield Grid(change_rows(changed), LAYERS)


_CHANGES = [changes_of(key) for key in COSTS]
STAGES = (*columns("stage", "added", "removed", "resized"), *chain.from_iterable(_CHANGES))
LAYERS = (*columns("layer.name", "status", "before", "after"), *(absolute for absolute, _ in _CHANGES))
