"""Published detectors: every figure is there with its source, like is ranked with like, sentences are computed."""

from __future__ import annotations

import pytest

from analysis.detection import (
    AUTHORS,
    BESIDE,
    COSTS,
    DETECTOR_FAMILIES,
    TIMED,
    UNNAMED,
    find_detectors,
    list_detectors,
    rank_fronts,
)
from analysis.detection_findings import best_finding, gain_finding, gain_findings, gains
from analysis.facts import UnknownFactError, published
from analysis.hardware.accuracy import SECOND_HAND
from analysis.quantities import PRECISIONS, QUANTITIES
from archs.errors import ConfigError
from scripts.transcribe_published import beside_detectors

#: Metric -> unit, least and greatest value that is no mistake.
UNITS = {
    **dict.fromkeys(PRECISIONS, ("%", 1, 100)),
    "params_as_stated": ("", 1e6, 1e9),
    "macs_as_stated": ("", 1e8, 1e13),
    "seconds": ("s", 1e-3, 10),
    "images_per_s": ("images/s", 0.1, 1e4),
    "memory_bytes": ("B", 1e8, 1e11),
    "training_memory_bytes": ("B", 1e9, 1e11),
    "joules_per_image": ("J", 1e-3, 1e3),
    "flops_per_s_as_stated": ("FLOP/s", 1e9, 1e15),
}


def one_of(**filters):
    """The one detector that fits."""
    (found,) = find_detectors(**filters)
    return found


def test_all_facts_are_there_in_base_units():
    frame = published("detection")
    assert len(frame) == 895
    assert set(frame["metric"]) == set(UNITS)
    for metric, unit, value in zip(frame["metric"], frame["unit"], frame["value"], strict=True):
        expected, low, high = UNITS[metric]
        assert unit == expected
        assert low <= value <= high, (metric, value)
    assert frame["image_size"].dropna().between(300, 1333).all()
    assert frame["dataset"].ne("").all()


def test_every_fact_is_a_figure_of_one_record():
    told = sum(len(one.figures) + sum(map(len, one.by_device.values())) for one in list_detectors())
    assert told == len(published("detection"))
    assert all(one.source and one.dataset for one in list_detectors())


def test_no_fact_stands_in_two_tables():
    detectors, times = (published(table).to_dict("records") for table in ("detection", "latency"))
    others = [*beside_detectors(times, detectors)]
    assert others == times
    repeated = detectors[0] | {"network": detectors[0]["detector"], "scope": "detector inference"}
    assert [*beside_detectors([*times, repeated], detectors)] == others


def test_parts_of_a_precision_are_in_order():
    for one in list_detectors():
        for kind in ("box_ap", "mask_ap"):
            ap, ap_50, ap_75 = (one.figures.get(key) for key in (kind, f"{kind}_50", f"{kind}_75"))
            if ap and ap_50 and ap_75:
                assert max(ap, ap_75) < ap_50, one
        if {"box_ap", "mask_ap"} <= {*one.figures}:
            assert one.figures["mask_ap"] < one.figures["box_ap"], one


