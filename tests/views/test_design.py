"""The Design view without a browser: every change answers, nothing that was made is lost."""

from __future__ import annotations

from itertools import cycle, product
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from archs import get_config, list_archs
from archs.design import Design
from tests.support.app import assert_sound, open_app, toasts
from tests.support.exhaustive import OF_EACH_FAMILY, representatives
from views.design.results import CHARTS

VIEW = "views/design/design.py"


def metrics(app: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert_sound(app)
    return app


def test_it_opens_with_a_registered_network() -> None:
    app = open_app(VIEW)
    assert app.title[0].value == "Design: densenet121"
    assert "2.83\u2009G MACs" in app.markdown[0].value
    assert metrics(app)["Parameters"] == ("7.98\u2009M", "")
    assert app.code[0].value.endswith("archs.create_model('densenet121')")


def test_a_slider_changes_every_figure() -> None:
    app = open_app(VIEW)
    app.slider(key="design growth_rate").set_value(24).run()
    assert_sound(app)
    assert app.title[0].value == "Design: my densenet121"
    assert metrics(app)["Parameters"] == ("4.74\u2009M", "−40.6\u2009%")
    assert "−3.24\u2009M (−40.6\u2009%)" in app.metric[0].help
    assert metrics(app)["Depth"] == ("121", "")
    assert all(delta.startswith("−") for label, (_, delta) in metrics(app).items() if label.startswith("Compiled"))
    assert app.code[0].value.endswith("archs.create_model('densenet121', growth_rate=24)")
    press(app, "Undo")
    assert app.slider(key="design growth_rate").value == 32
    assert metrics(app)["Parameters"][1] == ""
    press(app, "Redo")
    assert app.slider(key="design growth_rate").value == 24


@pytest.mark.parametrize(
    ("chart", "name"),
    representatives(zip(cycle(CHARTS), OF_EACH_FAMILY), product(CHARTS, list_archs())),
)
def test_every_network_can_be_started_from_and_drawn(chart: str, name: str) -> None:
    app = open_app(VIEW, chart=chart, design=Design(name, get_config(name)).to_link())
    assert app.title[0].value.replace("\\", "") == f"Design: {name}"
    app.selectbox(key="design baseline").set_value(name).run()
    assert_sound(app)
    assert metrics(app)["Parameters"][1] == ""
    assert not toasts(app)


def test_blocks_come_and_go() -> None:
    app = press(open_app(VIEW), "Add a block")
    assert metrics(app)["Depth"] == ("154", "+27.3\u2009%")
    app.number_input(key="design block_config 4").set_value(2).run()
    assert metrics(app)["Depth"][0] == "126"
    press(press(app, "Remove the last"), "Remove the last")
    assert metrics(app)["Depth"][0] == "88"
    assert not press(press(app, "Remove the last"), "Remove the last").error
    assert next(button for button in app.button if button.label == "Remove the last").disabled


def test_a_block_is_added_only_where_the_design_stays_valid() -> None:
    design = Design("deep", get_config("densenet121", block_config=(1, 1, 1, 1, 1, 1)))
    app = open_app(VIEW, design=design.to_link())
    button = next(button for button in app.button if button.label == "Add a block")
    assert button.disabled
    assert button.help.startswith("Image size is 224, but must be a size that the network's strides can take")
    assert not press(app.selectbox(key="image_size").set_value("512").run(), "Add a block").error
    assert metrics(app)["Depth"][0] == "22"


def test_fields_that_exclude_each_other_say_so_and_keep_what_was_set() -> None:
    design = Design("thin", get_config("peleenet", growth_rate=8, bottleneck_width=(1, 1, 1, 1)))
    app = open_app(VIEW, design=design.to_link())
    app.number_input(key="design growth_rate 0").set_value(6).run()
    assert_sound(app)
    assert (
        "Growth rate k is (6, 8, 8, 8), but must be at least 8 where Bottleneck width per stage is 1"
        in app.error[0].value
    )
    assert app.number_input(key="design growth_rate 0").value == 6
    app.number_input(key="design bottleneck_width 0").set_value(2).run()
    assert not app.error
    assert app.number_input(key="design growth_rate 0").value == 6
    assert app.code[0].value.endswith("growth_rate=(6, 8, 8, 8), bottleneck_width=(2, 1, 1, 1))")


def test_fields_without_effect_say_why() -> None:
    app = open_app(VIEW, design=Design("slim", get_config("vovnet27_slim")).to_link())
    assert "Residual (no effect: no stage has a second module)" in [toggle.label for toggle in app.toggle]


def test_a_network_that_cannot_take_the_input_is_explained() -> None:
    app = open_app(VIEW, image_size="16")
    assert_sound(app)
    assert app.error[0].value.startswith(
        "Image size is 16, but must be a size that the network's strides can take; the"
    )
    assert app.slider(key="design growth_rate").value == 32


def test_the_shelf_keeps_opens_and_drops() -> None:
    app = open_app(VIEW)
    app.slider(key="design growth_rate").set_value(24).run()
    press(app, "Keep this design")
    app.slider(key="design growth_rate").set_value(16).run()
    assert list(app.dataframe[-1].value["name"]) == ["my densenet121", "densenet121", "my densenet121"]
    press(app, "Open my densenet121")
    assert app.slider(key="design growth_rate").value == 24
    press(app, "Take my densenet121 off the shelf")
    assert list(app.dataframe[-1].value["name"]) == ["my densenet121", "densenet121"]


def test_names() -> None:
    app = open_app(VIEW)
    app.slider(key="design growth_rate").set_value(24).run()
    app.text_input(key="design name").set_value("slim *one*").run()
    assert app.title[0].value == r"Design: slim \*one\*"
    app.text_input(key="design name").set_value("densenet169").run()
    assert "one that no registered network has" in app.error[0].value
    assert app.title[0].value == r"Design: slim \*one\*"


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 9, "name": "a", "family": "densenet", "config": {}}'])
def test_a_link_that_is_no_design_is_said(text: str) -> None:
    app = open_app(VIEW, design=text)
    assert app.title[0].value == "Design: densenet121"
    assert any("a design that this page wrote" in toast for toast in toasts(app))


