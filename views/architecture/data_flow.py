"""Architecture: data as it flows through a block, step by step, and which tensors of a network are held how long."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.columns import columns
from analysis.memory import memory_of
from analysis.memory.inference import LIVE_KINDS, InferenceMemory
from analysis.structure.along_depth import lives, lives_finding
from analysis.structure.data_flow import default_part, flow, flow_finding, parts
from archs.errors import DenseScopeError
from views import cached, tables, widgets
from views.charts import flow as figures
from views.charts.axes import Band
from views.charts.memory import gantt
from views.component import BUTTONS, component
from views.sections.live_memory import choose_lifetimes
from views.sidebar import InputSettings

#: Which networks show best what the others do not do: the first that is not of their family.
PARTNERS = ("vovnet39", "densenet121")
FLOW_HELP = """A bar is a tensor while it is held, as long as its bytes; both networks have the same scales. Bands lead
from what a layer reads to what it makes: a concatenation copies all that it reads. Drag, or use the arrow keys, to go
through the layers in execution order."""
HTML = """<div class="controls"><button class="play" type="button">Play</button>
<input class="step" type="range" min="0" value="0" aria-label="Step">
<button class="save" type="button">SVG of this step</button></div><div class="stage"></div>"""
CSS = """
.controls { display: flex; gap: 0.75rem; align-items: center; margin-bottom: 0.5rem; }
.step { flex: 1; min-width: 4rem; accent-color: var(--st-primary-color); }
.stage { display: flex; flex-wrap: wrap; gap: 1.5rem; }
.stage svg { flex: 1 1 20rem; min-width: 0; max-width: 44rem; height: auto; }
.stage .off { visibility: hidden; opacity: 0; }
.stage [data-first] { transition: opacity 0.15s; }
@media (prefers-reduced-motion: reduce) { .stage [data-first] { transition: none; } }
.play { min-width: 5rem; }
"""
_player = component(__file__, HTML, BUTTONS + CSS)


def draw_data_flow(summaries: Sequence[Summary]) -> None:
    """The section: of a network alone, beside one of another family."""
    shown = [*summaries, *_partner(summaries)][:2]
    places = st.columns(len(shown) + 1)
    with places[-1]:
        kind = choose_lifetimes()
    with widgets.errors_said():
        memories = [memory_of(summary, "inference", lifetimes=kind) for summary in shown]
        draw_film(memories, places)
        draw_lifetimes(memories[: len(summaries)])


def _partner(summaries: Sequence[Summary]) -> list[Summary]:
    """What stands beside a network that was chosen alone, given what that is given."""
    first = summaries[0]
    settings = InputSettings(first.image_size, first.batch_size, first.dtype)
    for name in PARTNERS if len(summaries) == 1 else ():
        try:
            other = cached.summary(name, settings)
        except DenseScopeError:
            continue
        if other.family != first.family:
            return [other]
    return []


def draw_film(memories: Sequence[InferenceMemory], places: Sequence[st.delta_generator.DeltaGenerator]) -> None:
    """The film of a part of each network; `places` are those of the choices."""
    flows = []
    for memory, place, key in zip(memories, places, ("flow_part", "flow_part_beside"), strict=False):
        name, offered = memory.summary.name, parts(memory)
        label = f"Part of {widgets.literal(name)}"
        flows.append(flow(memory, widgets.choose(label, key, offered, default_part(memory), place)))
    widgets.say("  \n".join(map(flow_finding, flows)))
    theme, name = widgets.current_theme(), "_".join(re.sub(r"\W+", "_", f"{one.network}_{one.part}") for one in flows)
    films = figures.films(flows, theme)
    pictures = [{"svg": figures.svg(film), "words": film.words} for film in films]
    more = {"begin": min(one.peak for one in flows), "step_ms": figures.step_ms(films), "gap": figures.GAP}
    st.header("How does data flow, layer by layer?", anchor=False, help=FLOW_HELP)
    _player(data={"pictures": pictures, "name": name, "page": theme.page, **more}, key="data_flow")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Download, as it plays:", width="content")
        for label, kind, make in (("GIF", "gif", figures.gif), ("SVG", "svg+xml", figures.moving_svg)):
            st.download_button(
                label,
                lambda make=make: make(films, theme),  # drawn when asked for
                f"{name}.{label.lower()}",
                f"image/{kind}",
                on_click="ignore",
                key=f"data_flow_{label}",
            )


HEIGHT = 560
WHOLE = "whole network"
#: How many other layers run while a tensor is held.
LONG = {"any time": 0, "≥ 4 layers": 4, "≥ 16 layers": 16}
#: Pixels that a chart spans at the least: alone, or beside another.
WIDTHS = {1: 780, 2: 340}
LIVES_HELP = """A bar is a tensor, from the layer that makes it to the last as which it is held; the thicker, the more
bytes. Its colour is the kind of the layer that makes it. A ReLU that overwrites its input makes no tensor.

