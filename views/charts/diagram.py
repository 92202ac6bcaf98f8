"""Block diagrams as SVG text that stands alone in a file: ranks from top to bottom, so that nothing overlaps.

Boxes stand in columns, one to a rank. Edges bend only between ranks; those that pass ranks by run straight down their
own column where it is free, else in a lane of their own to the right of all columns. Lanes that end later lie further
out, so that a concatenation's bar spans the lanes that end in it and no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from analysis.structure.boxes import Box
from analysis.structure.diagram import Diagram, Edge
from views.theme import Theme, mix

#: Pixels: of a letter, a line, the space in a box around its text, between columns and lanes, between ranks.
LETTER, LINE, INSET, COLUMN_GAP, LANE, GAP = 7.2, 17, 12, 44, 34, 50
#: Straight piece of every edge below its box, on which its label stands; margin around everything.
STEM, MARGIN = 24, 14
BAR_HEIGHT, SIGN, SIGN_PORT = 26, 28, 8


class Rect(NamedTuple):
    """A box as drawn, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Route(NamedTuple):
    """An edge as drawn: down from its source, then from point to point."""

    edge: Edge
    points: tuple[tuple[float, float], ...]


class Layout(NamedTuple):
    """A diagram as drawn."""

    width: float
    height: float
    rects: Mapping[str, Rect]
    routes: Sequence[Route]


def place(diagram: Diagram) -> Layout:
    """Lay a diagram out."""
    boxes = {box.key: box for box in diagram.boxes}
    ranks = rank(diagram)
    columns = assign_columns(diagram, ranks)
    widths = [
        max(_width(boxes[key]) for key, own in columns.items() if own == column)
        for column in range(max(columns.values()) + 1)
    ]
    lefts = [MARGIN + sum(widths[:column]) + COLUMN_GAP * column for column in range(len(widths) + 1)]
    first_lane = lefts[-1] - COLUMN_GAP + LANE
    lanes = {key: first_lane + LANE * number for key, number in assign_lanes(diagram, ranks, columns).items()}
    tops, bottom = _tops(boxes, ranks)
    middles = {key: lefts[column] + widths[column] / 2 for key, column in columns.items()}
    rects = {key: _rect(box, middles[key], tops[ranks[key]]) for key, box in boxes.items()}
    ports = _ports(diagram, rects, middles, lanes, boxes)
    for key, box in boxes.items():
        if box.shape == "bar":
            rects[key] = _bar(rects[key], [x for (_, target), x in ports.items() if target == key])
    routes = [_route(edge, rects, middles, ports, lanes.get(edge[:2]), tops, ranks) for edge in diagram.edges]
    right = max([*(rect.x + rect.width for rect in rects.values()), *lanes.values()])
    return Layout(right + MARGIN, bottom + MARGIN, rects, routes)


def _tops(boxes: Mapping[str, Box], ranks: Mapping[str, int]) -> tuple[dict[int, float], float]:
    """y of each rank, and where the last one ends."""
    tops, y = {}, float(MARGIN)
    for number in sorted(set(ranks.values())):
        tops[number] = y
        y += max(_height(boxes[key]) for key, own in ranks.items() if own == number) + GAP
    return tops, y - GAP


def _width(box: Box) -> float:
    return SIGN if box.shape == "sign" else max(map(len, box.lines)) * LETTER + 2 * INSET


def _height(box: Box) -> float:
    return {"bar": BAR_HEIGHT, "sign": SIGN}.get(box.shape, len(box.lines) * LINE + INSET)


def _rect(box: Box, middle: float, top: float) -> Rect:
    return Rect(middle - _width(box) / 2, top, _width(box), _height(box))


def _bar(rect: Rect, ports: Sequence[float]) -> Rect:
    left, right = min(rect.x, *ports), max(rect.x + rect.width, *(port + INSET for port in ports))
    return rect._replace(x=left, width=right - left)


def _ports(
    diagram: Diagram,
    rects: Mapping[str, Rect],
    middles: Mapping[str, float],
    lanes: Mapping[tuple[str, str], float],
    boxes: Mapping[str, Box],
) -> dict[tuple[str, str], float]:
    """x at which each edge ends: in a bar straight below where it runs, elsewhere side by side around the middle."""
    ports = {}
    for key, rect in rects.items():
        ending = [edge for edge in diagram.edges if edge.target == key]
        ending.sort(key=lambda edge: lanes.get(edge[:2], middles[edge.source]))
        for number, edge in enumerate(ending):
            runs = lanes.get(edge[:2], middles[edge.source])
            beside = rect.middle + SIGN_PORT * (2 * number - len(ending) + 1)
            ports[edge[:2]] = runs if boxes[key].shape == "bar" else beside
    return ports


