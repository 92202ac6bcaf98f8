"""A whole network as SVG: its stages in a row, one of them opened below with the arcs of who reads whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import NamedTuple

from analysis.structure.whole import Node, Stage
from views.charts.diagram import FONT
from views.theme import Theme, mix, text_on

#: Pixels: of a letter, a line, around a text, between boxes, around everything.
LETTER, LINE, INSET, GAP, MARGIN = 6.5, 15, 8, 16, 12
#: Letters in a line of a stage's box; the narrowest picture, and the widest box of a unit.
LINE_LETTERS, WIDTH, WIDEST = 13, 960, 104
#: Height of the units' boxes, of their arcs at the most, between the rows.
UNIT, ARCS, BETWEEN = 52, 150, 30
#: How far the faintest fill goes to the page.
FAINTEST = 0.94


class Shade(NamedTuple):
    """What a box is coloured by: its share of the most that any box of its row has, and its figure in words."""

    share: float
    text: str


def draw(
    stages: Sequence[Stage],
    nodes: Sequence[Node],
    shades: tuple[Sequence[Shade], Sequence[Shade]],
    opened: str,
    title: str,
    colour: str,
    theme: Theme,
    *,
    predicted: bool = False,
) -> str:
    """The picture.

    Args:
        stages: of the network.
        nodes: of the stage `opened`.
        shades: of the stages, and of the nodes.
        title: of the picture, for those who cannot see it.
        colour: of the largest share.
        predicted: outlined, as all that is predicted.
    """
    texts = [_lines(stage, shade) for stage, shade in zip(stages, shades[0], strict=True)]
    height = max(map(len, texts)) * LINE + 2 * INSET
    widths = [max(len(line) for line in lines) * LETTER + 2 * INSET for lines in texts]
    width = max(WIDTH, sum(widths) + GAP * (len(widths) - 1) + 2 * MARGIN)
    gap = (width - 2 * MARGIN - sum(widths)) / max(1, len(widths) - 1)
    paint = _Paint(colour, theme, predicted)
    x, drawn, span = float(MARGIN), [], (0.0, 0.0)
    for number, (stage, lines, box) in enumerate(zip(stages, texts, widths, strict=True)):
        shade = shades[0][number]
        is_open = stage.name == opened
        if is_open:
            span = (x, x + box)
        if number:
            drawn.append(_arrow(x - gap, x, MARGIN + height / 2, theme))
        text = f"{stage.name}: {shade.text}; {', '.join(stage.lines)}"
        drawn.append(paint.box((x, MARGIN, box, height), lines, shade, f"stage:{stage.name}", text, lit=is_open))
        x += box + gap
    row, bottom = _row(nodes, shades[1], (width, MARGIN + height), span, paint)
    style = ".arcs{stroke-opacity:.35}[data-open]:is(:hover,:focus)+.arcs{stroke-opacity:1;stroke-width:2}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{bottom:.0f}" '
        f'viewBox="0 0 {width:.0f} {bottom:.0f}" role="group" aria-label="{escape(title)}" '
        f'font-family="{FONT}" font-size="12" text-anchor="middle"><style>{style}</style>'
        f'<rect width="100%" height="100%" fill="{theme.page}"/>{"".join(drawn)}{row}</svg>'
    )


def _lines(stage: Stage, shade: Shade) -> list[str]:
    """What stands in a stage's box: its name first, its figure last."""
    whole = [re.sub(r" (?=×|\d+$|\d+,)|(?<=×) ", "\u00a0", text) for text in stage.lines]  # "× 6", "stride 2"
    texts = [line for text in whole for line in wrap(text, LINE_LETTERS)]
    return [*wrap(stage.name, LINE_LETTERS), *texts, f"→ {stage.output}", shade.text]


