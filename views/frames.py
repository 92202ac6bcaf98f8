"""The frames that the Layers view draws and shows: those of `analysis`, with the columns that charts need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analysis import Summary
from analysis.ops import KINDS

if TYPE_CHECKING:
    import pandas as pd


class Network(NamedTuple):
    """One network at one input."""

    summary: Summary
    #: One row a layer, kind of operation, stage.
    layers: pd.DataFrame
    kinds: pd.DataFrame
    stages: pd.DataFrame


def network(summary: Summary) -> Network:
    """All frames of a network."""
    kinds = summary.by_kind().sort_values("kind", key=lambda column: column.map(KINDS.index))
    return Network(summary, layers(summary), _with_shares(kinds), _with_shares(summary.by_stage()))


def layers(summary: Summary) -> pd.DataFrame:
    """`Summary.to_frame()`, numbered from 1, with the (height, width) of the output where it has them."""
    frame = summary.to_frame()
    frame.insert(0, "number", range(1, len(frame) + 1))
    sizes = [_map_size(shape) for shape in frame["output_shape"]]
    frame["output_size"] = sizes
    frame["resolution"] = [size and size[0] for size in sizes]
    return _with_shares(frame)


def _map_size(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Height and width of a map or of a vector, None for the tokens of a transformer, which have neither."""
    return {2: (1, 1), 4: shape[2:]}.get(len(shape))


def _with_shares(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        **{f"{key}_share": frame[key] / (frame[key].sum() or 1) for key in ("params", "macs", "bytes_moved")}
    )
