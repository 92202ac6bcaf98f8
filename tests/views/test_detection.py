"""The Detection view without a browser: published detectors, what each filter leaves, and the pictures of them."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from analysis.detection import like_with_like, list_detectors
from analysis.detection_findings import COST_COLUMNS, distinct, gains
from analysis.detector_costs import PartCosts
from analysis.detector_loads import PREDICTED
from analysis.quantities import PRECISIONS
from detectors import KINDS, PARTS
from tests.support.app import assert_sound, open_app, toasts
from views.charts import detection as figures
from views.charts.detectors import parts
from views.charts.evidence import CLEAR
from views.theme import LIGHT

DETECTION = "views/detection/detection.py"
PUBLISHED = {"detection": "Precision and cost"}


def texts(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.markdown, *app.caption)).replace("\u2009", " ")


def test_it_opens_with_what_the_backbone_is_of_the_detector() -> None:
    app = open_app(DETECTION)
    first, second = (element.value.replace("\u2009", " ") for element in app.markdown[:2])
    assert first.startswith(
        "Under RetinaNet with 256 channels at 800×1344 peleenet is 6.2 % of the MACs, the head 85 %"
    )
    assert second.endswith("densenet201 moves 14.6 GB, vovnet39 4.61 GB in spite of ×1.65 the MACs.")
    rows = app.dataframe[0].value
    assert len(rows) == 3 * 8
    assert rows.groupby("name")["macs_share"].sum().round(9).eq(1).all()
    assert not toasts(app)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "backbone"])
def test_every_detector_comes_at_its_own_size(kind: str) -> None:
    app = open_app(DETECTION, networks=["peleenet"])
    app.selectbox(key="detector").set_value(kind).run()
    assert_sound(app)
    size = {"ssd": "300×300", "ssdlite": "320×320", "pelee": "304×304"}.get(kind, "800×1344")
    assert app.markdown[0].value.startswith(f"Under {KINDS[kind].title}")
    assert f"at {size} peleenet is" in app.markdown[0].value
    assert not app.error
    assert not toasts(app)


def test_what_no_detector_can_be_built_on_is_left_out() -> None:
    app = open_app(DETECTION, networks=["peleenet", "timm/resnet50"])
    assert "timm/resnet50" in app.error[0].value
    assert set(app.dataframe[0].value["name"]) == {"peleenet"}
    assert open_app(DETECTION, networks=["timm/resnet50"]).info


def test_a_link_holds_detector_size_channels_and_cost() -> None:
    given = {"detector": "FCOS", "detector_size": "512", "fpn_channels": "64", "part_cost": "Memory traffic"}
    app = open_app(DETECTION, networks=["peleenet", "vovnet39"], **given)
    assert app.markdown[0].value.startswith("Under FCOS with 64 channels at 512×512 peleenet is")
    assert "of the memory traffic" in app.markdown[0].value
    assert not toasts(app)


def test_predicted_times_are_outlined_and_ask_for_a_device() -> None:
    app = open_app(DETECTION, networks=["peleenet", "vovnet39"])
    assert "speed_on" not in [box.key for box in app.selectbox]
    assert "Nothing is published here of RetinaNet on these backbones." in texts(app)
    app.selectbox(key="part_cost").set_value("predicted_seconds").run()
    assert_sound(app)
    assert app.selectbox(key="speed_on").value == "RTX 4090"
    assert "of the predicted time" in app.markdown[0].value
    assert "On RTX 4090, eager, batch 1, float32: " in texts(app)
    assert "a quarter more as no figure of detectors checks it" in texts(app)


def test_predictions_never_look_counted() -> None:
    costs = [PartCosts("peleenet", {part: {PREDICTED: 1e-3, "macs": 10} for part in PARTS})]
    marks = {"peleenet": LIGHT.mark("peleenet", "PeleeNet")}
    shown = [parts(costs, key, marks, LIGHT, [None]) for key in (PREDICTED, "macs")]
    fills = [{colour for trace in figure.data if trace.hovertext for colour in _fills(trace)} for figure in shown]
    assert fills[0] == {CLEAR}
    assert CLEAR not in fills[1]
    assert any(trace.name and trace.name.startswith("predicted: outlined") for trace in shown[0].data)


def _fills(trace: Any) -> list[str]:
    colour = trace.marker.color
    return [colour] if isinstance(colour, str) else list(colour)


def test_memory_says_which_batch_fits() -> None:
    app = open_app(DETECTION, detection="Memory and time", networks=["peleenet", "vovnet39"], speed_on="T4")
    assert (
        app.markdown[0].value.replace("\u2009", " ").startswith("In the 16.0 GB of T4 RetinaNet with 256 channels at ")
    )
    rows = app.dataframe[0].value
    assert list(rows["name"]) == ["peleenet", "vovnet39"]
    assert rows["inference_batch"].gt(rows["training_batch"]).all()
    assert rows["predicted_seconds"].gt(0).all()
    assert not app.error
    assert not toasts(app)


def test_published_detectors_open_with_the_front_the_gain_and_every_figure() -> None:
    app = open_app(DETECTION, **PUBLISHED)
    assert app.markdown[0].value.startswith("On COCO val, Tesla V100, 12 of 48 are beaten by none in both box AP and ")
    assert "beside the ResNet nearest in time, VoVNet has −1.3 to +3.4 AP (19 pairs" in texts(app)
    assert "The picture has 48 of the table's 84 rows: those that state box AP and time on Tesla V100." in texts(app)
    rows = app.dataframe[0].value
    assert list(rows)[:5] == ["detector", "backbone", "box_ap", "seconds", "device"]
    assert rows[["source", "group"]].notna().all(axis=None)
    assert set(rows["dataset"]) == {"COCO val"}
    assert not toasts(app)


def test_both_sets_of_data_hold_every_published_detector() -> None:
    shown = 0
    for data in ("All of COCO", "VOC2007 test"):
        app = open_app(DETECTION, **PUBLISHED, ap_data=data)
        shown += len(app.dataframe[0].value)
        assert not toasts(app)
    assert shown == sum(len(one.rows()) for one in list_detectors())


def test_a_filter_offers_what_those_before_it_leave() -> None:
    app = open_app(
        DETECTION, **PUBLISHED, ap_backbone="VoVNet", ap_schedule="3x", ap_metric="Mask AP", ap_device="Tesla V100"
    )
    assert "in both mask AP and time" in texts(app)
    app.selectbox(key="ap_data").set_value("VOC2007 test").run()
    assert_sound(app)
    assert app.selectbox(key="ap_schedule").value == "All", "no schedule of VOC is called 3x"
    assert app.selectbox(key="ap_backbone").value == "vovnet"
    assert app.selectbox(key="ap_metric").value == "voc_map"
    assert set(app.dataframe[0].value["backbone"]) == {"VoVNet-27-slim"}
    assert not toasts(app)


def test_a_cost_that_no_machine_sets_asks_for_no_device() -> None:
    app = open_app(DETECTION, **PUBLISHED, ap_data="COCO test-dev", ap_cost="Stated MACs")
    assert "in both box AP and stated MACs" in texts(app)
    assert "ap_device" not in [box.key for box in app.selectbox]


def test_detectors_without_a_cost_stand_in_the_table_alone() -> None:
    app = open_app(DETECTION, **PUBLISHED, ap_data="COCO test-dev2015", ap_backbone="VGG")
    assert app.markdown[0].value == "None of these states both box AP and its time."
    assert list(app.dataframe[0].value["detector"]) == ["SSD300"]


def test_one_detector_alone_is_no_front() -> None:
    app = open_app(DETECTION, **PUBLISHED, ap_data="COCO test-dev", ap_detector="TensorMask")
    said = "On COCO test-dev, Tesla V100, only TensorMask R-101 (37.1 at 380 ms) states both mask AP and time."
    assert app.markdown[0].value.replace("\u2009", " ") == said


def test_energies_say_what_vovnet_saves() -> None:
    app = open_app(DETECTION, detection="Energy")
    said = "VoVNet-39 takes 4.80 J an image, ×0.480 of DenseNet-161 (k=48)'s, with +0.0 box AP in ×0.512 its time."
    assert said in texts(app)
    stated = app.dataframe[0].value.set_index("backbone")["joules_per_image"]
    assert stated["DenseNet-201 (k=32)"] == 9.9


@pytest.mark.parametrize("cost", COST_COLUMNS)
def test_every_mark_tells_its_source_and_doubts(cost: str) -> None:
    groups = like_with_like(list_detectors(), cost, "box_ap")
    figure = figures.precision(groups, COST_COLUMNS[cost], LIGHT)
    marks = [trace for trace in figure.data if trace.hovertext]
    rows = [row for group in groups.values() for row in group]
    assert sum(len(trace.x) for trace in marks) == len(rows)
    assert sorted(y for trace in marks for y in trace.y) == sorted(row["box_ap"] for row in rows)
    told = " ".join(text.replace("<br>", " ") for trace in marks for text in trace.hovertext)
    for row in rows:
        assert row["source"] in told
        assert row["note"] in told


def test_kinds_of_source_differ_by_more_than_colour() -> None:
    groups = like_with_like(list_detectors(), "seconds", "box_ap")
    figure = figures.precision(groups, COST_COLUMNS["seconds"], LIGHT)
    told = {group: trace for group in figures.SYMBOLS for trace in figure.data if trace.name == group}
    assert told.keys() == {row["group"] for rows in groups.values() for row in rows}
    assert len({trace.marker.symbol for trace in told.values()}) == len(told)


def test_pairs_stand_at_their_points_and_times() -> None:
    pairs = distinct(gains(list_detectors()))
    figure = figures.gained(pairs, LIGHT)
    marks = [trace for trace in figure.data if trace.hovertext]
    assert sum(len(trace.x) for trace in marks) == len(pairs)
    assert {trace.name for trace in marks} == {"VoVNet over ResNet", "VoVNet over DenseNet"}
    assert max(y for trace in marks for y in trace.y) == pytest.approx(max(pair.points for pair in pairs) / 100)
    assert PRECISIONS[pairs[0].ours.headline] in marks[0].hovertext[0]
