"""The frames that the Layers view draws and shows: those of `analysis`, with the columns that charts need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analysis import Summary
from analysis.kinds import KINDS

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
    """`Summary.to_frame()`, numbered from 1, with the (height, width) of the output."""
    frame = summary.to_frame()
    frame.insert(0, "number", range(1, len(frame) + 1))
    frame["output_size"] = [shape[2:] or (1, 1) for shape in frame["output_shape"]]
    frame["resolution"] = [height for height, _ in frame["output_size"]]
    return _with_shares(frame)


def _with_shares(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        **{f"{key}_share": frame[key] / (frame[key].sum() or 1) for key in ("params", "macs", "bytes_moved")}
    )
