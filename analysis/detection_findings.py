"""What published detectors say: which are best, and what a backbone gains over another in one table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from analysis.columns import columns
from analysis.detection import Detector, family_title, list_detectors
from analysis.hardware.accuracy import pareto_front
from analysis.quantities import PRECISIONS, in_a_sentence
from analysis.units import format_ratio, format_si, join

Row = Mapping[str, Any]
#: How costs of `analysis.detection.COSTS` are called and written.
COST_COLUMNS = {each.key: each for each in columns("detector.seconds", "macs_as_stated", "detector.joules_per_image")}

#: What tables show of `Detector.rows`.
DETECTOR_COLUMNS = columns(
    *("detector", "backbone", "arch", "detector.dataset", "schedule", "detector.image_size"),
    *PRECISIONS,
    *("detector.device", "detector.seconds", "macs_as_stated", "params_as_stated", "detector.joules_per_image"),
    *("detector.memory_bytes", "detector.group", "software", "source", "note"),
)
#: What other formats hold, beside what a table shows.
EXPORTED_KEYS = (
    *("evidence", *(each.key for each in DETECTOR_COLUMNS)),
    *("training_memory_bytes", "flops_per_s_as_stated", "family", "backbone_family"),
)


@dataclass(frozen=True)
class Gain:
    """A backbone beside another in the same table: same source, detector, data set, schedule and image size."""

    ours: Detector
    other: Detector

    @property
    def points(self) -> float:
        """Precision of ours less the other's, in points of percent."""
        metric = self.ours.headline
        return round(100 * (self.ours.figures[metric] - self.other.figures[metric]), 2)

    @property
    def time(self) -> float:
        """Time of ours over the other's, on the same device."""
        return _seconds(self.ours) / _seconds(self.other)

    @property
    def energy(self) -> float | None:
        """Energy of ours over the other's; None where the table tells none."""
        ours, other = (one.cost("joules_per_image") for one in (self.ours, self.other))
        return ours / other if ours and other else None


def front_findings(alike: Mapping[tuple[str, ...], Sequence[Row]], cost: str) -> Iterator[str]:
    """Of all that may be ranked together (`like_with_like`), the most first: how far what none beats reaches."""
    column = COST_COLUMNS[cost]
    for shared, rows in sorted(alike.items(), key=lambda item: -len(item[1])):
        front = pareto_front(rows)
        first, last = front[0], front[-1]
        metric = in_a_sentence(PRECISIONS[first["metric"]])
        where = ", ".join(part for part in shared if part)
        ends = [
            f"{_named(row)} ({100 * row['precision']:.1f} at {column.cell({cost: row['cost']})})"
            for row in (first, last)
        ]
        if len(rows) == 1:
            yield f"On {where}, only {ends[0]} states both {metric} and {in_a_sentence(column.title)}."
            continue
        said = f"from {ends[0]} to {ends[1]}" if len(front) > 1 else ends[1]
        yield (
            f"On {where}, {len(front)} of {len(rows)} {'is' if len(front) == 1 else 'are'} beaten by none in both "
            f"{metric} and {in_a_sentence(column.title)}: {said}."
        )


def _named(row: Row) -> str:
    return f"{row['detector']} {row['backbone']}".strip()


def gains(
    detectors: Iterable[Detector], of: str = "vovnet", over: Sequence[str] = ("resnet", "densenet")
) -> list[Gain]:
    """Each detector with a backbone of one family beside that of another nearest to it in time, in one table."""
    timed = [one for one in detectors if one.headline in one.figures and one.cost("seconds")]
    found = []
    for ours in timed:
        alike = [one for one in timed if _table(one) == _table(ours) and [*one.by_device] == [*ours.by_device]]
        for family in over if ours.backbone_family == of else ():
            others = [one for one in alike if one.backbone_family == family]
            if others:
                ratios = [abs(_seconds(ours) / _seconds(one) - 1) for one in others]
                found.append(Gain(ours, others[ratios.index(min(ratios))]))
    return found


def _seconds(one: Detector) -> float:
    return one.cost("seconds") or float("nan")


def _table(one: Detector) -> tuple[object, ...]:
    return one.source, one.detector, one.dataset, one.schedule, one.image_size


