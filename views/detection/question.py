"""What is asked of published detectors: the filters in the sidebar, each of which offers what the others leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import streamlit as st

from analysis.columns import Column
from analysis.detection import COSTS, TIMED, Detector, family_title, find_detectors, like_with_like, list_detectors
from analysis.detection_findings import COST_COLUMNS
from analysis.quantities import PRECISIONS
from views import widgets

Row = dict[str, Any]
#: Of a filter that leaves all.
ALL = "All"
COCO, STARTING_DATA = "COCO", "COCO val"
#: A link may hold them for other sections.
PARAMETERS = (
    *("networks", "detector", "detector_size", "fpn_channels", "part_cost", "speed_on"),
    *("ap_data", "ap_detector", "ap_backbone", "ap_schedule", "ap_metric", "ap_cost", "ap_device"),
)


class Question(NamedTuple):
    """Detectors, and how they are set against each other."""

    found: list[Detector]
    metric: str
    cost: str
    device: str | None

    @property
    def cost_column(self) -> Column:
        """How its cost is called and written."""
        return COST_COLUMNS[self.cost]

    def rows(self) -> list[Row]:
        """One a detector and device, whatever it states."""
        return [row for one in self.found for row in one.rows()]

    def groups(self) -> dict[tuple[str, ...], list[Row]]:
        """Those that have both, like with like."""
        found = like_with_like(self.found, self.cost, self.metric)
        return {shared: rows for shared, rows in found.items() if self.device is None or self.device in shared}


def ask() -> Question:
    """The widgets in the sidebar, and what they leave."""
    widgets.know_parameters(PARAMETERS)
    with st.sidebar:
        st.header("Detectors")
        given = {"dataset": _choose_data()}
        found = find_detectors(**given)
        for label, key, names in (
            ("Detector", "ap_detector", _detectors(found)),
            ("Backbone", "ap_backbone", {family: family_title(family) for family in _backbones(found)}),
            ("Schedule", "ap_schedule", {name: name for name in sorted({one.schedule for one in found} - {""})}),
        ):
            chosen = _choose(label, key, {ALL: ALL} | names, ALL)
            if chosen != ALL:
                found = find_detectors(**(given := given | {label.lower(): chosen}))
        st.header("Precision against")
        metrics = [key for key in PRECISIONS if any(key in one.figures for one in found)]
        metric = _choose("Precision", "ap_metric", {key: PRECISIONS[key] for key in metrics}, found[0].headline)
        costs = [cost for cost in COSTS if like_with_like(found, cost, metric)] or list(COSTS[:1])
        cost = _choose("Cost", "ap_cost", {key: COST_COLUMNS[key].title for key in costs}, costs[0])
        device = _choose_device(found, cost, metric) if cost in TIMED else None
    return Question(found, metric, cost, device)


def _choose_data() -> str:
    """One data set as a source names it, or all of COCO."""
    names = sorted({one.dataset for one in list_detectors()} - {COCO})
    return _choose("Data", "ap_data", {name: name for name in names} | {COCO: "All of COCO"}, STARTING_DATA)


def _detectors(found: Iterable[Detector]) -> dict[str, str]:
    """Families and the detectors of each."""
    families: dict[str, list[str]] = {}
    for one in found:
        families.setdefault(one.family, []).append(one.detector)
    return {
        name: f"{name}, all" if name == family and len({*names}) > 1 else name
        for family, names in sorted(families.items())
        for name in dict.fromkeys([family, *sorted(names)])
    }


def _backbones(found: Iterable[Detector]) -> Sequence[str]:
    return sorted({one.backbone_family for one in found} - {""}, key=family_title)


def _choose_device(found: Iterable[Detector], cost: str, metric: str) -> str | None:
    """At first the one on which most were timed; None: each by itself."""
    counts: dict[str, int] = {}
    for rows in like_with_like(found, cost, metric).values():
        for row in rows:
            counts[row["device"]] = counts.get(row["device"], 0) + 1
    devices = sorted(counts, key=lambda name: -counts[name])
    if not devices:
        return None
    options = {name: name for name in devices} | ({ALL: "All, each by itself"} if len(devices) > 1 else {})
    chosen = _choose("Device", "ap_device", options, devices[0])
    return None if chosen == ALL else chosen


def _choose(label: str, key: str, options: Mapping[str, str], default: str) -> str:
    """One of what the filters before it leave; the default where they leave no longer what was chosen."""
    default = default if default in options else next(iter(options))
    if st.session_state.get(key, default) not in options:
        st.session_state[key] = default
    return widgets.choose(label, key, options, default)
