"""The architecture table as the papers print it, and how the depth adds up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby, zip_longest
from typing import Any

import pandas as pd
import streamlit as st

from analysis import Summary
from analysis.columns import columns
from analysis.depth import depth_terms
from analysis.findings import reason
from analysis.structure.paper import paper_peers, to_latex, to_markdown
from analysis.structure.paper import paper_table as paper
from analysis.structure.table import Abreast, Line, abreast, table, table_rows
from analysis.units import format_exact, format_quantity, format_size, join
from archs.errors import DenseScopeError
from archs.registry import get_spec, list_archs
from views import cached, sidebar, tables, widgets, workbench

HEAD_HELP = {
    "Output": "Height × width in pixels.",
    "Layers": "In the notation of the family's paper; × says how often neighbours are repeated.",
    "Channels": "Read → made.",
    "Makes": "Channels made.",
    "Parameters": "Learnable scalars; hover a figure for all its digits.",
    "MACs": "Multiply-accumulates of the whole batch; hover a figure for all its digits.",
    "Depth": "How many layers the name counts.",
}
#: The columns of a network alone, and of each of two or more, where space is scarce.
ALONE = ("Output", "Layers", "Channels", "Parameters", "MACs", "Depth")
ABREAST = ("Output", "Layers", "Makes", "Parameters", "MACs")
MANY = ("Output", "Layers")
WORDS = ("Output", "Layers")
EMPTY = "–"

#: What a cell says, and every digit of it.
Cell = tuple[str, str]


def paper_table(summaries: Sequence[Summary]) -> str:
    """One table of one network, or of several abreast: stages to the left, the lines of each network beside them."""
    rows = abreast([table(summary) for summary in summaries])
    lines = [line for row in rows for line in zip_longest(*row.lines)]
    heads = {1: ALONE, 2: ABREAST}.get(len(summaries), MANY)
    if shared := len(summaries) > 1 and all(len({one.output_size for one in line if one}) == 1 for line in lines):
        heads = heads[1:]
    names = escape(", ".join(summary.name for summary in summaries))
    return (
        f'<div class="paper-table" role="region" tabindex="0" aria-label="Architecture of {names}"><table>'
        f"<thead>{_head(summaries, heads, shared=shared)}</thead>"
        f"{''.join(_stage(row, heads, shared=shared) for row in rows)}"
        f"<tfoot>{_totals(summaries, heads, shared=shared)}</tfoot></table></div>"
    )


def _head(summaries: Sequence[Summary], heads: Sequence[str], *, shared: bool) -> str:
    own = "".join(map(_column_head, heads))
    if len(summaries) == 1:
        return f'<tr><th scope="col">Stage</th>{own}</tr>'
    first = '<th scope="col" rowspan="2">Stage</th>' + ('<th scope="col" rowspan="2">Output</th>' if shared else "")
    groups = "".join(
        f'<th scope="colgroup" colspan="{len(heads)}" class="network">{escape(summary.name)}</th>'
        for summary in summaries
    )
    return f"<tr>{first}{groups}</tr><tr>{own * len(summaries)}</tr>"


def _column_head(head: str) -> str:
    return f'<th scope="col"{_class(head)} title="{escape(HEAD_HELP[head])}">{head}</th>'


def _stage(row: Abreast, heads: Sequence[str], *, shared: bool) -> str:
    """The lines of a stage, its name in front of all of them."""
    lines = [*zip_longest(*row.lines)]
    written = []
    for index, line in enumerate(lines):
        name = "" if index else f'<th scope="rowgroup" rowspan="{len(lines)}">{escape(row.stage)}</th>'
        size = f"<td>{next(_size(one) for one in line if one)}</td>" if shared else ""
        cells = "".join(_cells([_CELLS[head](one) if one else ("", "") for head in heads], heads) for one in line)
        if heads == MANY[-1:] and len(texts := {one and one.text for one in line}) == 1:
            cells = f'<td colspan="{len(line)}" class="shared">{escape(texts.pop() or "")}</td>'
        written.append(f"<tr>{name}{size}{cells}</tr>")
    return f"<tbody>{''.join(written)}</tbody>"


def _cells(cells: Sequence[Cell], heads: Sequence[str]) -> str:
    return "".join(
        f'<td{_class(head)} title="{exact}">{escape(text)}</td>' if exact else f"<td{_class(head)}>{escape(text)}</td>"
        for head, (text, exact) in zip(heads, cells, strict=True)
    )


def _totals(summaries: Sequence[Summary], heads: Sequence[str], *, shared: bool) -> str:
    cells = "<td></td>" if shared else ""
    for summary in summaries:
        params, macs = (_quantity(key, getattr(summary, key)) for key in ("params", "macs"))
        totals = {"Parameters": params, "MACs": macs, "Depth": (str(summary.depth.total), "")}
        if heads[-1] == "Layers":  # no columns of figures
            totals = {"Layers": (f"{params[0]} parameters, {macs[0]} MACs", "")}
        cells += _cells([totals.get(head, ("", "")) for head in heads], heads)
    return f'<tr><th scope="row">Total</th>{cells}</tr>'


def _size(line: Line) -> str:
    return format_size(line.output_size) if line.output_size else EMPTY


def _channels(line: Line) -> str:
    same = line.in_channels == line.out_channels
    return f"{line.out_channels:,}" if same else f"{line.in_channels:,} → {line.out_channels:,}"


def _quantity(key: str, value: int) -> Cell:
    return (format_quantity(key, value), format_exact(key, value)) if value else (EMPTY, "")


def _class(head: str) -> str:
    return "" if head in WORDS else ' class="number"'


_CELLS: dict[str, Callable[[Line], Cell]] = {
    "Output": lambda line: (_size(line), ""),
    "Layers": lambda line: (line.text, ""),
    "Channels": lambda line: (_channels(line), ""),
    "Makes": lambda line: (f"{line.out_channels:,}", ""),
    "Parameters": lambda line: _quantity("params", line.params),
    "MACs": lambda line: _quantity("macs", line.macs),
    "Depth": lambda line: (str(line.depth or EMPTY), ""),
}


TABLE_HELP = """Each row is a stage, each line neighbouring layers in the notation of the family's paper.

