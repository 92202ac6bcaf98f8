"""Published detectors: the average precision that people got, beside the costs that they state.

One record a trained detector of one source. Only like is ranked with like: the same data set and metric, and a time
only among those of one device.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from statistics import median
from typing import Any

from analysis.facts import UnknownFactError, published
from analysis.hardware.accuracy import SECOND_HAND, pareto_front
from analysis.quantities import PRECISIONS, in_a_sentence
from analysis.units import format_ratio, join
from archs import checks
from archs.registry import get_config

Row = dict[str, Any]

#: Stated costs that detectors are ranked by; parameters are not: some sources state the backbone's alone.
COSTS = ("seconds", "macs_as_stated", "joules_per_image")
#: Those that a machine sets.
TIMED = ("seconds", "joules_per_image")
#: What is said of a device that the source does not name.
UNNAMED = "device not stated"
#: Those of the detector or of the backbone.
AUTHORS = "authors"
#: Authors of one network trained or quoted another's figures beside their own.
BESIDE = "authors, beside their own"
#: Whose detectors and backbones are a source's own, by a part of the source.
_OWN = {
    "Robert-JunWang/": "Pelee",
    "naver-ai/": "RDNet",
    "1904.09730|youngwanLEE/|stigma0617/|rosinality/": r"VoVNet|\bV2?-|CenterMask",
}
#: In this order: the first that a detector's name contains.
DETECTOR_FAMILIES = (
    *("CenterMask", "Cascade Mask R-CNN", "Mask R-CNN", "Faster R-CNN", "Panoptic FPN", "YOLACT", "YOLO"),
    *("SSD", "DSOD", "RefineDet", "Pelee", "RetinaMask", "TensorMask", "ShapeMask"),
)
#: Of backbones without a registered name.
_BACKBONE_FAMILIES = {
    r"R-|ResNet": "resnet",
    r"X-": "resnext",
    r"MobileNet|MV2": "mobilenet",
    r"Darknet": "darknet",
    r"VGG": "vgg",
    r"DenseNet": "densenet",
    r"V\d?-": "vovnet",
}


#: What tells one trained detector of one source from the others.
_TRAINED = ("detector", "backbone", "dataset", "schedule", "image_size", "source")


@dataclass(frozen=True, kw_only=True)
class Detector:
    """One trained detector, as one source tells of it."""

    detector: str
    backbone: str
    #: The backbone's registered name, "" where it has none.
    arch: str
    dataset: str
    schedule: str
    #: A square's side, or the shorter side of a photo; None where the source states none.
    image_size: int | None
    source: str
    #: `AUTHORS`, `BESIDE` or `analysis.hardware.accuracy.SECOND_HAND`.
    group: str
    software: str
    note: str
    #: By metric: precisions as shares, everything else in base units. What a machine sets is in `by_device`.
    figures: Mapping[str, float] = field(hash=False)
    #: Device, or `UNNAMED` -> `TIMED` metric -> value.
    by_device: Mapping[str, Mapping[str, float]] = field(hash=False)

    @property
    def family(self) -> str:
        """The detector's, of `DETECTOR_FAMILIES`, or its name."""
        name = self.detector.replace("Panoptic-FPN", "Panoptic FPN")
        return next((family for family in DETECTOR_FAMILIES if family in name), self.detector)

    @property
    def backbone_family(self) -> str:
        """The registry's, or that of a network from elsewhere; "" where no backbone is named."""
        if self.arch:
            return get_config(self.arch).family
        return next((family for start, family in _BACKBONE_FAMILIES.items() if re.match(start, self.backbone)), "")

    @property
    def headline(self) -> str:
        """The metric by which its data set ranks detectors."""
        return "voc_map" if self.dataset.startswith("VOC") else "box_ap"

    def cost(self, key: str, device: str | None = None) -> float | None:
        """A cost of `COSTS`; of several devices, that of one must be asked for."""
        if key not in TIMED:
            return self.figures.get(key)
        devices = [device] if device else list(self.by_device)
        return self.by_device.get(devices[0], {}).get(key) if len(devices) == 1 else None

    def rows(self) -> list[Row]:
        """For tables: one row a device on which it was timed, one without a device if it was not."""
        facts = {key: getattr(self, key) for key in ("detector", "family", "backbone", "backbone_family", "arch")}
        facts |= {key: getattr(self, key) for key in ("dataset", "schedule", "image_size", "group")}
        facts |= {"evidence": "published", **self.figures}
        told = {key: getattr(self, key) for key in ("software", "source", "note")}
        timed = [{"device": device} | dict(values) for device, values in self.by_device.items()]
        return [facts | by_device | told for by_device in timed or [{}]]


@cache
def list_detectors() -> tuple[Detector, ...]:
    """Every published detector, in the order of the sources."""
    grouped: dict[tuple[Any, ...], list[Row]] = {}
    frame = published("detection").astype(object)
    for row in frame.where(frame.notna(), None).to_dict("records"):
        facts = {str(name): value for name, value in row.items()}
        grouped.setdefault(tuple(facts[key] for key in _TRAINED), []).append(facts)
    return tuple(map(_detector, grouped.values()))


