"""Names beside the points of a scatter, none on top of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import cos, pi, sin
from typing import TYPE_CHECKING, Any, NamedTuple

from views.charts.axes import LETTER, WIDE_ONLY, coordinate, fraction

if TYPE_CHECKING:
    from views.theme import Theme


#: Pixels of a line of text.
LINE = 15

Point = tuple[float, float]
#: A straight line that no name may cross.
Line = tuple[Point, Point]


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


class Place(NamedTuple):
    """Where a label stands from its mark, in pixels, y downwards; far ones have a leader line, and some are not free
    on the areas that are spared.
    """

    dx: float
    dy: float
    xanchor: str
    yanchor: str
    is_far: bool = False
    is_wide: bool = False

    def box(self, x: float, y: float, width: float) -> Box:
        """The label's rectangle, its mark being at (x, y)."""
        left = x + self.dx - width * {"left": 0, "center": 0.5, "right": 1}[self.xanchor]
        top = y + self.dy - LINE * {"top": 0, "middle": 0.5, "bottom": 1}[self.yanchor]
        return Box(left, top, left + width, top + LINE)


def free_places(
    points: Sequence[Point],
    texts: Sequence[str],
    radii: Sequence[float],
    candidates: Sequence[Sequence[Place]],
    areas: Sequence[tuple[int, int]],
    lines: Sequence[Line],
    spared: int,
) -> list[Place | None]:
    """The first place of each label that is free on plot areas of all sizes, or else on all but the first few, which
    are spared; places at the mark go before those with a leader line.
    """
    centres = [[(x * width, (1 - y) * height) for x, y in points] for width, height in areas]
    marks = [[Box(x - r, y - r, x + r, y + r) for (x, y), r in zip(some, radii, strict=True)] for some in centres]
    taken = [[box for line in lines for box in _boxes(line, area)] for area in areas]

    def is_free(place: Place, index: int, sizes: Iterable[int]) -> bool:
        return all(
            _is_free(_box(place, centres[n][index], texts[index]), areas[n], taken[n], marks[n], index) for n in sizes
        )

    every, wide = range(len(areas)), range(spared, len(areas))
    wanted = [(is_far, sizes) for is_far in (False, True) for sizes in (every, wide)]
    places: list[Place | None] = []
    for index, text in enumerate(texts):
        found = (
            place
            for is_far, sizes in wanted
            for place in candidates[index]
            if place.is_far == is_far and is_free(place, index, sizes)
        )
        place = next(found, None)
        if place and text:
            free = [n for n in every if n in wide or is_free(place, index, [n])]
            place = place._replace(is_wide=len(free) < len(areas))
            for n in free:
                taken[n].append(_box(place, centres[n][index], text))
        places.append(place)
    return places


def _box(place: Place, centre: Point, text: str) -> Box:
    return place.box(*centre, LETTER * len(text))


def _is_free(box: Box, area: tuple[int, int], taken: Sequence[Box], marks: Sequence[Box], own: int) -> bool:
    inside = box.left >= 0 and box.right <= area[0] and box.top >= 0 and box.bottom <= area[1]
    return (
        inside
        and not any(box.overlaps(other) for other in taken)
        and not any(box.overlaps(mark) for number, mark in enumerate(marks) if number != own)
    )


def _boxes(line: Line, area: tuple[int, int], pieces: int = 24) -> Iterator[Box]:
    """Rectangles that cover a line."""
    (x0, y0), (x1, y1) = [(x * area[0], (1 - y) * area[1]) for x, y in line]
    count = 1 if x0 == x1 or y0 == y1 else pieces
    for number in range(count):
        xs = [x0 + (x1 - x0) * (number + end) / count for end in (0, 1)]
        ys = [y0 + (y1 - y0) * (number + end) / count for end in (0, 1)]
        yield Box(min(xs) - 2, min(ys) - 2, max(xs) + 2, max(ys) + 2)


def near(gap: float) -> list[Place]:
    """Places at the mark, the preferred one first."""
    return [
        Place(gap, 0, "left", "middle"),
        Place(0, -gap, "center", "bottom"),
        Place(0, gap, "center", "top"),
        Place(-gap, 0, "right", "middle"),
        Place(0, -gap, "left", "bottom"),
        Place(0, -gap, "right", "bottom"),
        Place(0, gap, "left", "top"),
        Place(0, gap, "right", "top"),
    ]


#: Plot areas, in pixels, on which names must be clear of everything: windows of a laptop and of a large screen; before
#: them that of a phone, which is spared: it shows no name that is not clear there.
AREAS = ((240, 320), (560, 320), (820, 350), (1500, 350))
#: Diameter of a mark, and lengths of leader lines, in pixels.
MARK, LEADERS = 13, (24, 40, 60, 84, 109)
#: At an angle of 45° Plotly leaves some leader lines out: no multiple of 360° / 14 is one.
DIRECTIONS = 14


def name_marks(
    points: Sequence[Point],
    names: Sequence[str],
    layout: Mapping[str, Any],
    theme: Theme,
    lines: Iterable[Line] = (),
    *,
    radii: Sequence[float] = (),
    areas: Sequence[tuple[int, int]] = AREAS,
) -> list[dict[str, Any]]:
    """Names as Plotly annotations, with leader lines where marks crowd; left out where there is no room even so.

    Args:
        points: of the marks, in the units of the axes.
        names: their names; empty for marks that are only in the way.
        layout: with the axes.
        lines: what else is in the way, in the units of the axes.
        radii: of the marks in pixels, where they differ.
        areas: sizes of the plot area on which all must be clear; a phone, the first, hides those that are not.
    """
    radii = radii or [MARK / 2] * len(points)
    at = [_in_area(point, layout) for point in points]
    crossed = [(_in_area(start, layout), _in_area(end, layout)) for start, end in lines]
    candidates = [[*near(radius + 3), *_far(radius - MARK / 2)] for radius in radii]
    places = free_places(at, names, radii, candidates, areas, crossed, spared=1)
    return [
        _annotation(point, name, place, layout, theme) | ({"standoff": radius} if place.is_far else {})
        for point, name, place, radius in zip(points, names, places, radii, strict=True)
        if place and name
    ]


def _in_area(point: Point, layout: Mapping[str, Any]) -> Point:
    return fraction(point[0], layout["xaxis"]), fraction(point[1], layout["yaxis"])


def _far(more: float) -> list[Place]:
    """Places around a mark whose radius is so much larger than usual, the closest first."""
    places = []
    for length in (more + leader for leader in LEADERS):
        for number in range(DIRECTIONS):
            across, down = cos(2 * pi * number / DIRECTIONS), sin(2 * pi * number / DIRECTIONS)
            xanchor = "left" if across > 0.3 else "right" if across < -0.3 else "center"
            yanchor = "top" if down > 0.3 else "bottom" if down < -0.3 else "middle"
            places.append(Place(length * across, length * down, xanchor, yanchor, is_far=True))
    return places


def _annotation(point: Point, name: str, place: Place, layout: Mapping[str, Any], theme: Theme) -> dict[str, Any]:
    at = {"x": coordinate(point[0], layout["xaxis"]), "y": coordinate(point[1], layout["yaxis"])}
    text = WIDE_ONLY.format(name) if place.is_wide else name
    style = {"text": text, "xanchor": place.xanchor, "yanchor": place.yanchor, "borderpad": 0}
    font = {"font": {"size": 12, "color": theme.text}}
    if not place.is_far:
        return at | style | font | {"showarrow": False, "xshift": place.dx, "yshift": -place.dy}
    leader = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": theme.muted}
    return at | style | font | leader | {"ax": place.dx, "ay": place.dy}