def test_a_loaded_file_goes_on_the_bench() -> None:
    app = open_app(VIEW)
    design = Design("loaded", get_config("vovnet39", layer_per_block=3))
    app.file_uploader(key="design file").set_value([("loaded.json", design.to_json().encode(), "application/json")])
    app.run()
    assert_sound(app)
    assert app.title[0].value == "Design: loaded"
    app.file_uploader(key="design file").set_value([("bad.json", b"{}", "application/json")]).run()
    assert "The design 'bad.json' has no 'schema'" in app.error[0].value
    assert app.title[0].value == "Design: loaded"


JUNK = {
    b"\xff\xfe\x00": "The design 'bad.json' is not valid JSON.",
    b"x" * 70_000: "The design 'bad.json' is longer than 64 KiB",
    b'{"schema":1,"name":"a","family":"dense","config":{}}': "Family is 'dense', but must be one of 'densenet'",
    b'{"schema":1,"name":"a","family":"densenet","config":{"growth_rate":"x"}}': "Growth rate k is 'x', but must be",
    b'{"schema":1,"name":5,"family":"densenet","config":{}}': "Name is 5, but must be 1 to 80 printable characters.",
}


def test_junk_that_is_loaded_is_one_sentence_and_changes_nothing() -> None:
    app = open_app(VIEW)
    for content, sentence in JUNK.items():
        app.file_uploader(key="design file").set_value([("bad.json", content, "application/json")]).run()
        assert_sound(app)
        [error] = app.error
        assert error.value.startswith(sentence)
        assert app.title[0].value == "Design: densenet121"


def test_the_shelf_stays_where_the_design_cannot_take_the_input() -> None:
    kept = Design("kept", get_config("densenet121", growth_rate=16))
    app = open_app(VIEW, image_size="16", designs=kept.to_link())
    assert len(app.error) == 2  # of the design, and of that on the shelf
    assert app.file_uploader(key="design file")
    assert any(button.label == "Open kept" for button in app.button)