def _detector(rows: Sequence[Row]) -> Detector:
    figures: dict[str, float] = {}
    by_device: dict[str, dict[str, float]] = {}
    for row in rows:
        metric, value = row["metric"], float(row["value"])
        if metric == "images_per_s":
            metric, value = "seconds", 1 / value
        told = by_device.setdefault(row["device"] or UNNAMED, {}) if metric in TIMED else figures
        if metric in told:
            raise ValueError(f"{row['detector']} {row['backbone']} has two figures of {metric} in {row['source']}")
        told[metric] = round(value / 100, 8) if metric in PRECISIONS else value
    facts = {key: rows[0][key] for key in (*_TRAINED, "arch")}
    return Detector(
        **facts,
        group=_group(facts["source"], f"{facts['detector']} {facts['backbone']}"),
        software=_said(rows, "software"),
        note=_said(rows, "note"),
        figures=figures,
        by_device=by_device,
    )


def _group(source: str, name: str) -> str:
    """Whether a source tells of its own network, of another beside it, or of others' alone."""
    own = next((own for who, own in _OWN.items() if re.search(who, source)), None)
    if own is None:
        return SECOND_HAND
    return AUTHORS if re.search(own, name) else BESIDE


def _said(rows: Iterable[Row], column: str) -> str:
    return "; ".join(dict.fromkeys(part for row in rows for part in row[column].split("; ") if part))


def find_detectors(
    *,
    dataset: str | None = None,
    detector: str | None = None,
    backbone: str | None = None,
    schedule: str | None = None,
    device: str | None = None,
) -> list[Detector]:
    """The detectors that fit all filters, whatever the case.

    Args:
        dataset: "VOC2007 test", or all of "VOC" or "COCO".
        detector: "Faster R-CNN FPN", or all of a family, "Faster R-CNN".
        backbone: as the source names it ("V2-39"), registered ("vovnetv2_39") or a family ("vovnet", "resnet").
        schedule: as the source states it, "3x".
        device: on which it was timed.

    Raises:
        UnknownFactError: nothing goes by a name, or nothing fits all; it names the nearest that there are.

    >>> [one.detector for one in find_detectors(dataset="VOC", backbone="vovnet")]
    ['DSOD300']
    """
    wanted: dict[str, tuple[str | None, Callable[[Detector], Iterable[str]]]] = {
        "dataset": (dataset, lambda one: (one.dataset, re.split(r"\d| ", one.dataset)[0])),
        "detector": (detector, lambda one: (one.detector, one.family)),
        "backbone": (backbone, lambda one: (one.backbone, one.arch, one.backbone_family)),
        "schedule": (schedule, lambda one: (one.schedule,)),
        "device": (device, lambda one: one.by_device),
    }
    found = list(list_detectors())
    asked: list[str] = []
    for label, (value, names_of) in wanted.items():
        if value is not None:
            found = _named(found, ", ".join([*asked, label]), value, names_of)
            asked.append(f"{label} {value!r}")
    return found


def _named(
    detectors: Sequence[Detector], label: str, value: str, names_of: Callable[[Detector], Iterable[str]]
) -> list[Detector]:
    folded = value.strip().casefold()
    found = [one for one in detectors if folded in map(str.casefold, filter(None, names_of(one)))]
    if not found:
        known = sorted({name for one in detectors for name in names_of(one) if name})
        raise UnknownFactError(label, value, known)
    return found


def rank_fronts(
    detectors: Iterable[Detector], cost: str = "seconds", metric: str | None = None, *, by_schedule: bool = False
) -> list[Row]:
    """The rows that none beats in both precision and a stated cost, front by front, the cheapest first.

    A front ranks one metric on one data set; a time or an energy, on one device: an unnamed one is the source's own.

    Args:
        cost: one of `COSTS`.
        metric: of `analysis.quantities.PRECISIONS`; None: box AP, on VOC its mAP.
        by_schedule: rank those trained alike only.

    Returns:
        rows of `Detector.rows` with `precision` (a share), its `metric` and `cost`.

    Raises:
        ConfigError: there is no such cost or metric.
    """
    checks.choice("cost", cost, COSTS)
    if metric is not None:
        checks.choice("metric", metric, tuple(PRECISIONS))
    fronts: dict[tuple[str, ...], list[Row]] = {}
    for one in detectors:
        key = metric or one.headline
        for row in one.rows():
            if key in row and row.get(cost):
                place = (row["device"], one.source if row["device"] == UNNAMED else "") if cost in TIMED else ()
                alike = (one.dataset, *place, one.schedule if by_schedule else "")
                row |= {"metric": key, "precision": row[key], "cost": row[cost], "error": 1 - row[key]}
                fronts.setdefault(alike, []).append(row)
    return [dict(row) for rows in fronts.values() for row in pareto_front(rows)]


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
    once = [*{_numbers(pair): pair for pair in found}.values()]
    if not once:
        return ""
    points = sorted(pair.points for pair in once)
    others = " or ".join(sorted({pair.other.backbone_family for pair in once}))
    return (
        f"In the same table, beside the {others} nearest in time, a {once[0].ours.backbone_family} as backbone has "
        f"{_signed(points[0])} to {_signed(points[-1])} AP ({len(once)} pairs, median {_signed(median(points))}) in "
        f"{format_ratio(median(pair.time for pair in once))} the time (median)."
    )


def _numbers(pair: Gain) -> tuple[object, ...]:
    both = (pair.ours, pair.other)
    return pair.ours.dataset, *((one.figures[one.headline], _seconds(one)) for one in both)


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−")
