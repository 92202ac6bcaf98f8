"""The frames that the Memory view draws and exports, and its tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analysis.columns import Column, column, columns, count
from analysis.facts import get_device, list_devices
from analysis.hardware.measure.schemes import SchemeRun
from analysis.memory.storages import Footprint
from analysis.memory.training import TrainingMemory
from analysis.optimize.saving import COUNTED, Report, Saving
from analysis.quantities import QUANTITIES, label_of
from analysis.units import capitalised, format_exact, format_quantity, join
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


def show_saved(frame: pd.DataFrame, modes: Sequence[str]) -> None:
    """One row a layer, what each mode saves by it and up to it."""
    tables.show(frame, [*columns("layer.name", "number", "stage"), *map(_of_mode, modes)], "saved_table", HEIGHT)


def show_kinds(frame: pd.DataFrame) -> None:
    """One row a kind of saved memory."""
    modes = [column for column in frame if column != "kind"]
    tables.show(frame, [*columns("saved.kind"), *map(_of_mode, modes)], "saved_kinds_table")


def _of_mode(mode: str) -> Column:
    return column("saved_bytes")._replace(key=mode, title=capitalised(mode))


def show_devices(frame: pd.DataFrame) -> None:
    """One row a size of memory."""
    batches = [
        Column(mode, f"Batch, {mode}", "The largest that fits.", lambda value: count(value) if value else "none fits")
        for mode in frame
        if mode not in ("memory_bytes", "devices")
    ]
    tables.show(frame, [*columns("memory_bytes", "devices"), *batches], "fits_table")


def show_schemes(frame: pd.DataFrame) -> None:
    """One row a measured scheme."""
    times = ("scheme.seconds", "slowdown", "seconds_low", "seconds_high", "steps")
    tables.show(frame, columns("scheme", "scheme.saved_bytes", "saving", *times), "schemes_table")


def show_saving(frame: pd.DataFrame) -> None:
    """One row a quantity, before and after optimising."""
    tables.show(frame, columns("quantity", "saving.before", "saving.after", "left"), "saving_table")


def show_norms(frame: pd.DataFrame) -> None:
    """One row a batch norm."""
    tables.show(frame, columns("norm", "folded", "why"), "norms_table", HEIGHT)


def draw_headlines(amounts: Iterable[tuple[str, int, str]]) -> None:
    """Bytes: a key of `analysis.quantities`, how many, and in which mode, if that matters."""
    with st.container(horizontal=True, gap="medium", key="memory_headlines"):
        for key, nbytes, mode in amounts:
            label = f"{label_of(key)}, {mode}" if mode else label_of(key)
            exact = f"{QUANTITIES[key].definition}\n\nExactly: {format_exact(key, nbytes)}"
            st.metric(label, format_quantity(key, nbytes), help=exact, width="content")
