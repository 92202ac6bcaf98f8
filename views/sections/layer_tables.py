"""A network's layers, kinds of operation and stages: the frames that charts and downloads are made of, and tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from analysis import Summary
from analysis.ops import KINDS
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


def layer_frame(summary: Summary) -> pd.DataFrame:
    """`Summary.to_frame()`, numbered from 1, with the (height, width) of the output where it has them."""
    frame = summary.to_frame()
    frame.insert(0, "number", range(1, len(frame) + 1))
    sizes = [_map_size(shape) for shape in frame["output_shape"]]
    return _with_shares(frame.assign(output_size=sizes, resolution=[size and size[0] for size in sizes]))


def kind_frame(summary: Summary) -> pd.DataFrame:
    """One row a kind of operation, in the order that they have everywhere."""
    return _with_shares(summary.by_kind().sort_values("kind", key=lambda column: column.map(KINDS.index)))


def stage_frame(summary: Summary) -> pd.DataFrame:
    """One row a stage."""
    return _with_shares(summary.by_stage())


def _map_size(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Height and width of a map or of a vector, None for the tokens of a transformer, which have neither."""
    return {2: (1, 1), 4: shape[2:]}.get(len(shape))


def _with_shares(frame: pd.DataFrame) -> pd.DataFrame:
    shares = {f"{key}_share": frame[key] / (frame[key].sum() or 1) for key in ("params", "macs", "bytes_moved")}
    return frame.assign(**shares)


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
