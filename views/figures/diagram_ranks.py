"""How the boxes of a block diagram are ranked, and which columns and lanes its edges run down."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.architecture.boxes import Diagram


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
