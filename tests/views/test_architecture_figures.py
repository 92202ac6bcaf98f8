"""Heat maps and bars of the Architecture view: what they plot, say on hover, and leave room for."""

from __future__ import annotations

from itertools import pairwise
from math import log2

import pandas as pd
import pytest

from analysis import memory, summarize
from analysis.memory.inference import LIVE_KINDS
from analysis.structure.along_depth import lives
from analysis.structure.connectivity import Block, blocks
from tests.support.contrast import contrast
from views.architecture.connectivity import SPACE, channel_ticks, panel
from views.architecture.data_flow import WHOLE, stage_spans
from views.charts.matrix import AXIS_LETTER, BETWEEN, matrices
from views.charts.memory import gantt
from views.theme import DARK, LIGHT, PALETTE, mix


def blocks_of(name: str) -> list[Block]:
    return blocks([cost.layer for cost in summarize(name, image_size=None).layers])


def draw(found: list[Block], *, alone: bool = True):
    channels = pd.Series([feature.channels for block in found for feature in block.features])
    return matrices(
        [panel(one) for one in found], "#0072B2", LIGHT, "channels", channel_ticks(channels), **SPACE[alone]
    )


def heat_maps(figure):
    return [trace for trace in figure.data if trace.type == "heatmap"]


def test_cells_are_connections() -> None:
    found = blocks_of("densenet121")
    figure = draw(found)
    maps = heat_maps(figure)
    for block, cells in zip(found, maps, strict=True):
        filled = [value for row in cells.z for value in row if value is not None]
        assert len(filled) == block.count() + block.count("last")
        assert cells.z[0][0] == log2(block.features[0].channels)
    assert "features.denseblock1.denselayer1.conv2" in maps[0].customdata[1][1]
    assert "features.denseblock1.denselayer2.conv1" in maps[0].customdata[1][1]
    assert maps[0].customdata[1][0] == ""


def test_identities_are_marked() -> None:
    texts = draw(blocks_of("ese_vovnet57b")).data[-1]
    written = {(x, y): text for x, y, text in zip(texts.x, texts.y, texts.text, strict=True)}
    assert (written[5, 0], written[6, 0]) == ("1,024", "+1,024")


@pytest.mark.parametrize("name", ["densenet121", "densenetbc250_k24", "peleenet", "ese_vovnet57b", "ese_vovnet99b"])
@pytest.mark.parametrize("alone", [True, False])
def test_labels_below_a_panel_have_room(name: str, alone: bool) -> None:
    found = blocks_of(name)
    figure = draw(found, alone=alone)
    across, width = SPACE[alone]["across"], SPACE[alone]["width"]
    for number, block in enumerate(found, start=1):
        axis = figure.layout[f"xaxis{number if number > 1 else ''}"]
        pixels = (width - BETWEEN * (across - 1)) / across / len(block.readers)
        labels = [*zip(axis.tickvals, axis.ticktext, strict=True)]
        for (left, text), (right, other) in pairwise(labels):
            assert (right - left) * pixels >= AXIS_LETTER * (len(text) + len(other)) / 2


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_bars_span_lifetimes(theme) -> None:
    found = memory("peleenet", lifetimes="minimal")
    frame = pd.DataFrame([life._asdict() | {"held": life.held} for life in lives(found)])
    figure = gantt(frame, stage_spans(found, WHOLE), LIVE_KINDS, theme, width=780)
    bars = {row: (base, base + x) for bar in figure.data for row, base, x in zip(bar.y, bar.base, bar.x, strict=True)}
    assert len(bars) == len(frame)
    for row, life in enumerate(frame.to_dict("records")):
        assert bars[row] == (max(life["first"], 1) - 0.5, life["last"] + 0.5)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("colour", PALETTE)
def test_text_in_cells_and_cells_on_the_page_stand_out(theme, colour: str) -> None:
    found = blocks_of("vovnet39")
    channels = pd.Series([feature.channels for block in found for feature in block.features])
    figure = matrices(
        [panel(one) for one in found], colour, theme, "channels", channel_ticks(channels), across=2, width=620
    )
    (_, pale), (_, strong) = figure.layout.coloraxis.colorscale
    low, high = figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax
    for cells, texts in zip(heat_maps(figure), (one for one in figure.data if one.type == "scatter"), strict=True):
        for x, y, ink in zip(texts.x, texts.y, texts.textfont.color, strict=True):
            fill = mix(pale, strong, (cells.z[y][x] - low) / (high - low))
            assert contrast(ink, fill) >= 4.5
    assert contrast(strong, theme.page) > contrast(pale, theme.page) > 1.3