@pytest.mark.parametrize(
    ("filters", "metric", "value"),
    [
        ({"detector": "Pelee", "schedule": "07+12", "device": "Jetson TX2"}, "voc_map", 0.709),
        ({"detector": "Pelee", "schedule": "07+12+coco"}, "voc_map", 0.764),
        ({"detector": "Pelee", "dataset": "COCO test-dev2015"}, "box_ap", 0.224),
        ({"detector": "Pelee", "dataset": "COCO test-dev2015"}, "box_ap_50", 0.383),
        ({"detector": "Pelee", "dataset": "COCO test-dev2015"}, "params_as_stated", 5.98e6),
        ({"detector": "Pelee", "dataset": "COCO test-dev2015"}, "seconds", 1 / 120),
        ({"detector": "DSOD", "backbone": "vovnet27_slim"}, "voc_map", 0.748),
        ({"detector": "DSOD", "backbone": "DenseNet-67"}, "joules_per_image", 3.7),
        ({"detector": "RefineDet", "backbone": "vovnet39"}, "box_ap", 0.335),
        ({"detector": "RefineDet", "backbone": "vovnet39"}, "seconds", 1 / 25),
        ({"detector": "RefineDet", "backbone": "vovnet39"}, "macs_as_stated", 32.6e9),
        ({"detector": "RefineDet", "backbone": "densenet201"}, "joules_per_image", 9.9),
        ({"detector": "RefineDet", "backbone": "densenet201"}, "memory_bytes", 3498e6),
        ({"detector": "Mask R-CNN", "backbone": "VoVNet-39-GN"}, "mask_ap", 0.368),
        ({"detector": "Faster R-CNN", "backbone": "V-57"}, "training_memory_bytes", 4.4e9),
        ({"detector": "Faster R-CNN FPN", "backbone": "V2-39"}, "box_ap", 0.427),
        ({"detector": "Faster R-CNN FPN", "backbone": "V2-99"}, "seconds", 0.073),
        ({"detector": "Mask R-CNN FPN", "backbone": "vovnetv2_99"}, "mask_ap", 0.403),
        ({"detector": "Panoptic FPN", "backbone": "V2-57"}, "panoptic_quality", 0.443),
        ({"detector": "CenterMask2", "backbone": "vovnetv2_99"}, "box_ap", 0.460),
        ({"detector": "CenterMask", "backbone": "V2-99", "dataset": "COCO test-dev"}, "mask_ap", 0.406),
        ({"detector": "Cascade Mask R-CNN", "backbone": "rdnet_base"}, "box_ap", 0.529),
        ({"detector": "Cascade Mask R-CNN", "backbone": "rdnet_base"}, "macs_as_stated", 971e9),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else str(value),
)
def test_published_figures(filters, metric, value):
    one = one_of(**filters)
    found = one.cost(metric, filters.get("device")) if metric in TIMED else one.figures[metric]
    assert found == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("filters", "doubt"),
    [
        ({"detector": "Pelee304"}, "35 images/s on a desktop GPU"),
        ({"detector": "Cascade Mask R-CNN", "backbone": "rdnet_tiny"}, "at 1280x800"),
        ({"detector": "Panoptic-CenterMask", "backbone": "R-50"}, "swapped"),
        ({"detector": "YOLOv2-416"}, "same parameters"),
        ({"dataset": "COCO", "detector": "Pelee-304", "schedule": None}, "GFLOPs 1,290"),
        ({"detector": "RefineDet"}, "device of the paper's detector tables"),
    ],
)
def test_doubts_travel_along(filters, doubt):
    assert any(doubt in one.note for one in find_detectors(**filters))


def test_kinds_of_source_are_told_apart():
    groups = {one.group for one in list_detectors()}
    assert groups == {AUTHORS, BESIDE, SECOND_HAND}
    assert one_of(detector="Faster R-CNN FPN", backbone="V2-39").group == AUTHORS
    assert one_of(detector="Faster R-CNN FPN", backbone="R-50").group == BESIDE
    assert one_of(detector="Pelee304").group == BESIDE, "VoVNet's authors tell of it"
    assert [one.group for one in list_detectors() if "openvino" in one.source] == [SECOND_HAND]


def test_every_detector_and_every_named_backbone_has_a_family():
    assert {one.family for one in list_detectors()} == set(DETECTOR_FAMILIES)
    assert all(one.backbone_family for one in list_detectors() if one.backbone)
    assert {one.backbone_family for one in list_detectors() if one.arch} == {"vovnet", "densenet", "peleenet", "rdnet"}


