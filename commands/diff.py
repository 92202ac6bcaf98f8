"""What changed from one network to another, by stage and by layer: diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.architecture.changes import COSTS, Change, change_rows, changes, stage_rows, total_row
from analysis.architecture.findings import changes_finding
from analysis.quantities import QUANTITIES
from analysis.summary import Summary
from analysis.units import format_change, format_signed
from archs.errors import DenseScopeError
from commands.options import Request, takes_request
from commands.output import Column, Row, emit, table, text

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
    emit(lambda: change_rows(found), lambda: _show(before, after, found, layers=layers), request)


def _show(before: Summary, after: Summary, found: Sequence[Change], *, layers: bool) -> Iterator[RenderableType]:
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
