"""Where a network's memory goes, at inference and in training: memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.columns import Column, columns
from analysis.memory import MODES, OPTIMIZERS, InferenceMemory, TrainingMemory, memory_of
from analysis.memory.inference import inference_memory
from analysis.memory.training import training_schemes
from analysis.quantities import label_of
from analysis.summary import Summary
from analysis.units import format_share, format_si, format_size
from archs import checks
from archs.errors import ConfigError, require
from commands.options import NameArgument, Request, parse_value, takes_request
from commands.output import Grid, emit

if TYPE_CHECKING:
    from analysis.hardware.measure.allocator import DeviceMemory


GIGABYTE = 10**9


@takes_request
def memory(
    name: NameArgument,
    mode: Annotated[
        str | None, typer.Option(metavar="MODE", help=f"{' or '.join(MODES)}; left out, a table shows both.")
    ] = None,
    optimizer: Annotated[
        str, typer.Option(metavar="NAME", help=f"In training: {', '.join(OPTIMIZERS)}; sgd has momentum.")
    ] = "sgd",
    budget: Annotated[
        str | None, typer.Option(metavar="GB", help="The largest batch that fits into so many GB (10⁹ bytes).")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="DEVICE", help="cuda or cuda:N: run it there too, and read its allocator (unverified)."),
    ] = None,
    layers: Annotated[bool, typer.Option("--layers", help="Also show every layer.")] = False,
    *,
    request: Request,
) -> None:
    """Show where a network's memory goes, in training plain and, where the network can, recomputed.

    Formats other than table give every layer at inference, or with --mode training every saved tensor.
    """
    modes = MODES if mode is None else (checks.choice("--mode", mode, MODES),)
    checks.choice("--optimizer", optimizer, tuple(OPTIMIZERS))
    budget_bytes = None if budget is None else parse_gigabytes(budget)
    [summary] = request.summaries([name])
    measured = [] if device is None else [read_on_device(summary, each, device) for each in modes]

    def show() -> Iterator[RenderableType]:
        yield title(summary)
        if "inference" in modes:
            found = inference_memory(summary)
            yield from inference(found, layers=layers)
            if budget_bytes is not None:
                yield fits(budget, {"at inference": found.largest_batch(budget_bytes)})
        if "training" in modes:
            schemes = training_schemes(summary)
            yield from training(schemes, optimizer, layers=layers)
            if words := schemes[next(iter(schemes))].assumption:
                yield Text(words)
            if budget_bytes is not None:
                batches = {key: found.largest_batch(budget_bytes, optimizer) for key, found in schemes.items()}
                yield fits(budget, {f"in training ({scheme})": batch for scheme, batch in batches.items()})

        if measured:
            yield on_device(measured)

    emit(lambda: memory_of(summary, modes[0]).rows(), show, request)


def read_on_device(summary: Summary, mode: str, device: str) -> DeviceMemory:
    """The same network on a GPU. Raises: DenseScopeError: there is none, or no PyTorch."""
    require("torch", "Reading a GPU's memory")
    from analysis.hardware.measure.allocator import memory_on_device

    return memory_on_device(summary, mode, device)


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


#: The memory of training by scheme: "plain", "recomputed".
Schemes = dict[str, TrainingMemory]


def title(summary: Summary) -> Text:
    """The network and its input."""
    workload = f"{format_size(summary.image_size)}, batch {summary.batch_size}, {summary.dtype}"
    return Text.assemble((f"{summary.name}\n", "bold"), (workload, "dim"))


def fits(budget: str | None, batches: dict[str, int]) -> Text:
    """The largest batches, by when."""
    fits = [f"batch {batch:,} {when}" if batch else f"not one image {when}" for when, batch in batches.items()]
    return Text(f"Fits into {budget} GB: {', '.join(fits)}.")


def inference(found: InferenceMemory, *, layers: bool) -> Iterator[RenderableType]:
    """What is held, and what is alive at the peak."""
    parts = {label_of(key): getattr(found, key) for key in ("weight_bytes", "buffer_bytes", "peak_bytes")}
    yield _parts("At inference, at the peak", {"Memory": parts | {"Total": found.total_bytes}}, found.total_bytes)
    yield Text(f"Peak at {found.peak_layer} ({found.peak.layer.op}), where these are alive:")
    index = found.timeline.index(found.peak)
    alive = {tensor.name: tensor.nbytes for tensor in found.alive_at(index)}
    yield _parts("Tensor", {"Memory": alive}, found.peak_bytes)
    if layers:
        yield Grid(found.rows(), columns("layer.name", "op", "allocated_bytes", "live_bytes"))


def training(schemes: Schemes, optimizer: str, *, layers: bool) -> Iterator[RenderableType]:
    """What is held and what is saved, scheme by scheme, as shares of the first."""
    parts = {scheme: _held(found, optimizer) for scheme, found in schemes.items()}
    first = next(iter(schemes))
    yield _parts("In training, at the peak of a step", parts, parts[first]["Total"])
    for scheme, found in schemes.items():
        peak = found.peak(optimizer)
        yield Text(f"Peak, {scheme}: {peak.layer}, {peak.phase}.")
    plain = schemes[first].saved_bytes
    kinds = {scheme: found.by_kind() | {"Total": found.saved_bytes} for scheme, found in schemes.items()}
    yield _parts("Saved for backward, by kind", kinds, plain)
    yield _parts("Saved for backward, by stage", {key: found.by_stage() for key, found in schemes.items()}, plain)
    if layers:
        yield _parts("Saved for backward, by layer", {key: found.by_layer() for key, found in schemes.items()}, plain)
    if len(schemes) > 1:
        yield Text(_trade(schemes["recomputed"], plain))


def on_device(found: list[DeviceMemory]) -> RenderableType:
    """What was counted, beside what a GPU's allocator gave out."""
    rows = [
        {
            "name": "At the peak of inference" if isinstance(one.counted, InferenceMemory) else "Saved in training",
            "counted": one.counted_bytes,
            "requested": one.measured.requested,
            "allocated": one.measured.allocated,
        }
        for one in found
    ]
    where = Column("name", f"On {found[0].device_name} (unverified)", "When.")
    amounts = [column for key in ("counted", "requested", "allocated") for column in _amount(key, None)]
    return Grid(rows, (where, *amounts))