def test_a_name_is_shown_as_it_was_given() -> None:
    design = Design("a $x$ *b*", get_config("densenet121", growth_rate=16))
    app = open_app(VIEW, design=design.to_link())
    shown = r"a \$x\$ \*b\*"
    assert app.title[0].value == f"Design: {shown}"
    assert app.markdown[0].value.startswith(f"{shown} needs")


@pytest.mark.parametrize("chart", CHARTS)
def test_the_table_of_a_chart_opens_in_its_tab(chart: str) -> None:
    app = open_app(VIEW, chart=chart)
    for header in app.header:
        if (key := f"tabs of {header.value}") in app.session_state:  # else it is drawn unopened
            app.session_state[key] = "Table"
            app.run()
            assert_sound(app)
    assert len(app.dataframe) == 2  # the chart's and the shelf's


#: What shows one network.
PAGES = ("layers.py", "memory/memory.py", "counters.py", "architecture/architecture.py")


@pytest.mark.parametrize("page", representatives(["layers.py", "memory/memory.py"], PAGES))
def test_a_design_on_the_shelf_is_a_network_like_any_other(page: str) -> None:
    app = open_app(VIEW, network="vovnet27_slim")
    app.slider(key="design growth_rate").set_value(8).run()
    press(app, "Keep this design")
    app.switch_page(f"views/{page}").run()
    assert_sound(app)
    app.selectbox(key="network").set_value("my densenet121").run()
    assert_sound(app)
    assert not app.error
    assert "my densenet121" in app.title[0].value


def test_a_design_on_the_shelf_is_compared() -> None:
    app = open_app(VIEW)
    app.slider(key="design growth_rate").set_value(24).run()
    press(app, "Keep this design")
    app.switch_page("views/compare.py").run()
    name = "my densenet121"
    app.multiselect(key="networks").set_value([name, "densenet121"]).run()
    app.selectbox(key="baseline").set_value(name).run()
    assert_sound(app)
    app.switch_page("views/hardware/hardware.py").run()
    assert_sound(app)
    assert not app.error
    app.switch_page("views/compare.py").run()
    frame = app.dataframe[0].value.set_index("name")
    assert frame.loc[name, "params"] < frame.loc["densenet121", "params"]


SECTIONS = ("Speed", "Accuracy and cost", "Roofline", "FLOPs and time", "Benchmark here")


def test_a_design_on_the_shelf_is_set_on_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    app = open_app(VIEW)
    app.slider(key="design growth_rate").set_value(24).run()
    press(app, "Keep this design")
    app.switch_page("views/hardware/hardware.py").run()
    name = "my densenet121"
    app.multiselect(key="networks").set_value([name, "densenet121"]).run()
    for section in SECTIONS:
        app.button_group(key="section").set_value(section).run()
        if section == "Roofline":
            app.selectbox(key="layers_of").set_value(name).run()
        assert_sound(app)
        assert not app.error
    assert name not in app.selectbox(key="run_network").options


def test_the_ways_to_train_a_design_are_measured() -> None:
    app = open_app(VIEW, design=Design("tiny", get_config("densenet_cifar", block_config=(1, 1))).to_link())
    press(app, "Keep this design")
    app.switch_page("views/memory/memory.py").run()
    app.selectbox(key="network").set_value("tiny").run()
    app.button_group(key="part").set_value("Schemes measured").run()
    press(app, "Measure here")
    assert not app.error
    assert list(app.dataframe[0].value.iloc[:, 0]) == ["plain", "memory_efficient", "selective checkpoint"]


def test_a_row_of_ratios_goes_in_parts() -> None:
    app = open_app(VIEW, design=Design("mine", get_config("darknet53")).to_link())
    row = [widget for widget in app.number_input if widget.label.startswith("Bottleneck per stage")]
    assert {(widget.value, widget.step) for widget in row} == {(0.5, 0.05)}
    row[1].set_value(0.75).run()
    assert_sound(app)
    row = [widget.value for widget in app.number_input if widget.label.startswith("Bottleneck per stage")]
    assert row == [0.5, 0.75, 0.5, 0.5, 0.5]
