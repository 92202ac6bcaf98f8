"""Networks abreast as a table for a paper, as DenseNet's Table 1: LaTeX (booktabs, multirow) or Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from analysis.structure.table import Line, abreast, table
from analysis.summary import Summary
from analysis.units import THIN_SPACE, format_quantity, format_size, join
from archs.registry import get_spec, list_archs

ALONE = ("Stage", "Output", "Layers", "Channels", "Parameters", "MACs")
#: Left-aligned columns: words.
WORDS = ALONE[:3]


class PaperTable(NamedTuple):
    """Texts by row; a stage stands in its first row alone."""

    names: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[tuple[str, ...], ...]
    caption: str


def paper_table(summaries: Sequence[Summary]) -> PaperTable:
    """One network with what its lines cost, or the layers of several side by side."""
    tables = [table(summary) for summary in summaries]
    rows: list[tuple[str, ...]]
    totals: list[tuple[str, ...]]
    heads: tuple[str, ...]
    names = tuple(summary.name for summary in summaries)
    if len(summaries) == 1:
        [summary], [lines] = summaries, tables
        rows = [(line.stage, _size(line), line.text, _channels(line), *_costs(line)) for line in lines]
        heads, totals = ALONE, [("Total", "", "", "", *_costs(summary))]
    else:
        rows = [(stage, *cells) for stage, parallel in abreast(tables) for cells in map(_cells, zip_longest(*parallel))]
        heads = ("Stage", "Output", *names)
        totals = [
            (label, "", *(format_quantity(key, getattr(summary, key)) for summary in summaries))
            for key, label in (("params", "Parameters"), ("macs", "MACs"))
        ]
    stages = [row[0] for row in rows]
    once = tuple(
        row if stage != above else ("", *row[1:])
        for row, stage, above in zip(rows, stages, ["", *stages], strict=False)
    )
    return PaperTable(names, heads, once, tuple(totals), _caption(summaries))


def _cells(parallel: Sequence[Line | None]) -> tuple[str, ...]:
    """The size, and the layers of each network; where sizes differ they stand with the layers."""
    sizes = {_size(line) for line in parallel if line}
    if len(sizes) == 1:
        return (*sizes, *(line.text if line else "" for line in parallel))
    return ("", *(f"{line.text} → {_size(line)}" if line else "" for line in parallel))


def _costs(of: Line | Summary) -> tuple[str, ...]:
    return tuple(format_quantity(key, getattr(of, key)) if getattr(of, key) else "" for key in ("params", "macs"))


def _channels(line: Line) -> str:
    same = line.in_channels == line.out_channels
    return f"{line.out_channels}" if same else f"{line.in_channels} → {line.out_channels}"


def _size(line: Line) -> str:
    return format_size(line.output_size) if line.output_size else ""


def _caption(summaries: Sequence[Summary]) -> str:
    sizes, batch = dict.fromkeys(format_size(one.image_size) for one in summaries), summaries[0].batch_size
    images = "image" if batch == 1 else f"batch of {batch:,}"
    return (
        f"Architecture of {join(one.name for one in summaries)} for inputs of {join(sizes)} pixels. Normalisation and "
        f"activation are not shown; parameters count them. MACs: multiply-accumulates of one {images}."
    )


def paper_peers(name: str) -> list[str]:
    """The registered networks that come from the same table of the same paper as one of them.

    >>> paper_peers("densenet169")
    ['densenet121', 'densenet169', 'densenet201', 'densenet264']
    """
    source = get_spec(name).source
    return [other for other in list_archs() if get_spec(other).source == source]


_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "$<$", ">": "$>$"},
    **{"×": "$\\times$", "→": "$\\rightarrow$", "−": "$-$", "–": "--", THIN_SPACE: "\\,", "µ": "$\\mu$"},
}


def to_latex(found: PaperTable) -> str:
    """A float that compiles as it is: `\\usepackage{booktabs, multirow}` is all that it needs."""
    networks = len(found.names)
    aligned = "".join("r" if networks == 1 and head not in WORDS else "l" for head in found.heads)
    lines = [
        r"% \usepackage{booktabs, multirow}",
        rf"\begin{{table{'*' * (networks > 1)}}}",
        r"  \centering\small",
        rf"  \caption{{{_latex(found.caption)}}}",
        rf"  \label{{tab:{_label(found.names)}}}",
        rf"  \begin{{tabular}}{{{aligned}}}",
        r"    \toprule",
        _latex_row([*map(_latex, found.heads)]),
    ]
    for number, row in enumerate(found.rows):
        if row[0]:
            lines.append(r"    \midrule")
        stage, size, *cells = map(_latex, row)
        if row[0] and (height := _height(found.rows, number)) > 1:
            stage = rf"\multirow{{{height}}}{{*}}{{{stage}}}"
        if networks > 1 and len(set(cells)) == 1:
            cells = [rf"\multicolumn{{{networks}}}{{c}}{{{cells[0]}}}"]
        lines.append(_latex_row([stage, size, *cells]))
    lines += [r"    \midrule", *(_latex_row([*map(_latex, row)]) for row in found.totals), r"    \bottomrule"]
    return "\n".join([*lines, r"  \end{tabular}", rf"\end{{table{'*' * (networks > 1)}}}", ""])


def _height(rows: Sequence[tuple[str, ...]], first: int) -> int:
    """How many rows a stage has."""
    return next((number for number, row in enumerate(rows[first + 1 :], 1) if row[0]), len(rows) - first)


def _latex_row(cells: Sequence[str]) -> str:
    return rf"    {' & '.join(cells)} \\"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def _label(names: Sequence[str]) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", names[0]).strip("-") if len(names) == 1 else "architectures"


def to_markdown(found: PaperTable) -> str:
    """A table of pipes below its caption."""
    from tabulate import tabulate

    rows = [[re.sub(r"([\\|*<`])", r"\\\1", cell) for cell in row] for row in (found.heads, *found.rows, *found.totals)]
    aligned = ["right" if len(found.names) == 1 and head not in WORDS else "left" for head in found.heads]
    table = tabulate(rows[1:], rows[0], tablefmt="pipe", disable_numparse=True, colalign=aligned)
    return f"{found.caption}\n\n{table}\n"


#: By the formats of `analysis.export` that are for people.
WRITERS = {"latex": to_latex, "markdown": to_markdown}
