"""Where a network's memory goes, at inference or in training: memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.memory import MODES, OPTIMIZERS, InferenceMemory, TrainingMemory, memory_of
from analysis.units import format_share, format_si, format_size
from archs import checks
from archs.errors import ConfigError
from commands.options import NameArgument, Request, parse_value, takes_request
from commands.output import Column, Row, emit, table, text

GIGABYTE = 10**9


@takes_request
def memory(
    name: NameArgument,
    mode: Annotated[str, typer.Option(metavar="MODE", help=f"{' or '.join(MODES)}.")] = "inference",
    optimizer: Annotated[
        str, typer.Option(metavar="NAME", help=f"In training: {', '.join(OPTIMIZERS)}; sgd has momentum.")
    ] = "sgd",
    budget: Annotated[
        str | None, typer.Option(metavar="GB", help="The largest batch that fits into so many GB (10⁹ bytes).")
    ] = None,
    layers: Annotated[bool, typer.Option("--layers", help="Also show every layer.")] = False,
    *,
    request: Request,
) -> None:
    """Show where a network's memory goes; formats other than table give every layer, or every saved tensor."""
    checks.choice("--mode", mode, MODES)
    checks.choice("--optimizer", optimizer, tuple(OPTIMIZERS))
    budget_bytes = None if budget is None else parse_gigabytes(budget)
    [summary] = request.summaries([name])
    found = memory_of(summary, mode)
    if isinstance(found, TrainingMemory):
        fits = None if budget_bytes is None else found.largest_batch(budget_bytes, optimizer)
        tables = _training(found, optimizer, layers=layers)
    else:
        fits = None if budget_bytes is None else found.largest_batch(budget_bytes)
        tables = _inference(found, layers=layers)
    emit(found.rows, lambda: [_title(found, mode), *tables, *_fits(budget, fits)], request)


def parse_gigabytes(written: str) -> float:
    """Bytes of a budget.

    >>> parse_gigabytes("8")
    8000000000.0
    """
    value = parse_value(written)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (number and 0 < value < float("inf")):
        raise ConfigError("--budget", written, "a positive number of GB such as 8")
    return float(value * GIGABYTE)


def _title(found: InferenceMemory | TrainingMemory, mode: str) -> Text:
    summary = found.summary
    workload = f"{mode}, {format_size(summary.image_size)}, batch {summary.batch_size}, {summary.dtype}"
    return Text.assemble((f"{summary.name}\n", "bold"), (workload, "dim"))


def _fits(budget: str | None, batch: int | None) -> Iterator[Text]:
    if batch is not None:
        yield Text(f"Fits into {budget} GB: batch {batch:,}." if batch else f"Fits into {budget} GB: not one image.")


def _inference(found: InferenceMemory, *, layers: bool) -> Iterator[RenderableType]:
    parts = {"Weights": found.weight_bytes, "Running statistics": found.buffer_bytes, "Tensors": found.peak_bytes}
    yield _parts("At the peak", parts | {"Total": found.total_bytes}, found.total_bytes)
    yield Text(f"Peak at {found.peak_layer} ({found.peak.layer.op}), where these are alive:")
    index = found.timeline.index(found.peak)
    yield table((_bytes(tensor.name, tensor.nbytes, found.peak_bytes) for tensor in found.alive_at(index)), _PARTS)
    if layers:
        yield table(found.rows(), _LAYER_COLUMNS)


def _training(found: TrainingMemory, optimizer: str, *, layers: bool) -> Iterator[RenderableType]:
    parts = {
        "Weights": found.weight_bytes,
        "Running statistics": found.buffer_bytes,
        "Gradients": found.gradient_bytes,
        f"Optimizer state ({optimizer})": found.optimizer_bytes(optimizer),
        "Saved for backward": found.saved_bytes,
    }
    total = found.total_bytes(optimizer)
    yield _parts("As the forward pass ends", parts | {"Total": total}, total)
    kinds = {kind: nbytes for kind, nbytes in found.by_kind().items() if nbytes}
    yield _parts("Saved, by kind", kinds, found.saved_bytes)
    yield _parts("Saved, by stage", found.by_stage(), found.saved_bytes)
    if layers:
        yield _parts("Saved, by layer", found.by_layer(), found.saved_bytes)


def _parts(header: str, parts: dict[str, int], total: int) -> RenderableType:
    rows: Iterable[Row] = (_bytes(name, nbytes, total) for name, nbytes in parts.items())
    return table(rows, (text("name", header), *_PARTS[1:]))


def _bytes(name: str, nbytes: int, total: int) -> dict[str, Any]:
    return {"name": name, "bytes": nbytes, "share": nbytes / total}


def _amount(key: str, header: str) -> Column:
    return Column(header, lambda row: format_si(row[key], "B"))


_PARTS = (
    text("name", "Tensor"),
    _amount("bytes", "Memory"),
    Column("Share", lambda row: format_share(row["share"])),
    Column("Exact", lambda row: f"{row['bytes']:,} B"),
)
_LAYER_COLUMNS = (
    text("name", "Layer"),
    text("op", "Op"),
    _amount("allocated_bytes", "Allocates"),
    _amount("live_bytes", "Alive"),
)