def test_filters_take_families_registered_names_and_any_case():
    of_family = find_detectors(backbone="VOVNET", dataset="coco")
    assert {"V2-39", "V-75", "VoVNet-39"} <= {one.backbone for one in of_family}
    assert {one.arch for one in find_detectors(backbone="vovnetv2_39")} == {"vovnetv2_39"}
    assert {one.dataset for one in find_detectors(dataset="VOC")} == {"VOC2007 test"}
    assert all("Jetson TX2" in one.by_device for one in find_detectors(device="jetson tx2"))


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"detector": "Faster RCNN"}, "under detector 'Faster RCNN'; the nearest names are 'Faster R-CNN'"),
        ({"backbone": "vovnetv2-39"}, "nearest names are 'vovnetv2_39'"),
        ({"device": "Jetson TX1"}, "nearest names are 'Jetson TX2'"),
        ({"dataset": "VOC", "detector": "CenterMask"}, "under dataset 'VOC', detector 'CenterMask'; the nearest"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(filters, sentence):
    with pytest.raises(UnknownFactError) as error:
        find_detectors(**filters)
    assert sentence in str(error.value)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("by_schedule", [False, True])
def test_no_row_of_a_front_is_beaten_by_its_like(cost, by_schedule):
    def place(row):
        device = row["source"] if row.get("device") == UNNAMED else row.get("device")
        return row["dataset"], device if cost in TIMED else "", row["schedule"] if by_schedule else ""

    rows = [row for one in list_detectors() for row in one.rows() if row.get(cost)]
    front = rank_fronts(list_detectors(), cost, "box_ap", by_schedule=by_schedule)
    assert {place(row) for row in front} == {place(row) for row in rows if "box_ap" in row}
    for best in front:
        for row in rows:
            if place(row) == place(best) and "box_ap" in row:
                beaten = row[cost] <= best[cost] and row["box_ap"] >= best["box_ap"]
                assert not beaten or (row[cost], row["box_ap"]) == (best[cost], best["box_ap"])


def test_a_front_ranks_each_data_set_by_its_own_metric():
    assert {(row["dataset"].split()[0], row["metric"]) for row in rank_fronts(list_detectors())} == {
        ("VOC2007", "voc_map"),
        ("COCO", "box_ap"),
    }


def test_costs_and_metrics_are_chosen_from_what_there_is():
    with pytest.raises(ConfigError, match="cost is 'params'"):
        rank_fronts([], "params")
    with pytest.raises(ConfigError, match="metric is 'AP'"):
        rank_fronts([], metric="AP")


def test_the_cost_on_several_devices_needs_one_to_be_named():
    pelee = one_of(detector="Pelee", schedule="07+12", device="iPhone 8")
    assert len(pelee.by_device) == len(pelee.rows()) == 3
    assert pelee.cost("seconds") is None
    assert pelee.cost("seconds", "iPhone 8") == pytest.approx(1 / 23.6)


def test_what_vovnet_gains_under_the_same_detector_is_computed():
    pairs = {
        (pair.ours.backbone, pair.other.backbone): pair for pair in gains(find_detectors(detector="Faster R-CNN FPN"))
    }
    assert set(pairs) == {("V2-19", "R-50"), ("V2-39", "R-50"), ("V2-57", "R-101"), ("V2-99", "R-101")}
    assert pairs["V2-39", "R-50"].points == 2.5
    assert pairs["V2-57", "R-101"].time == pytest.approx(54 / 63)
    (sentence,) = gain_findings([*pairs.values()])
    assert sentence.startswith("Under Faster R-CNN FPN, 3x, COCO val, in one table (youngwanLEE/vovnet-detectron2@")
    assert "V2-19 has −1.3 box AP over R-50 in ×0.851 its time, V2-39 has +2.5 box AP over R-50 in ×1.00" in sentence


def test_densenets_are_compared_too():
    pairs = gains(find_detectors(detector="RefineDet"), over=("densenet",))
    assert [(pair.ours.arch, pair.other.arch, pair.points) for pair in pairs] == [
        ("vovnet39", "densenet161", 0.0),
        ("vovnet57", "densenet161", 0.4),
    ]


def test_pairs_come_from_one_table():
    pairs = gains(list_detectors())
    assert len(pairs) > 20
    for pair in pairs:
        assert pair.ours.backbone_family == "vovnet"
        for fact in ("source", "detector", "dataset", "schedule", "image_size"):
            assert getattr(pair.ours, fact) == getattr(pair.other, fact)
    said = gain_finding(pairs)
    assert "pairs, median +" in said
    assert gain_finding([*pairs, *pairs]) == said
    repeated = [*gains(find_detectors(detector="Panoptic FPN")), *gains(find_detectors(detector="Mask R-CNN FPN"))]
    assert len(repeated) == 8
    assert "beside the ResNet nearest in time, VoVNet has −0.9 to +3.2 AP (6 pairs" in gain_finding(repeated), (
        "CenterMask2's README repeats the panoptic table"
    )
    assert gain_finding([]) == ""


def test_the_best_of_each_data_set_is_computed():
    said = best_finding(list_detectors())
    for dataset in {one.dataset for one in list_detectors()}:
        best = max(one.figures.get(one.headline, 0) for one in list_detectors() if one.dataset == dataset)
        assert f"{100 * best:.1f} on {dataset} (" in said
    assert "box AP 52.9 on COCO val (Cascade Mask R-CNN, RDNet-B, 3x; authors)" in said
    assert best_finding([]) == "No box AP and no mAP of VOC is published of these."


def test_precisions_are_quantities_with_definitions():
    assert "0.5 to 0.95" in QUANTITIES["box_ap"].definition
    assert "IoU of 0.5" in QUANTITIES["voc_map"].definition
