"""Names beside the points of a scatter, none on top of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: What the plot area holds at the least, in pixels, and what a letter takes: labels are placed for the worst case.
WIDTH, HEIGHT = 380, 330
LETTER, LINE = 6.6, 15


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


def place_labels(
    points: Sequence[tuple[float, float]], texts: Sequence[str], radii: Sequence[float]
) -> list[str | None]:
    """Plotly's `textposition` for each point, or None where no place is free.

    Args:
        points: positions in the plot area, (0, 0) at its lower left and (1, 1) at its upper right.
        texts: the labels.
        radii: of the marks, in pixels.
    """
    centres = [(x * WIDTH, (1 - y) * HEIGHT) for x, y in points]
    taken = [Box(x - r, y - r, x + r, y + r) for (x, y), r in zip(centres, radii, strict=True)]
    marks = list(taken)
    positions: list[str | None] = []
    for index, ((x, y), radius, text) in enumerate(zip(centres, radii, texts, strict=True)):
        others = [box for box in taken if box is not marks[index]]
        free = (
            (position, box)
            for position, box in _candidates(x, y, radius + 3, LETTER * len(text)).items()
            if box.left >= 0 and box.right <= WIDTH and box.top >= 0 and box.bottom <= HEIGHT
            if not any(box.overlaps(other) for other in others)
        )
        position, box = next(free, (None, None))
        positions.append(position)
        if box is not None:
            taken.append(box)
    return positions


def _candidates(x: float, y: float, gap: float, width: float) -> dict[str, Box]:
    """Where a label may stand, the preferred place first."""
    half = width / 2
    return {
        "middle right": Box(x + gap, y - LINE / 2, x + gap + width, y + LINE / 2),
        "top center": Box(x - half, y - gap - LINE, x + half, y - gap),
        "bottom center": Box(x - half, y + gap, x + half, y + gap + LINE),
        "middle left": Box(x - gap - width, y - LINE / 2, x - gap, y + LINE / 2),
        "top right": Box(x, y - gap - LINE, x + width, y - gap),
        "top left": Box(x - width, y - gap - LINE, x, y - gap),
        "bottom right": Box(x, y + gap, x + width, y + gap + LINE),
        "bottom left": Box(x - width, y + gap, x, y + gap + LINE),
    }
