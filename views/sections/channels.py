"""How channels and resolution go along the depth, and what unequal channels cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis import Summary
from analysis.columns import columns
from analysis.quantities import in_a_sentence
from analysis.structure.along_depth import channel_rows, landmarks
from analysis.structure.findings import channels_finding, channels_rule
from views import tables, widgets
from views.charts.channels import channels
from views.charts.panels import behind

if TYPE_CHECKING:
    import pandas as pd


#: Pixels that a chart's panels span at the least: alone, or beside another.
WIDTHS = {1: 780, 2: 340}
HELP = """One mark a convolution; the bands are stages. Depthwise convolutions, which have no choice, are left out.

**Input ÷ output**: input channels over output channels.

**Access ÷ least**: memory access cost over the least that a convolution with the same MACs, kernel and maps could have.
At stride 1 that is where input and output channels are equal (ShuffleNetV2, guideline G1):
2·√(hw·MACs) + MACs/hw for a 1×1 convolution; with a kernel k×k, 2·√(hw·MACs)/k + MACs/hw."""
SHOWN = columns(
    *("layer.name", "stage", "kernel", "output_size", "in_channels", "out_channels", "ratio", "macs"),
    *("memory_access_cost", "least_access", "penalty"),
)
TABLE_HEIGHT = 560


def draw_channels(summaries: Sequence[Summary], ghost: Summary | None = None) -> None:
    """The section; `ghost` stands pale behind the first of them."""
    for summary in summaries:
        widgets.say(" ".join([channels_finding(summary), channels_rule(summary.target.config)]))
    frames = [channel_frame(summary) for summary in summaries]
    for column, (summary, frame) in widgets.side_by_side([*zip(summaries, frames, strict=True)]):
        with column:
            if not frame.empty:
                draw_profile(summary, frame, frames, ghost)


def channel_frame(summary: Summary) -> pd.DataFrame:
    """One row a convolution, numbered from 1."""
    import pandas as pd

    frame = pd.DataFrame(channel_rows(summary))
    if frame.empty:
        return frame
    return frame.assign(number=range(1, len(frame) + 1), resolution=[size[0] for size in frame["output_size"]])


def draw_profile(
    summary: Summary, frame: pd.DataFrame, frames: Sequence[pd.DataFrame], ghost: Summary | None = None
) -> None:
    """The chart, and its table beside it."""
    question = "How do channels grow, and what does it cost?"
    if len(frames) > 1:
        question = f"{summary.name}: {in_a_sentence(question)}"
    with widgets.chart_or_table(question, HELP, lambda: show_table(frame, f"channels_table_{summary.name}")):
        width = WIDTHS[len(frames)]
        peers = [other for other in frames if not other.empty]
        before = None if ghost is None else behind(channel_frame(ghost), frame)
        figure = channels(frame, landmarks(summary.target.config), widgets.current_theme(), width, peers, before)
        described = f"Channels, resolution and memory access cost of {len(frame)} convolutions of {summary.name}."
        widgets.draw(figure, f"channels_{summary.name}", described)
    widgets.downloads(frame.drop(columns="resolution"), f"{summary.name}_channels")


def show_table(frame: pd.DataFrame, key: str) -> None:
    """One row a convolution."""
    tables.show(frame, SHOWN, key, TABLE_HEIGHT)
