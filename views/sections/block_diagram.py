"""Block diagrams as in the papers, drawn from the layers, with channels on the edges."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.columns import columns
from analysis.structure.diagram import Diagram, diagrams
from analysis.structure.findings import part_finding
from analysis.structure.receptive_field import WHOLE, Seen, receptive_fields
from analysis.units import capitalised, format_size
from views import tables, widgets
from views.charts.diagram import draw as draw_svg
from views.component import BUTTONS, component

HTML = """<div class="diagram"></div>
<p>
  <span class="moves"><button class="out" type="button" aria-label="Smaller">−</button>
  <button class="in" type="button" aria-label="Larger">+</button> <button class="fit" type="button">Fit</button></span>
  Download, as drawn: <button class="svg" type="button">SVG</button> <button class="png" type="button">PNG</button>
</p>
"""
CSS = """
.diagram { overflow: hidden; touch-action: pan-y; user-select: none; }
.diagram svg { display: block; max-width: 100%; height: auto; }
.diagram.wide { overflow-x: auto; }
.diagram.wide svg { width: 100%; min-width: 700px; }
[data-open] { cursor: pointer; }
[data-open]:focus { outline: none; }
[data-open]:is(:hover, :focus-visible) > rect { stroke: var(--st-primary-color); stroke-width: 3; }
p { font: inherit; margin: 0.5rem 0 0; }
"""
_diagram = component(__file__, HTML, CSS + BUTTONS)


def show_picture(svg: str, name: str, key: str, on_open: Callable[[str], None] | None = None) -> None:
    """The picture, to be moved and magnified.

    Args:
        svg: its text.
        name: of the files that it is saved as, without ending.
        key: of the element, unique on the page.
        on_open: is told what is clicked, or entered: the `data-open` of a part; such a picture is as wide as the page.
    """

    def tell() -> None:
        if on_open and (opened := st.session_state[key].opened):
            on_open(opened)

    _diagram(data={"svg": svg, "name": name, "wide": bool(on_open)}, key=key, on_opened_change=tell)


HELP = """A box is a convolution with the normalisation and activation beside it, in the order of the family. Numbers on
the edges are channels, and the size where it changes; dashed boxes are what the part is given and what it makes.

Layers of a block differ only in how many features they read: the second stands for all that follow it."""
SHOWN = columns("box", "box.out_channels", "box.size", "box.sees", "params", "macs", "box.reads", "box.layers")
KEYS = ("diagram", "diagram_beside")


def draw_block(summaries: Sequence[Summary]) -> None:
    """The section."""
    for column, (key, summary) in widgets.side_by_side([*zip(KEYS, summaries, strict=False)]):
        with column:
            draw_part(summary, key, alone=len(summaries) == 1)


def draw_part(summary: Summary, key: str, *, alone: bool) -> None:
    """A choice of parts, and the diagram of one."""
    name = summary.name
    parts = diagrams([cost.layer for cost in summary.layers], summary.target.config)
    if not parts:
        st.info(f"{widgets.literal(name)}'s parts are too long to be drawn.")
        return
    heading, control = st.columns([3, 2], vertical_alignment="bottom") if alone else (st, st)
    label = "Part" if alone else f"Part of {widgets.literal(name)}"
    chosen = parts[widgets.choose(label, key, [*parts], default_part(parts), control, label_visibility="collapsed")]
    frame = box_frame(summary, chosen)
    title = capitalised(chosen.title) if alone else f"{name}, {chosen.title}"
    heading.header(f"{widgets.literal(title)}: what is inside?", help=HELP, anchor=False)
    widgets.say(part_finding(summary, [layer for box in chosen.boxes for layer in box.layers]))
    saved = file_name(name, chosen.title)
    picture, table = st.columns([2, 3], gap="medium") if alone else (st.container(), st.container())
    with picture:
        show_picture(draw_svg(chosen, widgets.current_theme(), name), saved, f"picture_{key}")
    with table:
        show_table(frame, f"boxes_{key}")
        widgets.downloads(frame, f"{saved}_boxes")


def file_name(*words: str) -> str:
    """Words as the name of a file."""
    return re.sub(r"[^\w.]+", "_", "_".join(words))


def default_part(parts: dict[str, Diagram]) -> str:
    """The first one behind the stem that concatenates, else the first."""
    joining = [title for title, part in parts.items() if any(box.shape == "bar" for box in part.boxes)]
    return next((title for title in joining if title != "stem"), next(iter(parts)))


def box_frame(summary: Summary, diagram: Diagram) -> pd.DataFrame:
    """One row a box."""
    costs = {cost.layer.name: cost for cost in summary.layers}
    seen = receptive_fields([layer for box in diagram.boxes for layer in box.layers])
    names = {box.key: ", ".join(box.lines) for box in diagram.boxes}
    rows = []
    for box in diagram.boxes:
        if not box.layers:
            continue
        shape = box.output_shape
        rows.append(
            {
                "box": names[box.key],
                "reads": "; ".join(names[edge.source] for edge in diagram.edges if edge.target == box.key),
                "out_channels": shape[1] if len(shape) == 4 else shape[-1],
                "size": "×".join(map(str, shape[2:])) if len(shape) == 4 else "",
                "sees": part_side(seen.get(box.layers[-1].name)),
                "params": sum(costs[layer.name].params for layer in box.layers),
                "macs": sum(costs[layer.name].macs for layer in box.layers),
                "layers": ", ".join(layer.name for layer in box.layers),
            }
        )
    return pd.DataFrame(rows)


def part_side(seen: Seen | None) -> str:
    if seen is None:
        return ""
    return "all of it" if seen.side == WHOLE else format_size((int(seen.side),) * 2)


def show_table(frame: pd.DataFrame, key: str) -> None:
    """One row a box."""
    tables.show(frame, SHOWN, key)
