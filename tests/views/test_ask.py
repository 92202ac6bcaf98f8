"""The search box selects what is asked for, on this page or where it can be seen."""

from __future__ import annotations

from tests.support.app import LAYERS, assert_sound, networks_in_table, open_app


def test_networks_and_input_of_a_question() -> None:
    app = open_app()
    app.text_input(key="ask").set_value("DenseNet-169 vs PeleeNet @192x256 b8 fp16").run()
    assert_sound(app)
    assert networks_in_table(app) == {"densenet169", "peleenet"}
    assert any("192×256 input, batch 8, float16" in caption.value for caption in app.caption)
    assert app.text_input(key="ask").value == ""


def test_one_network_is_shown_where_one_is() -> None:
    app = open_app(LAYERS)
    app.text_input(key="ask").set_value("VoVNetV2-39").run()
    assert "vovnetv2_39" in app.title[0].value


def test_what_is_no_network_is_said_and_changes_nothing() -> None:
    app = open_app(LAYERS)
    title = app.title[0].value
    app.text_input(key="ask").set_value("densenet112").run()
    assert "densenet121" in app.error[0].value
    assert app.title[0].value == title
