"""The tables of a network's layers, kinds of operation and stages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from analysis.quantities import ADDITIVE_QUANTITIES, DERIVED_QUANTITIES
from analysis.units import format_quantity, format_share
from views import tables
from views.tables import Writer

if TYPE_CHECKING:
    import pandas as pd


COSTS = ("params", "macs", "memory_access_cost", "bytes_moved")
SHARES = ("macs_share", "bytes_moved_share")
#: Of kinds and stages: each cost beside its share.
GROUP_COSTS = ("bytes_moved", "bytes_moved_share", "macs", "macs_share", "params", "params_share", "memory_access_cost")
#: What a download holds: the columns of `Summary.to_frame()` and the memory traffic.
EXPORTED = (
    "name",
    "op",
    "kind",
    "stage",
    "in_channels",
    "out_channels",
    "input_shapes",
    "output_shape",
    "kernel",
    "stride",
    "padding",
    "groups",
    *ADDITIVE_QUANTITIES,
    *DERIVED_QUANTITIES,
)
TITLES = {
    "name": ("Layer", "Dotted path, as in PyTorch's named_modules()."),
    "number": ("No.", "Position in execution order."),
    "op": ("Op", "The operation."),
    "kind": ("Kind of operation", "Convolutions by kernel; the rest by purpose."),
    "stage": ("Stage", "Row of the paper's table."),
    "layers": ("Layers", "How many operations."),
    "in_channels": ("In", "Input channels; of a concatenation, all its inputs together."),
    "out_channels": ("Out", "Output channels."),
    "output_size": ("Size", "Height × width of the output in pixels."),
    "output": ("Output", "Channels × height × width."),
    "resolution": ("Resolution", "Height of the output in pixels."),
    "kernel": ("Kernel", "Height × width of the window."),
    "stride": ("Stride", "Step of the window."),
    "macs_share": ("of MACs", "Share of the network's MACs."),
    "params_share": ("of parameters", "Share of the network's parameters."),
    "bytes_moved_share": ("of traffic", "Share of the network's memory traffic."),
    "macs_sum": ("MACs so far", "Share of the network's MACs up to this layer."),
    "bytes_moved_sum": ("traffic so far", "Share of the network's memory traffic up to this layer."),
}


def show_layers(frame: pd.DataFrame, height: int) -> None:
    """One row a layer."""
    sizes = {column: tables.by_area(frame[column]) for column in ("output_size", "kernel", "stride")}
    columns = ["name", "op", "stage", "in_channels", "out_channels", *sizes, *COSTS, *SHARES]
    shown = frame[columns].assign(**{column: areas for column, (areas, _) in sizes.items()})
    _show(shown, "layers_table", height, {column: write for column, (_, write) in sizes.items()})


def show_kinds(frame: pd.DataFrame) -> None:
    """One row a kind of operation."""
    _show(frame[["kind", "layers", *GROUP_COSTS]], "kinds_table")


def show_stages(frame: pd.DataFrame) -> None:
    """One row a stage."""
    _show(frame[["stage", "output", "layers", *GROUP_COSTS]], "stages_table")


def show_profile(frame: pd.DataFrame) -> None:
    """What the charts along the depth are drawn from."""
    sums = {f"{key}_sum": frame[f"{key}_share"].cumsum() for key in ("macs", "bytes_moved")}
    columns = ["name", "number", "stage", "out_channels", "resolution", "macs", "memory_access_cost", "bytes_moved"]
    _show(frame[columns].assign(**sums), "profile_table", height=560)


def _show(
    frame: pd.DataFrame, key: str, height: int | str = "content", writers: Mapping[str, Writer] | None = None
) -> None:
    """A table with quantities and shares written as such."""
    quantities = {key: partial(format_quantity, key) for key in COSTS}
    shares = {column: format_share for column in frame if column.endswith(("_share", "_sum"))}
    tables.show(frame, {**quantities, **shares, **(writers or {})}, TITLES, key, height)
