"""Names of marks as annotations: beside them, or at the end of a leader line where marks crowd."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import cos, pi, sin
from typing import TYPE_CHECKING, Any

from views.figures.axes import coordinate, fraction
from views.figures.labels import Line, Place, Point, free_places, near

if TYPE_CHECKING:
    from views.theme import Theme

#: Plot areas, in pixels, on which names must be clear of everything: windows of a laptop and of a large screen.
AREAS = ((560, 400), (820, 430), (1500, 430))
#: Diameter of a mark, and lengths of leader lines, in pixels.
MARK, LEADERS = 13, (24, 40, 60, 84)
#: At an angle of 45° Plotly leaves some leader lines out: no multiple of 360° / 14 is one.
DIRECTIONS = 14


def name_marks(
    points: Sequence[Point],
    names: Sequence[str],
    layout: Mapping[str, Any],
    theme: Theme,
    lines: Iterable[Line] = (),
) -> list[dict[str, Any]]:
    """Names as Plotly annotations, with leader lines where marks crowd; left out where there is no room even so.

    Args:
        points: of the marks, in the units of the axes.
        names: their names; empty for marks that are only in the way.
        layout: with the axes.
        theme: what they are drawn with.
        lines: what else is in the way, in the units of the axes.
    """
    at = [_in_area(point, layout) for point in points]
    crossed = [(_in_area(start, layout), _in_area(end, layout)) for start, end in lines]
    candidates = [[*near(MARK / 2 + 3), *_far()]] * len(points)
    places = free_places(at, names, [MARK / 2] * len(points), candidates, AREAS, crossed)
    return [
        _annotation(point, name, place, layout, theme)
        for point, name, place in zip(points, names, places, strict=True)
        if place and name
    ]


def _in_area(point: Point, layout: Mapping[str, Any]) -> Point:
    return fraction(point[0], layout["xaxis"]), fraction(point[1], layout["yaxis"])


def _far() -> list[Place]:
    """Places around the mark, the closest first."""
    places = []
    for length in LEADERS:
        for number in range(DIRECTIONS):
            across, down = cos(2 * pi * number / DIRECTIONS), sin(2 * pi * number / DIRECTIONS)
            xanchor = "left" if across > 0.3 else "right" if across < -0.3 else "center"
            yanchor = "top" if down > 0.3 else "bottom" if down < -0.3 else "middle"
            places.append(Place(length * across, length * down, xanchor, yanchor, is_far=True))
    return places


def _annotation(point: Point, name: str, place: Place, layout: Mapping[str, Any], theme: Theme) -> dict[str, Any]:
    at = {"x": coordinate(point[0], layout["xaxis"]), "y": coordinate(point[1], layout["yaxis"])}
    style = {"text": name, "xanchor": place.xanchor, "yanchor": place.yanchor, "borderpad": 0}
    font = {"font": {"size": 12, "color": theme.text}}
    if not place.is_far:
        return at | style | font | {"showarrow": False, "xshift": place.dx, "yshift": -place.dy}
    leader = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": theme.muted, "standoff": MARK / 2}
    return at | style | font | leader | {"ax": place.dx, "ay": place.dy}
