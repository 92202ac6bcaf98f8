"""A network's layers, kinds of operation and stages: the frames that charts and downloads are made of, and tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from analysis import Summary
from analysis.columns import columns
from analysis.ops import KINDS
from analysis.quantities import ADDITIVE_QUANTITIES, DERIVED_QUANTITIES
from analysis.structure.receptive_field import receptive_fields
from views import tables

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


def layer_frame(summary: Summary) -> pd.DataFrame:
    """`Summary.to_frame()`, numbered from 1, with the (height, width) of the output where it has them."""
    frame = summary.to_frame()
    frame.insert(0, "number", range(1, len(frame) + 1))
    sizes = [_map_size(shape) for shape in frame["output_shape"]]
    return _with_shares(frame.assign(output_size=sizes, resolution=[size and size[0] for size in sizes]))


def with_receptive_fields(frame: pd.DataFrame, summary: Summary) -> pd.DataFrame:
    """What each layer sees of the image, too: charts do without."""
    seen = receptive_fields(cost.layer for cost in summary.layers)
    known = [seen.get(name) for name in frame["name"]]
    return frame.assign(receptive_field=[one and one.side for one in known], jump=[one and one.jump for one in known])


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


def show_layers(frame: pd.DataFrame, most: int, key: str, on_select: Callable[[], None]) -> None:
    """One row a layer, of a frame `with_receptive_fields`; `on_select` is called as one is selected."""
    facts = ("layer.name", "op", "stage", "in_channels", "out_channels", "output_size", "kernel", "stride")
    facts += ("layer.receptive_field", "jump")
    tables.show(frame, columns(*facts, *COSTS, *SHARES), key, most, on_select=on_select)


def show_kinds(frame: pd.DataFrame) -> None:
    """One row a kind of operation."""
    tables.show(frame, columns("kind", "layers", *GROUP_COSTS), "kinds_table")


def show_stages(frame: pd.DataFrame) -> None:
    """One row a stage."""
    tables.show(frame, columns("stage", "output", "layers", *GROUP_COSTS), "stages_table")


def show_profile(frame: pd.DataFrame) -> None:
    """What the charts along the depth are drawn from."""
    sums = {f"{key}_sum": frame[f"{key}_share"].cumsum() for key in ("macs", "bytes_moved")}
    facts = ("layer.name", "number", "stage", "out_channels", "resolution")
    costs = ("macs", "memory_access_cost", "bytes_moved")
    tables.show(frame.assign(**sums), columns(*facts, *costs, *sums), "profile_table", 560)
