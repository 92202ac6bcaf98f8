"""Published detectors: the average precision that people got, beside the costs that they state.

One record a trained detector of one source. Only like is ranked with like: the same data set and metric, and a time
only among those of one device.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from analysis.facts import UnknownFactError, published
from analysis.hardware.accuracy import SECOND_HAND, pareto_front
from analysis.quantities import PRECISIONS
from archs import checks
from archs.registry import get_config, get_family

Row = dict[str, Any]

#: Stated costs that detectors are ranked by; parameters are not: some sources state the backbone's alone.
COSTS = ("seconds", "macs_as_stated", "joules_per_image")
#: Those that a machine sets.
TIMED = ("seconds", "joules_per_image")
#: What is said of a device or a backbone that the source does not name.
UNNAMED, NO_BACKBONE = "device not stated", "no backbone named"
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
#: What families are called that are not the registry's.
_TITLES = {"resnet": "ResNet", "resnext": "ResNeXt", "mobilenet": "MobileNet", "darknet": "Darknet", "vgg": "VGG"}


def family_title(backbone_family: str) -> str:
    """What a family of backbones is called.

    >>> family_title("vovnet"), family_title("resnet"), family_title("")
    ('VoVNet', 'ResNet', 'no backbone named')
    """
    return _TITLES.get(backbone_family) or (get_family(backbone_family).title if backbone_family else NO_BACKBONE)


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
    """Of the rows of `like_with_like` those that none beats in both precision and cost, the cheapest first.

    Raises:
        ConfigError: there is no such cost or metric.
    """
    alike = like_with_like(detectors, cost, metric, by_schedule=by_schedule)
    return [dict(row) for rows in alike.values() for row in pareto_front(rows)]


def like_with_like(
    detectors: Iterable[Detector], cost: str = "seconds", metric: str | None = None, *, by_schedule: bool = False
) -> dict[tuple[str, ...], list[Row]]:
    """The rows with a precision and a stated cost that may be ranked together, by what they share.

    That is one metric on one data set; of a time or an energy, one device: an unnamed one is the source's own.

    Args:
        cost: one of `COSTS`.
        metric: of `analysis.quantities.PRECISIONS`; None: box AP, on VOC its mAP.
        by_schedule: only those trained alike.

    Returns:
        rows of `Detector.rows` with `precision` (a share), its `metric` and `cost`; of what they share the data set
        comes first, then the device, if it matters, and the source of an unnamed one.

    Raises:
        ConfigError: there is no such cost or metric.
    """
    checks.choice("cost", cost, COSTS)
    if metric is not None:
        checks.choice("metric", metric, tuple(PRECISIONS))
    found: dict[tuple[str, ...], list[Row]] = {}
    for one in detectors:
        key = metric or one.headline
        for row in one.rows():
            if key in row and row.get(cost):
                place = (row["device"], one.source if row["device"] == UNNAMED else "") if cost in TIMED else ()
                shared = (one.dataset, *place, one.schedule if by_schedule else "")
                row |= {"metric": key, "precision": row[key], "cost": row[cost], "error": 1 - row[key]}
                found.setdefault(shared, []).append(row)
    return found
