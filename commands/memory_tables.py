"""The tables of the memory command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from analysis.memory import InferenceMemory, TrainingMemory
from analysis.summary import Summary
from analysis.units import format_share, format_si, format_size
from commands.output import Column, table, text

if TYPE_CHECKING:
    from analysis.memory.on_device import DeviceMemory

#: The memory of training by design: "plain", "recomputed".
Designs = dict[str, TrainingMemory]


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
    parts = {"Weights": found.weight_bytes, "Running statistics": found.buffer_bytes, "Tensors": found.peak_bytes}
    yield _parts("At inference, at the peak", {"Memory": parts | {"Total": found.total_bytes}}, found.total_bytes)
    yield Text(f"Peak at {found.peak_layer} ({found.peak.layer.op}), where these are alive:")
    index = found.timeline.index(found.peak)
    alive = {tensor.name: tensor.nbytes for tensor in found.alive_at(index)}
    yield _parts("Tensor", {"Memory": alive}, found.peak_bytes)
    if layers:
        yield table(found.rows(), _LAYER_COLUMNS)


def training(designs: Designs, optimizer: str, *, layers: bool) -> Iterator[RenderableType]:
    """What is held and what is saved, design by design, as shares of the first."""
    parts = {design: _held(found, optimizer) for design, found in designs.items()}
    first = next(iter(designs))
    yield _parts("In training, as the forward pass ends", parts, parts[first]["Total"])
    plain = designs[first].saved_bytes
    kinds = {design: found.by_kind() for design, found in designs.items()}
    yield _parts("Saved for backward, by kind", kinds, plain)
    yield _parts("Saved for backward, by stage", {key: found.by_stage() for key, found in designs.items()}, plain)
    if layers:
        yield _parts("Saved for backward, by layer", {key: found.by_layer() for key, found in designs.items()}, plain)
    if len(designs) > 1:
        yield Text(_trade(designs["recomputed"], plain))


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
    columns = ("counted", "requested", "allocated")
    shown = [column for key in columns for column in (_amount(key, key.capitalize()), _exact(key))]
    return table(rows, (text("name", f"On {found[0].device_name} (unverified)"), *shown))


def _held(found: TrainingMemory, optimizer: str) -> dict[str, int]:
    return {
        "Weights": found.weight_bytes,
        "Running statistics": found.buffer_bytes,
        "Gradients": found.gradient_bytes,
        f"Optimizer state ({optimizer})": found.optimizer_bytes(optimizer),
        "Saved for backward": found.saved_bytes,
        "Total": found.total_bytes(optimizer),
    }


def _trade(recomputed: TrainingMemory, plain_bytes: int) -> str:
    costs, moved = recomputed.recomputed_costs, recomputed.summary.bytes_moved
    return (
        f"Recomputed (memory_efficient=true), {format_share(1 - recomputed.saved_bytes / plain_bytes)} less is saved; "
        f"the backward pass moves {format_si(costs.bytes_moved, 'B')} more, "
        f"{format_share(costs.bytes_moved / moved)} of what a forward pass moves, with no convolution among it."
    )


def _parts(header: str, columns: dict[str, dict[str, int]], total: int) -> RenderableType:
    """One row a part that is not 0 everywhere; for every column its bytes, exact bytes, and share of a total."""
    names = dict.fromkeys(name for parts in columns.values() for name in parts)
    rows = [{"name": name} | {column: parts.get(name, 0) for column, parts in columns.items()} for name in names]
    shown = [text("name", header)]
    for column in columns:
        shown += [_amount(column, column.capitalize()), _share(column, total), _exact(column)]
    return table((row for row in rows if any(row[column] for column in columns)), shown)


def _amount(key: str, header: str) -> Column:
    return Column(header, lambda row: format_si(row[key], "B"))


def _share(key: str, total: int) -> Column:
    return Column("Share", lambda row: format_share(row[key] / total))


def _exact(key: str) -> Column:
    return Column("Exact", lambda row: f"{row[key]:,} B")


_LAYER_COLUMNS = (
    text("name", "Layer"),
    text("op", "Op"),
    _amount("allocated_bytes", "Allocates"),
    _amount("live_bytes", "Alive"),
)
