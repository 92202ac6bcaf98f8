"""Architecture: how strongly each layer weighs the features that it reads, as in Figure 5 of the DenseNet paper."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.columns import Column, columns
from analysis.quantities import in_a_sentence
from analysis.structure import BlockReuse, reuse
from analysis.structure.feature_reuse import reuse_finding, shares_finding, shares_read
from analysis.units import format_share
from archs.create import create_model
from archs.errors import WeightsError
from views import tables, widgets
from views.architecture.connectivity import CONNECTION, HEIGHT, SHORT, SPACE
from views.charts.matrix import Panel, matrices
from views.networks import variant

HELP = """The mean of |weight| over the weights that connect a source with a reader: output channels × the source's
channels × kernel. Colours are relative to the strongest connection of each block.

DenseNet, arXiv:1608.06993, section 5 and Figure 5; VoVNet, arXiv:1904.09730, Figure 2."""
RANDOM = (
    "{name} has no trained weights here: random ones say nothing of use, so this is the wiring alone, which share of "
    "what each layer reads comes from where. Give weights below to see what training made of it."
)
WIRING_HELP = """Channels of a source over all channels that the reader reads: what the wiring offers before training.

With weights, colours show the mean of |weight| of each connection instead, as in DenseNet's Figure 5."""
#: Beside the colours.
TICKS = {0.0: "0", 0.5: "0.5", 1.0: "1"}
ENDINGS = ["safetensors", "pth", "pt", "bin", "tar"]
TITLE, WIRING_TITLE = "mean |weight| ÷ the block's largest", "share of the channels read"
SHARE = Column("strength", "Share of what is read", "Of all channels that the reader reads.", format_share)
WIRING_SHOWN = (*columns(*CONNECTION, "channels"), SHARE, *columns("connection.tensors"))
SHOWN = columns(*CONNECTION, "channels", "strength", "relative", "connection.tensors", "weights")


def draw_feature_reuse(summaries: Sequence[Summary]) -> None:
    """The section."""
    for column, summary in widgets.side_by_side(summaries):
        with column:
            if summary.target.config is None:
                st.info(f"{summary.name} is built without weights: only registered networks can be given some here.")
                continue
            draw_network(summary, alone=len(summaries) == 1)


def draw_network(summary: Summary, *, alone: bool) -> None:
    """Where the weights come from, and their heat maps; of random weights the wiring alone."""
    config, name = summary.target.config, summary.name
    picture = st.container()
    source, uploaded = choose_weights(name)
    with picture, widgets.errors_said():
        if not (source or uploaded):
            found = shares_read([cost.layer for cost in summary.layers])
            widgets.say(shares_finding(name, found), name)
            if found:
                st.caption(f":material/casino: {RANDOM.format(name=widgets.literal(name))}")
                draw_maps(summary, found, alone=alone, trained=False)
            return
        with st.spinner(f"Building {name} …"):
            content = uploaded.getvalue() if uploaded else None
            ending = "".join(Path(uploaded.name).suffixes[-2:]) if uploaded else ""
            found, report = weighed(config, source, stamp(source), content, ending)
        widgets.say(reuse_finding(name, found), name)
        if found:
            st.caption(f"{uploaded.name}: {report}" if uploaded else report)
            draw_maps(summary, found, alone=alone, trained=True)


def choose_weights(name: str) -> tuple[str, Any]:
    """What a person typed, and the file that they gave; not in the link, which must not make others fetch files."""
    left, right = st.columns(2)
    with left:
        typed = st.text_input(
            f"Weights of {name}",
            key=f"weights_{name}",
            persist_state="session",
            placeholder="a path, timm/NAME.TAG or torchvision/DEFAULT",
            help="Published weights are fetched once and kept: docs/weights.md.",
        )
    with right:
        uploaded = st.file_uploader(f"Or a file for {name}", type=ENDINGS, key=f"file_{name}")
    return typed.strip(), uploaded


def stamp(source: str) -> float:
    """When a file last changed; 0 for names and missing files."""
    try:
        return Path(source).stat().st_mtime if source else 0.0
    except OSError:
        return 0.0


@st.cache_data(max_entries=16, show_spinner=False)
def weighed(
    config: Any, source: str, stamp: float, content: bytes | None, ending: str
) -> tuple[tuple[BlockReuse, ...], str]:
    """The heat maps of a network, and the report on its weights; empty for random ones.

    Raises: DenseScopeError: the weights cannot be had, or do not fit.
    """
    if content is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"weights{ending}"
            path.write_bytes(content)
            try:
                model = load(config, str(path))
            except WeightsError as error:
                said = str(error).replace(repr(str(path)), "This file").replace(str(path), "this file")
                raise WeightsError(said) from None
        report = str(model.weights_report).replace(str(path), "this file")
    else:
        model = load(config, source or None)
        report = str(model.weights_report) if source else ""
    return reuse(model), report


def load(config: Any, weights: str | None) -> Any:
    """The module; what could not be loaded is in its report."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return create_model(config, weights=weights)


def draw_maps(summary: Summary, found: Sequence[BlockReuse], *, alone: bool, trained: bool) -> None:
    """The heat maps, and their table beside them."""
    frame = pd.DataFrame([row for one in found for row in one.rows()])
    frame["relative"] = frame["strength"] / frame.groupby("block")["strength"].transform("max").replace(0, 1)
    question = "Which features are used?" if trained else "Which features can be used?"
    question = question if alone else f"{summary.name}: {in_a_sentence(question)}"
    key = f"reuse_{summary.name}"
    help, columns, title = (HELP, SHOWN, TITLE) if trained else (WIRING_HELP, WIRING_SHOWN, WIRING_TITLE)
    with widgets.chart_or_table(question, help, lambda: tables.show(frame, columns, f"{key}_table", HEIGHT)):
        theme = widgets.current_theme()
        colour = theme.variant_colour(summary.family, variant(summary.name))
        panels = [panel(one, trained=trained) for one in found]
        figure = matrices(panels, colour, theme, title, TICKS, **SPACE[alone])
        widgets.draw(figure, key, f"{title} of each connection inside the blocks of {summary.name}.")
    widgets.downloads(frame, f"{summary.name}_feature_reuse")


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
