"""Tables of what was measured: networks, and the layers of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from analysis.measuring.quantities import MEASURED_QUANTITIES
from analysis.units import format_share, format_si, format_size
from commands.output import Column, Row, table, text


def filled(key: str, header: str, unit: str = "") -> Column:
    """A column of numbers, empty where one is unknown, or zero."""
    formatted = format_share if unit == "%" else partial(format_si, unit=unit)
    return Column(header, lambda row: formatted(row[key]) if row[key] else "")


def measured(key: str) -> Column:
    """A column of a quantity of `analysis.measuring.quantities`."""
    quantity = MEASURED_QUANTITIES[key]
    return filled(key, quantity.label, quantity.unit)


SPEED = (
    measured("seconds"),
    Column("Quartiles", lambda row: _range(row["seconds_low"], row["seconds_high"])),
)
NETWORK_COLUMNS = (
    text("name", "Name"),
    Column("Image", lambda row: format_size(row["image_size"])),
    Column("Batch", lambda row: str(row["batch_size"])),
    text("precision", "Precision"),
    text("layout", "Layout"),
    text("execution", "Execution"),
    text("outcome", "Outcome"),
    *SPEED,
    *map(measured, ("images_per_s", "flops_per_s", "share_of_peak", "peak_memory_bytes", "joules_per_image")),
)
HISTORY_COLUMNS = (text("id", "ID"), text("date", "Date"), text("device", "Device"), *NETWORK_COLUMNS)
LAYER_COLUMNS = (
    text("layer", "Layer"),
    text("kind", "Kind"),
    *SPEED,
    filled("share_of_time", "Share of time", "%"),
    measured("flops"),
    measured("flops_per_s"),
    filled("bytes_moved", "Memory traffic", "B"),
    filled("bytes_per_s", "Measured bandwidth", "B/s"),
)


def show_networks(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """Measurements of one machine, under what they have in common."""
    last = rows[-1]
    clock = f", {last['clock_mhz']:.0f} MHz" if last["clock_mhz"] else ""
    yield Text.assemble((last["device"], "bold"), (f"\n{last['software']}, {last['threads']} threads{clock}", "dim"))
    yield network_table(rows, NETWORK_COLUMNS)


def network_table(rows: Sequence[Row], columns: Iterable[Column]) -> Table:
    """A table without the columns that say nothing."""
    return table(rows, [column for column in columns if any(map(column.cell, rows))])


def show_layers(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """A table for each network; what has no time ran as a part of other operations."""
    for (name, workload), layers in groupby(rows, lambda row: (row["name"], row["workload"])):
        timed = list(layers)
        total = sum(row["seconds"] or 0 for row in timed)
        yield Text.assemble((f"{name}\n", "bold"), (f"{workload}; all layers together {format_si(total, 's')}", "dim"))
        yield table(
            (row | {"share_of_time": row["seconds"] and row["seconds"] / total} for row in timed), LAYER_COLUMNS
        )


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{format_si(low, 's')} – {format_si(high, 's')}"