def best_finding(detectors: Iterable[Detector]) -> str:
    """The highest precision on each data set, with whose figure it is."""
    best: dict[str, Detector] = {}
    for one in detectors:
        if one.headline in one.figures:
            held = best.setdefault(one.dataset, one)
            if one.figures[one.headline] > held.figures[held.headline]:
                best[one.dataset] = one
    if not best:
        return "No box AP and no mAP of VOC is published of these."
    said = [f"{_points(one)} on {dataset} ({_named_in_full(one)}; {one.group})" for dataset, one in best.items()]
    return f"Highest published here: {join(said)}."


def found_with(detector: str, archs: Collection[str]) -> str:
    """The highest published precision of a family of detectors on each of some backbones, with what it is of.

    >>> print(found_with("Faster R-CNN", ["vovnet39", "peleenet"]))
    Published under Faster R-CNN: vovnet39 box AP 39.8 (COCO val, 2x).
    """
    best: dict[tuple[str, str], Detector] = {}
    for one in list_detectors():
        if one.family == detector and one.arch in archs and one.headline in one.figures:
            held = best.setdefault((one.arch, one.headline), one)
            if one.figures[one.headline] > held.figures[held.headline]:
                best[one.arch, one.headline] = one
    if not best:
        return f"Nothing is published here of {detector} on these backbones."
    ordered = sorted(best.items(), key=lambda item: [*archs].index(item[0][0]))
    said = [
        f"{arch} {_points(one)} ({', '.join(filter(None, (one.dataset, one.schedule)))})" for (arch, _), one in ordered
    ]
    return f"Published under {detector}: {join(said)}."


def _points(one: Detector) -> str:
    return f"{in_a_sentence(PRECISIONS[one.headline])} {100 * one.figures[one.headline]:.1f}"


def _named_in_full(one: Detector) -> str:
    return ", ".join(filter(None, (one.detector, one.backbone, one.schedule)))


def gain_findings(found: Sequence[Gain]) -> Iterator[str]:
    """What the backbones gain in each table, a sentence each."""
    tables: dict[tuple[object, ...], list[Gain]] = {}
    for gain in found:
        tables.setdefault(_table(gain.ours), []).append(gain)
    for pairs in tables.values():
        first = pairs[0].ours
        schedule = f", {first.schedule}" if first.schedule else ""
        metric = in_a_sentence(PRECISIONS[first.headline])
        said = [
            f"{pair.ours.backbone} has {_signed(pair.points)} {metric} over {pair.other.backbone} "
            f"in {format_ratio(pair.time)} its time"
            for pair in pairs
        ]
        yield f"Under {first.detector}{schedule}, {first.dataset}, in one table ({first.source}): {join(said)}."


def gain_finding(found: Sequence[Gain]) -> str:
    """The same of all tables together, "" where there is no pair; a pair that two tables repeat counts once."""
    once = distinct(found)
    if not once:
        return ""
    points = sorted(pair.points for pair in once)
    others = " or ".join(sorted({family_title(pair.other.backbone_family) for pair in once}))
    return (
        f"In the same table, beside the {others} nearest in time, {family_title(once[0].ours.backbone_family)} has "
        f"{_signed(points[0])} to {_signed(points[-1])} AP ({len(once)} pairs, median {_signed(median(points))}) in "
        f"{format_ratio(median(pair.time for pair in once))} the time (median)."
    )


def distinct(found: Iterable[Gain]) -> list[Gain]:
    """A pair that several tables repeat, once."""
    return [*{_numbers(pair): pair for pair in found}.values()]


def energy_findings(found: Iterable[Gain]) -> Iterator[str]:
    """What each backbone takes of the other's energy, in the same table."""
    for pair in found:
        if pair.energy is not None:
            joules = pair.ours.cost("joules_per_image") or 0.0
            yield (
                f"Under {pair.ours.detector} on {pair.ours.dataset} {pair.ours.backbone} takes "
                f"{format_si(joules, 'J')} an image, {format_ratio(pair.energy)} of {pair.other.backbone}'s, with "
                f"{_signed(pair.points)} {in_a_sentence(PRECISIONS[pair.ours.headline])} in {format_ratio(pair.time)} "
                "its time."
            )


def _numbers(pair: Gain) -> tuple[object, ...]:
    both = (pair.ours, pair.other)
    return pair.ours.dataset, *((one.figures[one.headline], _seconds(one)) for one in both)


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−")
