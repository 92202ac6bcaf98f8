"""What a backbone costs in a detector: each part's share, what a smaller backbone saves, and what its maps move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, NamedTuple

from analysis.columns import Column
from analysis.quantities import QUANTITIES, in_a_sentence, label_of
from analysis.summary import Summary
from analysis.units import format_quantity, format_ratio, format_share
from detectors import KINDS, PARTS, BackboneConfig
from detectors.config import PyramidConfig

#: What parts are compared by; all are sums of their layers'.
COMPARED = ("macs", "memory_access_cost", "bytes_moved", "params")
#: The column of each that says which share of the detector a part is.
SHARES = {
    key: Column(f"{key}_share", f"Share of {in_a_sentence(label_of(key))}", "Of the whole detector.", format_share)
    for key in COMPARED
}


class PartCosts(NamedTuple):
    """One backbone in a detector."""

    #: The backbone's.
    name: str
    #: Part -> quantity of `analysis.quantities` -> value; only the parts that the detector has.
    parts: Mapping[str, Mapping[str, float]]

    def total(self, key: str) -> float:
        """Of the whole detector."""
        return sum(costs[key] for costs in self.parts.values())

    def share(self, part: str, key: str) -> float:
        """Of the whole detector's; 0 of a part that it lacks."""
        return self.parts.get(part, {}).get(key, 0) / self.total(key)

    def backbone(self, key: str) -> float:
        """Of the backbone alone."""
        return self.parts[PARTS[0]][key]

    def rows(self) -> list[dict[str, Any]]:
        """One a part, for tables and downloads, with its shares."""
        rows = []
        for part, costs in self.parts.items():
            shares = {SHARES[key].key: self.share(part, key) for key in costs}
            rows.append({"name": self.name, "part": part, **costs, **shares})
        return rows


def part_costs(name: str, summary: Summary) -> PartCosts:
    """The costs of a detector's parts, of a `summarize("retinanet/vovnet39")`.

    >>> from analysis import summarize
    >>> found = part_costs("peleenet", summarize("retinanet/peleenet", 320))
    >>> int(found.total("macs")), round(found.share("head", "macs"), 3)
    (16742081024, 0.853)
    """
    rows = {row["part"]: {key: row[key] for key in COMPARED} for row in summary.part_rows()}
    return PartCosts(name, {part: rows[part] for part in PARTS if part in rows})


def detector_title(config: BackboneConfig) -> str:
    """What a sentence calls a detector.

    >>> from detectors import resolve_detector
    >>> detector_title(resolve_detector("retinanet/peleenet")), detector_title(resolve_detector("pelee/peleenet"))
    ('RetinaNet with 256 channels', 'Pelee')
    """
    title = KINDS[config.kind].title
    return f"{title} with {config.fpn_channels} channels" if isinstance(config, PyramidConfig) else title


def share_finding(found: Sequence[PartCosts], key: str, detector: str) -> str:
    """What the backbone is of the detector, and what is left of the difference between two backbones.

    Args:
        detector: as a sentence calls it: "a 256-channel RetinaNet at 800×1344".
    """
    least = min(found, key=lambda one: one.backbone(key))
    most = max(found, key=lambda one: one.backbone(key))
    what = in_a_sentence(QUANTITIES[key].label)
    others = max((part for part in least.parts if part != PARTS[0]), key=lambda part: least.share(part, key))
    said = (
        f"Under {detector} {least.name} is {format_share(least.share(PARTS[0], key))} of the {what}, the {others} "
        f"{format_share(least.share(others, key))}"
    )
    if most.backbone(key) == least.backbone(key):
        return f"{said}."
    return (
        f"{said}; {most.name} is {format_share(most.share(PARTS[0], key))}. As a backbone {least.name} has "
        f"{format_ratio(least.backbone(key) / most.backbone(key))} the {what} of {most.name}; the whole detector, "
        f"{format_ratio(least.total(key) / most.total(key))}."
    )


def traffic_pair(found: Sequence[PartCosts]) -> tuple[PartCosts, PartCosts] | None:
    """Of the backbones with fewer MACs than another and more memory traffic, the two that differ most in traffic."""
    pairs = [
        (one, other)
        for one, other in permutations(found, 2)
        if one.backbone("macs") < other.backbone("macs") and one.backbone("bytes_moved") > other.backbone("bytes_moved")
    ]
    return max(pairs, key=lambda pair: pair[0].backbone("bytes_moved") / pair[1].backbone("bytes_moved"), default=None)


def traffic_finding(found: Sequence[PartCosts], circumstances: str) -> str:
    """Whether the arithmetic of the backbones tells what they move.

    Args:
        circumstances: "800×1344, float32".
    """
    if pair := traffic_pair(found):
        one, other = pair
        more = format_ratio(other.backbone("macs") / one.backbone("macs"))
        return (
            f"As a backbone at {circumstances}, {one.name} moves {_moved(one)}, {other.name} {_moved(other)} in spite "
            f"of {more} the MACs."
        )
    most = max(found, key=lambda one: one.backbone("bytes_moved"))
    if len(found) == 1:
        return f"As a backbone at {circumstances}, {most.name} moves {_moved(most)}."
    return f"Throughout this selection, fewer MACs come with less memory traffic; {most.name} moves {_moved(most)}."


def _moved(one: PartCosts) -> str:
    return format_quantity("bytes_moved", one.backbone("bytes_moved"))
