"""The frames that the Memory view draws and exports, and its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analysis.hardware.facts.devices import get_device, list_devices
from analysis.hardware.measure.schemes import SchemeRun
from analysis.memory.storages import Footprint
from analysis.memory.training import TrainingMemory
from analysis.optimize.saving import COUNTED, Report, Saving
from analysis.units import THIN_SPACE, format_change, format_share, format_si, join
from views import tables

if TYPE_CHECKING:
    import pandas as pd


def saved(memory: TrainingMemory) -> pd.DataFrame:
    """One row a layer of training: bytes saved once it has run, in all and in columns by kind, and by itself."""
    by_kind = memory.by_kind_so_far()
    frame = pd.DataFrame(
        {
            "number": range(1, len(memory.layers) + 1),
            "name": [layer.name for layer in memory.layers],
            "stage": [layer.stage for layer in memory.layers],
            "saved_here": list(memory.by_layer().values()),
        }
    )
    return frame.assign(saved_bytes=frame["saved_here"].cumsum(), **by_kind)


def kinds(modes: Mapping[str, TrainingMemory]) -> pd.DataFrame:
    """One row a kind of saved memory that any mode saves, one column a mode."""
    frame = pd.DataFrame({mode: memory.by_kind() for mode, memory in modes.items()})
    return frame[frame.any(axis="columns")].rename_axis("kind").reset_index()


def devices(footprints: list[Footprint]) -> pd.DataFrame:
    """One row a size of memory that devices have: the largest batch in each mode."""
    by_size: dict[float, list[str]] = {}
    for device in map(get_device, list_devices()):
        if device.memory_bytes:
            by_size.setdefault(device.memory_bytes, []).append(device.name)
    rows = [
        {"memory_bytes": size, "devices": join(names)} | {one.mode: one.largest_batch(size) for one in footprints}
        for size, names in sorted(by_size.items())
    ]
    return pd.DataFrame(rows)


def saving(found: Saving) -> pd.DataFrame:
    """One row a quantity, before and after optimising."""
    rows = [
        {"quantity": quantity.label, "before": found.before[key], "after": found.after[key], "left": found.share(key)}
        for key, quantity in COUNTED.items()
    ]
    return pd.DataFrame(rows)


def norms(report: Report) -> pd.DataFrame:
    """One row a batch norm: the convolution that took it in, or why none did."""
    folded = [{"norm": norm, "folded": True, "why": f"into {conv}"} for norm, conv in report.folded.items()]
    kept = [{"norm": norm, "folded": False, "why": reason} for norm, reason in report.kept.items()]
    return pd.DataFrame([*folded, *kept], columns=["norm", "folded", "why"])


def schemes(run: SchemeRun) -> pd.DataFrame:
    """One row a measured scheme."""
    return pd.DataFrame(
        [
            {
                "scheme": scheme.name,
                "saved_bytes": scheme.saved_bytes,
                "saving": run.saving(scheme),
                "seconds": scheme.seconds,
                "slowdown": run.slowdown(scheme),
                "seconds_low": scheme.seconds_low,
                "seconds_high": scheme.seconds_high,
                "steps": len(scheme.times),
            }
            for scheme in run.schemes
        ]
    )


HEIGHT = 460
TITLES = {
    "name": ("Layer", "Dotted path, as in PyTorch's named_modules()."),
    "number": ("No.", "Position in execution order."),
    "stage": ("Stage", "Row of the paper's table."),
    "saved_here": ("Saves", "Bytes that this layer is the first to save for the backward pass."),
    "saved_bytes": ("Saved so far", "Bytes saved once the layer has run."),
    "kind": ("Kind", "Why it is saved: by the layer that made it, or by the layer that needs it."),
    "mode": ("Mode", "What is run."),
    "memory_bytes": ("Memory", "By the data sheets."),
    "devices": ("Devices", "That have it."),
    "scheme": ("Scheme", "How the step is computed; all give the same gradients."),
    "saving": ("Less", "Than the plain scheme keeps."),
    "seconds": ("Step", "Median time of a forward and a backward pass."),
    "slowdown": ("Longer", "Than the plain scheme takes."),
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


def show_saved(frame: pd.DataFrame, modes: Sequence[str]) -> None:
    """One row a layer, what each mode saves by it and up to it."""
    _show(frame, "saved_table", HEIGHT, modes)


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


def show_schemes(frame: pd.DataFrame) -> None:
    """One row a measured scheme."""
    seconds = dict.fromkeys(("seconds", "seconds_low", "seconds_high"), lambda value: format_si(value, "s"))
    writers = {"saved_bytes": _write_bytes, "saving": format_share, "slowdown": format_change} | seconds
    saved = ("Saved", "Distinct storages that autograd keeps, without parameters and buffers.")
    tables.show(frame, writers, TITLES | {"saved_bytes": saved}, "schemes_table")


def show_saving(frame: pd.DataFrame) -> None:
    """One row a quantity, before and after optimising."""
    exact = dict.fromkeys(("before", "after"), lambda value: f"{int(value):,}")
    tables.show(frame, exact | {"left": format_share}, TITLES, "saving_table")


def show_norms(frame: pd.DataFrame) -> None:
    """One row a batch norm."""
    tables.show(frame, {"folded": lambda value: "yes" if value else "no"}, TITLES, "norms_table", HEIGHT)


def _show(frame: pd.DataFrame, key: str, height: int | str, modes: Sequence[str] = ()) -> None:
    titles = TITLES | {
        column: (column[:1].upper() + column[1:], "Bytes saved.") for mode in modes for column in (mode,)
    }
    sizes = ("saved_here", "saved_bytes", *modes)
    tables.show(frame, dict.fromkeys(sizes, _write_bytes), titles, key, height)


def _write_bytes(value: float) -> str:
    return format_si(int(value), "B")


def draw_headlines(sizes: Mapping[str, tuple[int, str]]) -> None:
    """Bytes and their definition, by label."""
    with st.container(horizontal=True, gap="medium", key="memory_headlines"):
        for label, (nbytes, definition) in sizes.items():
            exact = f"{definition}\n\nExactly: {nbytes:,}{THIN_SPACE}B"
            st.metric(label, format_si(nbytes, "B"), help=exact, width="content")
