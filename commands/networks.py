"""What is there, what is it made of, which costs more, and how deep is it: list, summary, compare, depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.depth import Depth
from analysis.quantities import NETWORK_QUANTITIES, QUANTITIES
from analysis.summary import Summary, comparison_row
from analysis.units import format_quantity, format_share, format_size
from archs.errors import UnknownArchError
from archs.registry import get_spec, list_archs, list_families
from commands.options import NameArgument, NamesArgument, Request, takes_request
from commands.output import Column, Row, emit, quantity, table, text

HEADLINES = tuple(key for key in NETWORK_QUANTITIES if key != "depth")
NAME, FAMILY = text("name", "Name"), text("family", "Family")
IMAGE_SIZE = Column("Image", lambda row: format_size(row["image_size"]))
PARAMS, MACS, ACCESS = quantity("params"), quantity("macs"), quantity("memory_access_cost")


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
    columns = [NAME, FAMILY, IMAGE_SIZE, PARAMS, MACS, quantity("depth"), text("source", "Source")]
    emit(lambda: rows, lambda: [table(rows, columns)], request)


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
    """Compare networks, one row each."""
    rows = [comparison_row(found) for found in request.summaries(names)]
    shown = ("elementwise_ops", "memory_access_cost", "bytes_moved", "traffic_outside_conv", "activations")
    columns = [NAME, IMAGE_SIZE, quantity("depth"), PARAMS, MACS, *map(quantity, (*shown, "arithmetic_intensity"))]
    emit(lambda: rows, lambda: [_workload(rows[0]), table(rows, columns)], request)


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
    shown = ("name", "family", "image_size", "params", "macs", "depth")
    return {key: row[key] for key in shown} | {"source": get_spec(name).source}


def _workload(row: Any) -> Text:
    """What the figures of a table stand for."""
    return Text(f"batch {row['batch_size']}, {row['dtype']}", style="dim")


def _describe(found: Summary, *, layers: bool) -> Iterator[RenderableType]:
    row = comparison_row(found)
    title = Text.assemble((f"{found.name}\n", "bold"), (f"{format_size(found.image_size)}, ", "dim"), _workload(row))
    yield Text.assemble(title, f"\nDepth {_depth_line(found.depth)}")
    yield table(
        [{"key": key, "value": row[key]} for key in HEADLINES],
        [
            Column("Total", lambda line: QUANTITIES[line["key"]].label, numeric=False),
            Column("", lambda line: format_quantity(line["key"], line["value"])),
            Column("Exact", lambda line: f"{line['value']:,}" if isinstance(line["value"], int) else ""),
        ],
    )
    yield table(_with_shares(found.stage_rows(), found), [text("stage", "Stage"), *_STAGE_COLUMNS])
    if layers:
        yield table(_with_shares(found.rows(), found), [text("name", "Layer"), *_LAYER_COLUMNS])


def _with_shares(rows: Iterable[Row], found: Summary) -> Iterator[Row]:
    for row in rows:
        yield row | {
            "macs_share": row["macs"] / (found.macs or 1),
            "bytes_share": row["bytes_moved"] / found.bytes_moved,
        }


def _pair(key: str, header: str) -> Column:
    return Column(header, lambda row: format_size(row[key]) if row[key] else "")


_COSTS = (
    PARAMS,
    MACS,
    Column("Share of MACs", lambda row: format_share(row["macs_share"])),
    ACCESS,
    quantity("bytes_moved"),
    Column("Share of traffic", lambda row: format_share(row["bytes_share"])),
)
_STAGE_COLUMNS = (Column("Layers", lambda row: str(row["layers"])), text("output", "Output"), *_COSTS)
_LAYER_COLUMNS = (
    text("kind", "Kind"),
    Column("In", lambda row: str(row["in_channels"])),
    Column("Out", lambda row: "×".join(map(str, row["output_shape"][1:]))),
    _pair("kernel", "Kernel"),
    _pair("stride", "Stride"),
    *_COSTS,
)
