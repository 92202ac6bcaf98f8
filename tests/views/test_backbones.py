"""Networks without their heads, on the pages that count them so."""

from __future__ import annotations

import pytest

from analysis import memory, summarize
from analysis.units import format_quantity
from tests.support.app import COMPARE, assert_sound, open_app
from views.sidebar import BACKBONE

LAYERS, MEMORY = "views/layers.py", "views/memory/memory.py"


def said(app):
    return " ".join(element.value for element in (*app.markdown, *app.caption, *app.info))


def test_layers_end_at_the_last_map():
    app = open_app(LAYERS, network="vovnet39", as_backbone="true")
    assert_sound(app)
    backbone = summarize("vovnet39", head=False)
    assert f"backbone/vovnet39 needs {format_quantity('macs', backbone.macs)} MACs" in said(app)
    app.toggle(key=BACKBONE).set_value(False).run()
    assert_sound(app)
    assert f"vovnet39 needs {format_quantity('macs', summarize('vovnet39').macs)} MACs" in said(app)
    assert "backbone/" not in said(app)


def test_compare_counts_every_network_without_its_head():
    app = open_app(COMPARE, networks=["peleenet", "timm/resnet18"], baseline="vovnet39", as_backbone="true")
    table = app.dataframe[0].value
    assert set(table["name"]) == {"peleenet", "vovnet39"}
    assert set(table["macs"]) == {summarize(name, head=False).macs for name in ("peleenet", "vovnet39")}
    assert "timm/resnet18" in app.error[0].value
    assert "Accuracy and speed are those of the networks with their heads." in said(app)


@pytest.mark.parametrize("part", ["Inference", "Training", "Which batch fits"])
def test_memory_of_a_backbone(part):
    app = open_app(MEMORY, network="peleenet", part=part, as_backbone="true", image_size="320")
    assert_sound(app)
    most = memory("backbone/peleenet", 320, mode="training").largest_batch(24e9, "sgd")
    assert f"{most:,} is the most in training" in said(app)