def _held(found: TrainingMemory, optimizer: str) -> dict[str, int]:
    peak = found.peak(optimizer)
    return {
        **{label_of(key): getattr(found, key) for key in ("weight_bytes", "buffer_bytes")},
        f"{label_of('optimizer_bytes')} ({optimizer})": found.optimizer_bytes(optimizer),
        f"{label_of('gradient_bytes')} so far": peak.gradient_bytes,
        label_of("step_bytes"): peak.activation_bytes,
        "Total": found.total_bytes(optimizer),
    }


def _trade(recomputed: TrainingMemory, plain_bytes: int) -> str:
    costs, moved = recomputed.recomputed_costs, recomputed.summary.bytes_moved
    return (
        f"Recomputed (memory_efficient=true), {format_share(1 - recomputed.saved_bytes / plain_bytes)} less is saved; "
        f"the backward pass moves {format_si(costs.bytes_moved, 'B')} more, "
        f"{format_share(costs.bytes_moved / moved)} of what a forward pass moves, with no convolution among it."
    )


def _parts(header: str, parts: dict[str, dict[str, int]], total: int) -> Grid:
    """One row a part that is not 0 everywhere; for every column its bytes, share of a total, and exact bytes."""
    names = dict.fromkeys(name for amounts in parts.values() for name in amounts)
    rows = [{"name": name} | {key: amounts.get(name, 0) for key, amounts in parts.items()} for name in names]
    shown = [column for key in parts for column in _amount(key, total)]
    held = [row for row in rows if any(row[key] for key in parts)]
    return Grid(held, (Column("name", header, "What is held."), *shown))


def _amount(key: str, total: int | None) -> Iterator[Column]:
    """Bytes for people, as a share of a total if there is one, and to the last byte."""
    yield Column(key, key.capitalize(), "Of memory.", lambda value: format_si(value, "B"))
    if total is not None:
        yield Column(key, f"{key.capitalize()}, share", "Of the total.", lambda value: format_share(value / total))
    yield Column(key, f"{key.capitalize()}, exact", "To the last byte.", lambda value: f"{value:,} B")