class _Paint(NamedTuple):
    """How boxes are drawn."""

    colour: str
    theme: Theme
    predicted: bool

    def box(
        self,
        place: tuple[float, float, float, float],
        lines: Sequence[str],
        shade: Shade,
        opens: str,
        text: str,
        *,
        lit: bool = False,
    ) -> str:
        """A box that a click opens, or one that nothing opens."""
        x, y, width, height = place
        fill = mix(self.colour, self.theme.page, FAINTEST * (1 - shade.share))
        line = self.theme.text if lit else self.theme.outline(self.colour) if self.predicted else self.theme.muted
        stroke = f'stroke="{line}" stroke-width="{2.4 if lit or self.predicted else 1}"'
        if not opens:
            fill, stroke = self.theme.page, f'stroke="{self.theme.muted}" stroke-dasharray="4 3"'
        top = y + (height - LINE * len(lines)) / 2 + 11
        weights = [600 if number in (0, len(lines) - 1) else 400 for number in range(len(lines))]
        words = "".join(
            f'<text x="{x + width / 2:.1f}" y="{top + LINE * number:.1f}" font-weight="{weight}">{escape(one)}</text>'
            for number, (one, weight) in enumerate(zip(lines, weights, strict=True))
        )
        role = f' data-open="{escape(opens)}" role="button" tabindex="0" aria-label="{escape(text)}"' if opens else ""
        return (
            f'<g fill="{text_on(fill)}"{role}><title>{escape(text)}</title><rect x="{x:.1f}" y="{y:.1f}" '
            f'width="{width:.1f}" height="{height:.1f}" rx="4" fill="{fill}" {stroke}/>{words}</g>'
        )


def _arrow(start: float, end: float, y: float, theme: Theme) -> str:
    return (
        f'<path d="M{start:.1f} {y:.1f}H{end - 1:.1f}M{end - 6:.1f} {y - 4:.1f}l5 4l-5 4" fill="none" '
        f'stroke="{theme.muted}"/>'
    )


def _row(
    nodes: Sequence[Node], shades: Sequence[Shade], room: tuple[float, float], span: tuple[float, float], paint: _Paint
) -> tuple[str, float]:
    """The units of the opened stage below it, and where they end."""
    width, top = room
    longest = max(number - source for number, node in enumerate(nodes) for source in node.sources or (number,))
    arcs = ARCS * min(1, longest / 8) if longest > 1 else 0
    y = top + BETWEEN + arcs + INSET
    step = (width - 2 * MARGIN) / len(nodes)
    box = min(WIDEST, step * 0.86, step - 4 if step > 20 else step)
    step = min(step, 1.5 * WIDEST)
    left = max(MARGIN, min(sum(span) / 2 - step * len(nodes) / 2, width - MARGIN - step * len(nodes)))
    middles = [left + step * (number + 0.5) for number in range(len(nodes))]
    theme = paint.theme
    near, far = left - INSET / 2, left + step * len(nodes) + INSET / 2
    bottom = y + UNIT + MARGIN
    wedge = (
        f'<path d="M{span[0]:.1f} {top}L{near:.1f} {top + BETWEEN}V{bottom}H{far:.1f}V{top + BETWEEN}'
        f'L{span[1]:.1f} {top}Z" fill="{theme.band}"/>'
    )
    parts = [wedge]
    for number, (node, shade) in enumerate(zip(nodes, shades, strict=True)):
        lines = _fitting(node, shade, box)
        text = f"{node.title or node.label}: {shade.text}" if node.part else node.label
        opens = f"unit:{node.title}" if node.part else ""
        parts.append(paint.box((middles[number] - box / 2, y, box, UNIT), lines, shade, opens, text))
        readers = [other for other, reader in enumerate(nodes) if number in reader.sources]
        if arcs:
            curves = (
                _arc(middles[number], middles[reader], y, arcs * ((reader - number) / longest) ** 0.6)
                for reader in readers
            )
            parts.append(f'<path class="arcs" d="{"".join(curves)}" fill="none" stroke="{theme.text}"/>')
        else:
            parts += [
                _arrow(middles[number] + box / 2, middles[other] - box / 2, y + UNIT / 2, theme) for other in readers
            ]
    return "".join(parts), bottom + MARGIN


def _arc(start: float, end: float, y: float, height: float) -> str:
    """From the top of a box to the top of another; the curve rises to the height."""
    control = y - height / 0.75
    return f"M{start:.1f} {y:.1f}C{start:.1f} {control:.1f} {end:.1f} {control:.1f} {end:.1f} {y:.1f}"


def _fitting(node: Node, shade: Shade, box: float) -> list[str]:
    """The label and the figure, as far as there is room."""
    letters = int((box - 2) / LETTER)
    lines = wrap(node.label, letters)[:2] if letters >= max(map(len, node.label.split())) else []
    return [*lines, shade.text] if node.part and letters >= len(shade.text) else lines
