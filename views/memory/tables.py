"""The tables of the Memory view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.units import format_share, format_si
from views import tables
from views.notation import format_change

if TYPE_CHECKING:
    import pandas as pd

HEIGHT = 460
TITLES = {
    "name": ("Layer", "Dotted path, as in PyTorch's named_modules()."),
    "number": ("No.", "Position in execution order."),
    "stage": ("Stage", "Row of the paper's table."),
    "op": ("Op", "The operation."),
    "live_bytes": ("Alive", "Bytes of all tensors that are alive as the layer runs."),
    "allocated_bytes": ("New", "Bytes that the layer allocates; 0 where it overwrites its input."),
    "tensors": ("Tensors", "How many are alive."),
    "largest": ("Largest", "The largest of them."),
    "kept_here": ("Keeps", "Bytes that this layer is the first to keep for the backward pass."),
    "kept_bytes": ("Kept so far", "Bytes kept once the layer has run."),
    "kind": ("Kind", "Why it is kept: by the layer that made it, or by the layer that needs it."),
    "mode": ("Mode", "What is run."),
    "memory_bytes": ("Memory", "By the data sheets."),
    "devices": ("Devices", "That have it."),
    "design": ("Design", "How the step is computed; all give the same gradients."),
    "saving": ("Less", "Than the plain design keeps."),
    "seconds": ("Step", "Median time of a forward and a backward pass."),
    "slowdown": ("Longer", "Than the plain design takes."),
    "seconds_low": ("Lower quartile", "A quarter of the steps took less."),
    "seconds_high": ("Upper quartile", "A quarter of the steps took more."),
    "quantity": ("Quantity", "Of the whole network, at this batch."),
    "before": ("Before", "Of the network as it is; bytes in B."),
    "after": ("After", "Of the optimised copy; bytes in B."),
    "left": ("Left", "After as a share of before."),
    "norm": ("Batch norm", "Dotted path, as in PyTorch's named_modules()."),
    "folded": ("Folded", "Whether a convolution took it in."),
    "why": ("Where, or why not", "The convolution that took it in, or what stands between."),
    "steps": ("Steps", "Timed steps."),
}


def show_timeline(frame: pd.DataFrame) -> None:
    """One row a layer as it runs."""
    columns = ["name", "number", "stage", "op", "live_bytes", "allocated_bytes", "tensors", "largest"]
    _show(frame[columns], "live_table", HEIGHT)


def show_kept(frame: pd.DataFrame, modes: Sequence[str]) -> None:
    """One row a layer, what each mode keeps by it and up to it."""
    _show(frame, "kept_table", HEIGHT, modes)


def show_kinds(frame: pd.DataFrame) -> None:
    """One row a kind of saved memory."""
    _show(frame, "saved_kinds_table", "content", [column for column in frame if column != "kind"])


def show_devices(frame: pd.DataFrame) -> None:
    """One row a size of memory."""
    writers = {"memory_bytes": _write_bytes}
    batches = [column for column in frame if column not in ("memory_bytes", "devices")]
    titles = {mode: (f"Batch, {mode}", "The largest that fits.") for mode in batches}
    writers |= dict.fromkeys(batches, lambda value: f"{int(value):,}" if value else "none fits")
    tables.show(frame, writers, TITLES | titles, "fits_table")


def show_designs(frame: pd.DataFrame) -> None:
    """One row a measured design."""
    seconds = dict.fromkeys(("seconds", "seconds_low", "seconds_high"), lambda value: format_si(value, "s"))
    writers = {"kept_bytes": _write_bytes, "saving": format_share, "slowdown": format_change} | seconds
    titles = TITLES | {"kept_bytes": ("Kept", "Distinct storages that autograd keeps, without parameters and buffers.")}
    tables.show(frame, writers, titles, "designs_table")


def show_saving(frame: pd.DataFrame) -> None:
    """One row a quantity, before and after optimising."""
    exact = dict.fromkeys(("before", "after"), lambda value: f"{int(value):,}")
    tables.show(frame, exact | {"left": format_share}, TITLES, "saving_table")


def show_norms(frame: pd.DataFrame) -> None:
    """One row a batch norm."""
    tables.show(frame, {"folded": lambda value: "yes" if value else "no"}, TITLES, "norms_table", HEIGHT)


def _show(frame: pd.DataFrame, key: str, height: int | str, modes: Sequence[str] = ()) -> None:
    titles = TITLES | {column: (column[:1].upper() + column[1:], "Bytes kept.") for mode in modes for column in (mode,)}
    sizes = ("live_bytes", "allocated_bytes", "kept_here", "kept_bytes", *modes)
    tables.show(frame, dict.fromkeys(sizes, _write_bytes), titles, key, height)


def _write_bytes(value: float) -> str:
    return format_si(int(value), "B")
