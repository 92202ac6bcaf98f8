"""Architecture: heat maps of how strongly, or by which share, the layers of a block read each feature."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.columns import Column, columns
from analysis.structure import BlockReuse
from analysis.units import format_share
from views import tables, widgets
from views.architecture.connectivity import CONNECTION, HEIGHT, SHORT, SPACE
from views.charts.matrix import Panel, matrices
from views.networks import variant
from views.workbench import config_of

HELP = """The mean of |weight| over the weights that connect a source with a reader: output channels × the source's
channels × kernel. Colours are relative to the strongest connection of each block.

DenseNet, arXiv:1608.06993, section 5 and Figure 5; VoVNet, arXiv:1904.09730, Figure 2."""
WIRING_HELP = """Channels of a source over all channels that the reader reads: what the wiring offers before training.

With weights, colours show the mean of |weight| of each connection instead, as in DenseNet's Figure 5."""
#: Beside the colours.
TICKS = {0.0: "0", 0.5: "0.5", 1.0: "1"}
TITLE, WIRING_TITLE = "mean |weight| ÷ the block's largest", "share of the channels read"
SHARE = Column("strength", "Share of what is read", "Of all channels that the reader reads.", format_share)
WIRING_SHOWN = (*columns(*CONNECTION, "channels"), SHARE, *columns("connection.tensors"))
SHOWN = columns(*CONNECTION, "channels", "strength", "relative", "connection.tensors", "weights")


def draw_maps(name: str, found: Sequence[BlockReuse], *, alone: bool, trained: bool) -> None:
    """The heat maps of a network, and their table beside them."""
    frame = pd.DataFrame([row for one in found for row in one.rows()])
    frame["relative"] = frame["strength"] / frame.groupby("block")["strength"].transform("max").replace(0, 1)
    question = f"{name}: which features {'are' if trained else 'can be'} used?"
    key = f"reuse_{name}"
    help, columns, title = (HELP, SHOWN, TITLE) if trained else (WIRING_HELP, WIRING_SHOWN, WIRING_TITLE)
    with widgets.chart_or_table(question, help, lambda: tables.show(frame, columns, f"{key}_table", HEIGHT)):
        theme = widgets.current_theme()
        colour = theme.variant_colour(config_of(name).family, variant(name))
        panels = [panel(one, trained=trained) for one in found]
        figure = matrices(panels, colour, theme, title, TICKS, **SPACE[alone])
        widgets.draw(figure, key, f"{title} of each connection inside the blocks of {name}.")
    widgets.downloads(frame, f"{name}_feature_reuse")


def panel(one: BlockReuse, *, trained: bool = True) -> Panel:
    """One block as a heat map."""
    block, strengths = one
    most = max(strengths.values(), default=0.0) or 1.0
    readers = [reader for reader in block.readers if reader.entries]
    hovers = {}
    for (source, number), strength in strengths.items():
        feature, reader = block.features[source], block.readers[number]
        weights = "<br>".join(f"{layer.name}.weight" for layer, _ in reader.entries)
        value = f"mean |weight| {strength:.4g}" if trained else f"{format_share(strength)} of what is read"
        hovers[source, number] = f"<b>{value}</b><br>{'<br>'.join(feature.tensors)}<br>read by<br>{weights}"
    values = {place: strength / most for place, strength in strengths.items()}
    texts = {place: f"{value:.2f}" for place, value in values.items()}
    labels = (
        [feature.label for feature in block.features],
        [SHORT.get(reader.label, reader.label) for reader in readers],
    )
    return Panel(block.name, *labels, values, texts, hovers)