Normalisation and activation are not told, as in the papers, but their parameters count.
A softmax is no layer here: networks end with logits."""
MORE = "abreast"
TEXT_HEIGHT = 260
DEPTH_COLUMNS = columns("term", "stage", "term.layers", "term.first", "term.last")


def draw_table(chosen: Sequence[Summary]) -> None:
    """The section."""
    heading, control = st.columns([3, 2], vertical_alignment="bottom")
    summaries = in_order(chosen, choose_more(chosen, control))
    names = [summary.name for summary in summaries]
    those = f"these {len(names)} networks" if len(names) > 2 else join(names)
    heading.header(
        f"What {'is' if len(names) == 1 else 'are'} {widgets.literal(those)} made of?", anchor=False, help=TABLE_HELP
    )
    for group in together(summaries):
        if len(group) < len(summaries):
            st.markdown(f"**{widgets.literal(group[0].name)}**")
        st.container(key=f"paper_table {group[0].name}").html(paper_table(group))
    offer_paper(chosen[0].name, names)
    rows = [row for summary in summaries for row in table_rows(summary)]
    widgets.downloads(pd.DataFrame(rows), f"{'_'.join(names[:2])}_table", ("csv", "json"))
    draw_text(summaries)
    for summary in chosen:
        draw_depth(summary)


def in_order(chosen: Sequence[Summary], more: Sequence[Summary]) -> list[Summary]:
    """By family and size, as soon as there are more than those of the sidebar."""
    families = [summary.family for summary in (*chosen, *more)]
    return sorted((*chosen, *more), key=lambda one: (families.index(one.family), one.params)) if more else [*chosen]


def choose_more(chosen: Sequence[Summary], at: Any) -> list[Summary]:
    """Networks that stand in the table besides those of the sidebar."""
    taken = [summary.name for summary in chosen]
    options = [*list_archs(), *workbench.offered()]
    more = widgets.choose_many(
        "More networks", MORE, options, at=at, placeholder="Add networks to the table", label_visibility="collapsed"
    )
    found, reasons = [], {}
    for name in more:
        try:
            found += [] if name in taken else [cached.summary(name, sidebar.current())]
        except DenseScopeError as error:
            reasons[name] = reason(error)
    widgets.say_left_out(reasons)
    return found


def offer_paper(name: str, shown: Sequence[str]) -> None:
    """One click to the networks that stand in the same table of the paper."""
    peers = paper_peers(name) if name in list_archs() else []
    if missing := [peer for peer in peers if peer not in shown]:
        label = f"The whole table of the paper: {join(peers)}"
        st.button(label, on_click=_add, args=[missing], key="papers_table", help=get_spec(name).source)


def _add(names: Sequence[str]) -> None:
    st.session_state[MORE] = [*st.session_state[MORE], *names]


def draw_text(summaries: Sequence[Summary]) -> None:
    """The table for a paper; Streamlit's code has a button that copies it."""
    st.header("For a paper", anchor=False, help="LaTeX needs the packages booktabs and multirow, nothing else.")
    found = paper(summaries)
    for tab, write in zip(st.tabs(["LaTeX", "Markdown"]), (to_latex, to_markdown), strict=True):
        with tab, st.container(height=TEXT_HEIGHT):
            st.code(write(found), language=None, wrap_lines=True)


def together(summaries: Sequence[Summary]) -> list[list[Summary]]:
    """Networks of one family abreast, others one below the other: their stages have nothing in common."""
    return [list(group) for _, group in groupby(summaries, key=lambda summary: summary.family or summary.name)]


def draw_depth(summary: Summary) -> None:
    """The terms of the depth, and the layers behind each of them."""
    depth = summary.depth
    st.header(
        f"Why is {widgets.literal(summary.name)} {depth.total} layers deep?",
        anchor=False,
        help="One row a term and stage.",
    )
    st.markdown(f"**{widgets.literal(depth.formula)}**: {widgets.literal(f'{depth.terms}. {depth.note}')}")
    tables.show(depth_frame(summary), DEPTH_COLUMNS, f"depth_table_{summary.name}")


def depth_frame(summary: Summary) -> pd.DataFrame:
    """One row a term and stage."""
    terms = depth_terms(summary.target, [cost.layer for cost in summary.layers])
    rows = []
    for term in terms:
        for stage, group in groupby(term.layers, key=lambda layer: layer.stage):
            layers = [*group]
            rows.append((term.text, stage, len(layers), layers[0].name, layers[-1].name))
    return pd.DataFrame(rows, columns=[column.key for column in DEPTH_COLUMNS])