**As by eager modules**: a tensor is held until the modules that were called with it return, as PyTorch runs networks.
**Until the last reader**: as long as any layer still reads it."""
LIVES_SHOWN = columns("tensor.name", "maker.kind", "maker.stage", "nbytes", "first", "last", "held")


def draw_lifetimes(memories: Sequence[InferenceMemory]) -> None:
    """How long tensors are held, a chart a network, on the same scales."""
    stages = dict.fromkeys(stage for memory in memories for stage in parts(memory))
    left, right = st.columns([2, 3])
    stage = widgets.choose("Part of the network", "flow_stage", [WHOLE, *stages], WHOLE, left)
    long = widgets.choose_segment("Held while others run for", "held", [*LONG], "≥ 4 layers", right)
    spans = [stage_spans(memory, stage) for memory in memories]
    length = max(span[-1].last - span[0].first + 1 for span in spans if span)
    most = max(tensor.nbytes for memory in memories for tensor in memory.tensors)
    for column, (memory, span) in widgets.side_by_side([*zip(memories, spans, strict=True)]):
        with column:
            draw_lives(
                memory, span, stage, LONG[long], {"length": length, "most": most, "width": WIDTHS[len(memories)]}
            )


def draw_lives(
    memory: InferenceMemory, spans: Sequence[Band], stage: str, least: int, scale: Mapping[str, int]
) -> None:
    """The bars of a network, and their table beside them; `scale` as `gantt` takes it."""
    name, found = memory.summary.name, lives(memory)
    st.markdown(f"**{widgets.literal(name)}**: {widgets.literal(lives_finding(memory, found, max(least, 1)))}")
    if not spans:
        st.info(widgets.literal(f"{name} has no {stage}."))
        return
    shown = [life for life in found if life.first <= spans[-1].last and life.last >= spans[0].first]
    shown = [life for life in shown if life.held >= least]
    if not shown:
        st.info("No tensor is held for so long.")
        return
    frame = pd.DataFrame([life._asdict() | {"held": life.held} for life in shown])
    where = "" if stage == WHOLE else f" in {stage}"
    question = f"{name}: which tensors are held{where}?"
    with widgets.chart_or_table(question, LIVES_HELP, lambda: show_table(frame, f"flow_table_{name}")):
        figure = gantt(frame, spans, LIVE_KINDS, widgets.current_theme(), **scale)
        widgets.draw(figure, f"flow_{name}", f"Lifetimes of {len(frame)} tensors of {name} along its layers.")
    widgets.downloads(frame, f"{name}_lifetimes")


def stage_spans(memory: InferenceMemory, stage: str) -> list[Band]:
    """The stages that are shown, with the layers that they span."""
    numbered = enumerate((moment.layer.stage for moment in memory.timeline), start=1)
    spans = []
    for name, group in groupby(numbered, key=lambda pair: pair[1]):
        numbers = [number for number, _ in group]
        if stage in (WHOLE, name):
            spans.append(Band(name, numbers[0], numbers[-1]))
    return spans


def show_table(frame: pd.DataFrame, key: str) -> None:
    """One row a tensor."""
    tables.show(frame, LIVES_SHOWN, key, HEIGHT)