def _route(
    edge: Edge,
    rects: Mapping[str, Rect],
    middles: Mapping[str, float],
    ports: Mapping[tuple[str, str], float],
    lane: float | None,
    tops: Mapping[int, float],
    ranks: Mapping[str, int],
) -> Route:
    x, port = middles[edge.source], ports[edge[:2]]
    stem, top = rects[edge.source].bottom + STEM, rects[edge.target].y
    points = [(x, rects[edge.source].bottom), (x, tops[ranks[edge.source] + 1] - GAP + STEM)]
    if lane is not None:
        points += [(lane, tops[ranks[edge.source] + 1]), (lane, top - GAP + STEM)]
    elif top - stem > GAP:
        points.append((x, top - GAP + STEM))
    return Route(edge, (*points, (port, top + _dip(rects[edge.target], port))))


def _dip(rect: Rect, port: float) -> float:
    """How far below its highest point the edge of a round sign is met."""
    radius = SIGN / 2
    return radius - (radius**2 - (port - rect.middle) ** 2) ** 0.5 if rect.width == SIGN else 0.0


def rank(diagram: Diagram) -> dict[str, int]:
    """Each box below those that it reads; a bar has a rank to itself, and what comes later is below it."""
    sources = {box.key: [edge.source for edge in diagram.edges if edge.target == box.key] for box in diagram.boxes}
    ranks: dict[str, int] = {}
    floor = 0
    for box in diagram.boxes:
        if not sources[box.key]:
            continue
        rank = max(floor, *(ranks.get(source, 0) for source in sources[box.key])) + 1
        if box.shape == "bar":
            rank = floor = max([rank, *(other + 1 for other in ranks.values())])
        ranks[box.key] = rank
    for edge in reversed(diagram.edges):
        if not sources[edge.source]:
            ranks[edge.source] = min(ranks.get(edge.source, ranks[edge.target]), ranks[edge.target] - 1)
    return ranks


def assign_columns(diagram: Diagram, ranks: Mapping[str, int]) -> dict[str, int]:
    """Each box below the one on the longest way to it, a bar below the leftmost; the next free column elsewhere."""
    columns: dict[str, int] = {}
    taken: set[tuple[int, int]] = set()
    for box in diagram.boxes:
        above = [edge.source for edge in diagram.edges if edge.target == box.key and edge.source in columns]
        wish = 0
        if above and box.shape == "bar":
            wish = min(columns[key] for key in above)
        elif above:
            wish = columns[max(above, key=lambda key: ranks[key])]
        while (wish, ranks[box.key]) in taken:
            wish += 1
        columns[box.key] = wish
        taken.add((wish, ranks[box.key]))
    return columns


def assign_lanes(diagram: Diagram, ranks: Mapping[str, int], columns: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """The lanes, counted from the left, of the edges that pass ranks by outside of their own column."""
    bars = {box.key for box in diagram.boxes if box.shape == "bar"}
    taken = {(columns[key], ranks[key]) for key in columns}
    passing = []
    for edge in diagram.edges:
        between = range(ranks[edge.source] + 1, ranks[edge.target])
        column = columns[edge.source]
        straight = edge.target in bars or columns[edge.target] == column
        blocked = any((column, rank) in taken for rank in between)
        blocked = blocked or any(ranks[bar] in between for bar in bars)
        if between and (blocked or not straight):
            passing.append(edge)
    placed: list[tuple[int, int, int]] = []
    lanes = {}
    for edge in sorted(passing, key=lambda edge: (ranks[edge.target], -ranks[edge.source])):
        first, last = ranks[edge.source], ranks[edge.target]
        number = max((lane + 1 for start, end, lane in placed if start < last and first < end), default=0)
        placed.append((first, last, number))
        lanes[edge[:2]] = number
    return lanes


FONT = "'Source Sans', 'Source Sans Pro', 'Source Sans 3', Arial, sans-serif"
#: How far a box's fill goes from its kind's colour to the page: text on it stays readable.
TINT = 0.82
LABEL_HEIGHT = 16


def draw(diagram: Diagram, theme: Theme, name: str, lit: str = "") -> str:
    """The picture of a part of the network with this name; the box of the layer `lit` stands out."""
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
        f"{''.join(_box(box, layout.rects[box.key], theme, lit) for box in diagram.boxes)}</svg>"
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


def _box(box: Box, rect: Rect, theme: Theme, lit: str) -> str:
    is_lit = any(layer.name == lit for layer in box.layers)
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
        f'height="{rect.height:g}" rx="{min(radius, INSET + 8):g}" fill="{fill}" '
        f'stroke="{theme.text if is_lit else colour}" stroke-width="{3 if is_lit else 1.4}"{dash}/>{texts}</g>'
    )


def _is_main(line: str, box: Box) -> bool:
    """Whether a line names what the box is about, not what stands beside it."""
    return box.shape != "end" and any(sign in line for sign in ("conv", "pool", "concat", "connected", "+", "×"))
