"""What is there, what is it made of, which costs more, how deep is it: list, fields, summary, compare, depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.columns import Column, columns, count
from analysis.depth import Depth
from analysis.quantities import NETWORK_QUANTITIES, QUANTITIES
from analysis.summary import Summary, comparison_row
from analysis.units import format_quantity, format_size
from archs.config import declared
from archs.errors import DenseScopeError, UnknownArchError
from archs.registry import get_spec, list_archs, list_families
from archs.taps import list_taps
from commands.options import NameArgument, NamesArgument, Request, takes_request
from commands.output import Grid, Row, emit
from detectors import BackboneConfig

HEADLINES = tuple(key for key in NETWORK_QUANTITIES if key != "depth")
LISTED = columns("network.name", "family", "image_size", "params", "macs", "depth", "source")
COMPARED = columns(
    *("network.name", "image_size", "depth", "params", "macs", "elementwise_ops", "memory_access_cost"),
    *("bytes_moved", "traffic_outside_conv", "activations", "arithmetic_intensity"),
)
FIELDS = columns("field", "field.value", "allowed", "field.help")
COSTS = ("params", "macs", "macs_share", "memory_access_cost", "bytes_moved", "bytes_moved_share")
STAGES = columns("stage", "layers", "output", *COSTS)
LAYERS = columns("layer.name", "kind", "in_channels", "layer.output", "kernel", "stride", *COSTS)


@takes_request
def list_networks(
    pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="Which names, such as 'dense*'.")] = "*",
    family: Annotated[str | None, typer.Option(help=f"One family only: {', '.join(list_families())}.")] = None,
    *,
    request: Request,
) -> None:
    """List the registered networks."""
    names = list_archs(pattern, family)
    if not names:
        raise UnknownArchError(pattern, list_archs(family=family))
    summaries = request.summaries(names)
    rows = [_list_row(name, summary) for name, summary in zip(names, summaries, strict=True)]
    emit(lambda: rows, lambda: [Grid(rows, LISTED)], request)


@takes_request
def fields(name: NameArgument, *, request: Request) -> None:
    """List the fields that --set changes: what a network has there, and what is allowed."""
    [(_, target)] = request.targets([name])
    if target.planned is None:
        raise DenseScopeError(f"{name} has no fields to change: only registered networks and designs have.")
    own = [] if target.detector is None else [*_detector_rows(target.detector)]
    taken = {row["field"] for row in own} | ({"num_classes"} if own else set())
    rows = own + [row for row in _field_rows(target.network) if row["field"] not in taken]
    emit(lambda: rows, lambda: [Grid(rows, FIELDS)], request)


def _field_rows(config: Any) -> Iterator[Row]:
    for field, each in declared(type(config)).items():
        yield {"field": field, "value": _typed(getattr(config, field)), "allowed": each.allowed, "help": each.help}


def _detector_rows(config: BackboneConfig) -> Iterator[Row]:
    """Of a backbone or detector itself; those of its network follow, but for a classifier's."""
    yield from _field_rows(config)
    taps = [tap.reduction for tap in list_taps(config.backbone)]
    yield {
        "field": "out_indices",
        "value": _typed(config.out_indices),
        "allowed": f"some of 0 to {len(taps) - 1} (strides {', '.join(map(str, taps))})",
        "help": "Which maps are read, finest first.",
    }


def _typed(value: Any) -> str:
    """A value as `--set` takes it; a comma behind one number makes a sequence of it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) + "," * (len(value) == 1)
    return str(value).lower()


@takes_request
def summary(
    name: NameArgument,
    layers: Annotated[bool, typer.Option("--layers", help="Also show every layer.")] = False,
    *,
    request: Request,
) -> None:
    """Show what a network is made of and what it costs; formats other than table give every layer."""
    [found] = request.summaries([name])
    emit(found.rows, lambda: _describe(found, layers=layers), request)


@takes_request
def compare(names: NamesArgument, *, request: Request) -> None:
    """Compare networks, one row each; those that cannot take the image size are left out."""
    rows = [comparison_row(found) for found in request.those_that_suit(names)]
    emit(lambda: rows, lambda: [_workload(rows[0]), Grid(rows, COMPARED)], request)


@takes_request
def depth(name: NameArgument, *, request: Request) -> None:
    """Count a network's weighted layers as the papers of its family do."""
    [found] = request.summaries([name])
    counted = found.depth
    row = {"name": found.name, **vars(counted), "note": counted.note}
    emit(lambda: [row], lambda: [Text(f"{found.name}: {_depth_line(counted)}")], request)


def _depth_line(counted: Depth) -> str:
    return f"{counted.formula} ({counted.terms}). {counted.note}".rstrip()


def _list_row(name: str, found: Summary) -> Row:
    row = comparison_row(found)
    return {column.key: row[column.key] for column in LISTED[:-1]} | {"source": get_spec(name).source}


def _workload(row: Any) -> Text:
    """What the figures of a table stand for."""
    return Text(f"batch {row['batch_size']:,}, {row['dtype']}", style="dim")


def _describe(found: Summary, *, layers: bool) -> Iterator[RenderableType]:
    row = comparison_row(found)
    title = Text.assemble((f"{found.name}\n", "bold"), (f"{format_size(found.image_size)}, ", "dim"), _workload(row))
    yield Text.assemble(title, f"\nDepth {_depth_line(found.depth)}")
    yield Grid([{"total": QUANTITIES[key].label} | _both_ways(key, row[key]) for key in HEADLINES], TOTALS)
    yield Grid(_with_shares(found.stage_rows(), found), STAGES)
    if layers:
        yield Grid(_with_shares(found.rows(), found), LAYERS)


TOTALS = (
    Column("total", "Total", "A quantity of the whole network."),
    Column("value", "", "With its unit.", str),
    Column("exact", "Exact", "To the last digit.", count),
)


def _both_ways(key: str, value: float) -> Row:
    return {"value": format_quantity(key, value), "exact": value if isinstance(value, int) else None}


def _with_shares(rows: Iterable[Row], found: Summary) -> Iterator[Row]:
    for row in rows:
        output = "×".join(map(str, row["output_shape"][1:])) if "output_shape" in row else row["output"]
        shares = {f"{key}_share": row[key] / (getattr(found, key) or 1) for key in ("macs", "bytes_moved")}
        yield row | shares | {"output": output}
