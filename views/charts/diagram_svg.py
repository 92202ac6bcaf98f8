"""A block diagram as SVG text: stands alone in a file, and takes its colours from the theme."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from analysis.structure.diagram import Box, Diagram
from views.charts.diagram import INSET, LETTER, LINE, STEM, Layout, Rect, Route, place
from views.theme import Theme, mix

FONT = "'Source Sans', 'Source Sans Pro', 'Source Sans 3', Arial, sans-serif"
#: How far a box's fill goes from its kind's colour to the page: text on it stays readable.
TINT = 0.82
LABEL_HEIGHT = 16


def draw(diagram: Diagram, theme: Theme, name: str) -> str:
    """The picture.

    Args:
        diagram: what it shows.
        theme: what it is drawn with.
        name: of the network.
    """
    layout = place(diagram)
    width, height = round(layout.width), round(layout.height)
    title = f"{name}, {diagram.title}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(title)}" font-family="{FONT}" font-size="13" text-anchor="middle">'
        f"<title>{escape(title)}</title><desc>{escape(description(diagram))}</desc>"
        f'<rect width="{width}" height="{height}" fill="{theme.page}"/>'
        f"{''.join(_edge(route, theme) for route in layout.routes)}"
        f"{_labels(layout, theme)}"
        f"{''.join(_box(box, layout.rects[box.key], theme) for box in diagram.boxes)}</svg>"
    )


def description(diagram: Diagram) -> str:
    """The picture in words: who reads whom."""
    names = {box.key: ", ".join(box.lines) for box in diagram.boxes}
    steps = (f"{names[edge.source]} to {names[edge.target]}: {edge.label} channels" for edge in diagram.edges)
    return f"{'; '.join(steps)}."


def _edge(route: Route, theme: Theme) -> str:
    """Straight down, and curves where it moves sideways; an arrow head at its end."""
    (x, y), *_ = route.points
    path = f"M{x:g} {y:g}"
    for (x0, y0), (x1, y1) in pairwise(route.points):
        middle = (y0 + y1) / 2
        path += f" L{x1:g} {y1:g}" if x0 == x1 else f" C{x0:g} {middle:g} {x1:g} {middle:g} {x1:g} {y1:g}"
    x, y = route.points[-1]
    return (
        f'<path d="{path}" fill="none" stroke="{theme.muted}" stroke-width="1.4"/>'
        f'<path d="M{x - 4:g} {y - 8:g} L{x:g} {y:g} L{x + 4:g} {y - 8:g} Z" fill="{theme.muted}"/>'
    )


def _labels(layout: Layout, theme: Theme) -> str:
    """What each tensor's channels are, once below the box that makes it."""
    labels = {route.points[0]: route.edge.label for route in layout.routes}
    written = []
    for (x, y), text in labels.items():
        width, top = len(text) * LETTER + 6, y + (STEM - LABEL_HEIGHT) / 2
        written.append(
            f'<rect x="{x - width / 2:g}" y="{top:g}" width="{width:g}" height="{LABEL_HEIGHT}" fill="{theme.page}"/>'
            f'<text x="{x:g}" y="{top + 12.5:g}" fill="{theme.text}" font-size="12">{escape(text)}</text>'
        )
    return "".join(written)


def _box(box: Box, rect: Rect, theme: Theme) -> str:
    colour = theme.kinds[box.kind] if box.kind else theme.muted
    fill = mix(colour, theme.page, TINT) if box.kind else theme.page
    radius = rect.height / 2 if box.shape in ("sign", "end") else 4
    dash = ' stroke-dasharray="4 3"' if box.shape == "end" else ""
    lines = len(box.lines)
    top = rect.y + (rect.height - lines * LINE) / 2 + 12.5
    weights = ["600" if _is_main(line, box) else "400" for line in box.lines]
    texts = "".join(
        f'<text x="{rect.middle:g}" y="{top + LINE * number:g}" fill="{theme.text}" font-weight="{weight}">'
        f"{escape(line)}</text>"
        for number, (line, weight) in enumerate(zip(box.lines, weights, strict=True))
    )
    tooltip = escape(", ".join(layer.name for layer in box.layers) or ", ".join(box.lines))
    return (
        f'<g><title>{tooltip}</title><rect x="{rect.x:g}" y="{rect.y:g}" width="{rect.width:g}" '
        f'height="{rect.height:g}" rx="{min(radius, INSET + 8):g}" fill="{fill}" stroke="{colour}" '
        f'stroke-width="1.4"{dash}/>{texts}</g>'
    )


def _is_main(line: str, box: Box) -> bool:
    """Whether a line names what the box is about, not what stands beside it."""
    return box.shape != "end" and any(sign in line for sign in ("conv", "pool", "concat", "connected", "+", "×"))
