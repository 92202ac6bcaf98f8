"""The views without a browser: what they say and show, whatever the link and the input."""

from __future__ import annotations

import re
from itertools import cycle, product

import pytest

from archs.registry import list_archs
from tests.support.app import COMPARE, LAYERS, assert_sound, networks_in_table, open_app, toasts
from tests.support.exhaustive import OF_EACH_FAMILY, representatives
from views.cached import comparison
from views.candidates import candidates, with_facts
from views.charts.evidence import UNCHECKED
from views.charts.networks import Shown, bars, scatter
from views.networks import DEFAULT, PRESETS
from views.sections.layer_tables import EXPORTED
from views.sidebar import InputSettings
from views.tables import CELL_PADDING, Notation, text_width, width
from views.theme import LIGHT


def test_compare_opens_with_a_finding_and_a_table() -> None:
    app = open_app()
    assert app.title[0].value == "Compare"
    assert app.markdown[0].value.startswith(
        "At peleenet's time (48.8\u2009µs an image on RTX 4090, compiled, predicted)"
    )
    assert any(text.value.startswith("Of 8 networks, peleenet needs the fewest MACs") for text in app.markdown)
    assert "ImageNet top-1 against time of an image" in [head.value for head in app.header]
    assert networks_in_table(app) == set(DEFAULT.networks)
    assert not app.error
    assert not toasts(app)


@pytest.mark.parametrize("title", PRESETS)
def test_presets(title: str) -> None:
    app = open_app()
    app.button_group(key="preset").set_value(title).run()
    assert_sound(app)
    assert networks_in_table(app) == set(PRESETS[title].networks)
    assert app.selectbox(key="baseline").value == PRESETS[title].baseline


def test_the_table_holds_numbers_to_sort_by() -> None:
    frame = open_app().dataframe[0].value
    assert frame.loc[frame["name"] == "densenet121", "macs"].item() == 2_834_161_664


@pytest.mark.parametrize("title", ["Depth", "Traffic outside convolution"])
def test_a_column_is_as_wide_as_the_widest_of_its_texts(title: str) -> None:
    texts = ["12", "2,834,161,664", "459,510,848\u2009B"]
    assert width(title, texts) >= max(map(text_width, [title, *texts])) + CELL_PADDING


def test_the_baseline_is_always_compared() -> None:
    app = open_app(baseline="densenet264")
    assert "densenet264" in networks_in_table(app)


@pytest.mark.parametrize("style", ["Rounded", "Exact", "Ratio"])
def test_styles_of_figures(style: str) -> None:
    app = open_app(figures=style)
    value = app.dataframe[0].value.set_index("name").loc["densenet121", "macs"]
    assert value == (1 if style == "Ratio" else 2_834_161_664)


@pytest.mark.parametrize("x", ["Depth", "Traffic outside convolution"])
@pytest.mark.parametrize("log", ["true", "false"])
def test_axes(x: str, log: str) -> None:
    assert not toasts(open_app(x=x, y="Parameters", size="All the same", log=log, bars=x))


def test_abbreviations_keep_their_capitals_in_a_heading() -> None:
    heads = [head.value for head in open_app(x="MACs", y="Memory traffic").header]
    assert "Memory traffic against MACs" in heads


PAGES = COMPARE, LAYERS
BAD_SIZES = "banana", "0", "-5", "99999", "224x", "1e3", "224×224×3"


@pytest.mark.parametrize("names", [DEFAULT.networks, list_archs()])
def test_every_network_with_an_accuracy_is_named_beside_its_mark(names: list[str]) -> None:
    frame, _ = comparison(names, InputSettings())
    known = candidates(dict(zip(frame["name"], frame["image_size"], strict=True)), "RTX 4090", "compiled", "plain", {})
    shown = Shown(with_facts(frame, known), known, Notation(), LIGHT, "densenet121")
    figure = scatter(shown, "seconds_per_image", "top1", "params", log=True)
    drawn = {name for trace in figure.data for name in trace.customdata or ()}
    labels = {re.sub("<.*?>", "", label.text) for label in figure.layout.annotations}
    assert drawn == {name for name, one in known.items() if one.accuracy}
    assert labels <= drawn
    assert len(drawn - labels) <= len(drawn) // 30  # among many error bars, one may have no place
    kinds = {trace.marker.symbol.endswith("-dot") for trace in figure.data if trace.customdata}
    assert kinds == {True, False}  # published marks are dotted, predicted ones are not
    assert any(trace.error_x.visible for trace in figure.data)


@pytest.mark.parametrize(("device", "width"), [("RTX 4090", 3), ("L4", 0)])
def test_intervals_are_closed_where_figures_check_them_and_open_elsewhere(device: str, width: int) -> None:
    frame, _ = comparison(["vovnet27_slim", "vovnet39"], InputSettings())
    sizes = dict(zip(frame["name"], frame["image_size"], strict=True))
    known = candidates(sizes, device, "eager", "plain", {})
    shown = Shown(with_facts(frame, known), known, Notation(), LIGHT, "vovnet39")
    for figure in (scatter(shown, "seconds_per_image", "macs", None, log=True), bars(shown, "images_per_s")):
        assert {trace.error_x.width for trace in figure.data if trace.error_x.visible} == {width}
        assert (UNCHECKED in {trace.name for trace in figure.data}) == (width == 0)


def test_the_device_and_the_recipe_are_chosen() -> None:
    app = open_app(speed_on="T4", speed_execution="eager", recipe="Best published")
    assert "on T4, eager, predicted)" in app.markdown[0].value
    assert not toasts(app)


def test_networks_without_an_accuracy_are_named_and_their_costs_drawn() -> None:
    app = open_app(networks=["densenet40_k12", "densenet100_k12"], baseline="densenet40_k12")
    finding = app.markdown[0].value.replace("\\", "")
    assert finding.startswith("Of 2 networks, densenet40_k12 needs the fewest MACs")
    captions = [caption.value.replace("\\", "") for caption in app.caption]
    assert "No ImageNet accuracy is published at 32×32 for densenet40_k12 and densenet100_k12." in captions
    assert "Memory traffic against MACs" in [head.value for head in app.header]


def test_columns_are_chosen_and_bars_sorted() -> None:
    app = open_app(columns=["Depth", "Time of an image"], order="Value", bars="Training memory of an image")
    assert list(app.dataframe[0].value) == ["name", "image_size", "depth", "seconds_per_image"]
    assert not toasts(app)


def test_a_download_of_layers_holds_every_column_once() -> None:
    assert sorted(set(EXPORTED)) == sorted(EXPORTED)


def test_networks_that_cannot_take_the_size_are_named_and_the_rest_shown() -> None:
    app = open_app(image_size="225")
    assert app.error[0].value.startswith("peleenet is left out: Image size is")
    assert networks_in_table(app) == set(DEFAULT.networks) - {"peleenet"}
    assert app.multiselect(key="networks").value == list(DEFAULT.networks)


def test_no_network_takes_the_size() -> None:
    app = open_app(image_size="16")
    assert "are left out" in app.error[0].value
    assert "choose another image size" in app.info[0].value
    assert app.multiselect(key="networks").value == list(DEFAULT.networks)


def test_ratios_need_a_baseline_that_takes_the_size() -> None:
    app = open_app(networks=["peleenet", "vovnet39"], baseline="peleenet", image_size="225", figures="Ratio")
    assert "No ratios" in app.warning[0].value
    assert networks_in_table(app) == {"vovnet39"}


@pytest.mark.parametrize(("size", "page"), representatives(zip(BAD_SIZES, cycle(PAGES)), product(BAD_SIZES, PAGES)))
def test_bad_image_size_is_one_sentence(size: str, page: str) -> None:
    app = open_app(page, image_size=size)
    assert len(app.error) == 1
    assert app.error[0].value.startswith("Image size is")
    assert app.dataframe


@pytest.mark.parametrize("size", ["192x256", "192×256", "192, 256"])
def test_height_by_width(size: str) -> None:
    areas = open_app(image_size=size).dataframe[0].value["image_size"]  # to sort by; cells show 192×256
    assert set(areas.round()) == {192 * 256}


@pytest.mark.parametrize(
    "link",
    [
        {"x": "bogus", "baseline": "resnet50", "batch_size": "0", "dtype": "int3"},
        {"figures": "<script>", "log": "perhaps", "unheard_of": "1", "batch_size": "many"},
        {"batch_size": "99999999999999999999"},
    ],
)
def test_what_is_bad_in_a_link_is_one_sentence_each_and_nothing_is_lost(link: dict[str, str]) -> None:
    app = open_app(networks=["peleenet", "vovnet39"], **link)
    assert len(toasts(app)) == len(link)
    for key in link:
        assert [toast for toast in toasts(app) if key in toast], key
    assert networks_in_table(app) == {"densenet121", "peleenet", "vovnet39"}


def test_a_bad_network_in_a_link_leaves_the_others() -> None:
    app = open_app(networks=["peleenet", "densnet121", "", "🦄"])
    assert "'densnet121', '🦄', which was ignored" in toasts(app)[0]
    assert "'densenet121'" in toasts(app)[0]
    assert app.multiselect(key="networks").value == ["peleenet"]


@pytest.mark.parametrize("name", representatives(OF_EACH_FAMILY, list_archs()))
def test_layers_of_every_network(name: str) -> None:
    app = open_app(LAYERS, network=name)
    assert app.title[0].value == f"Layers: {name}"
    assert app.markdown[0].value.startswith(f"{name} needs")
    assert [metric.label for metric in app.metric][:3] == ["Parameters", "MACs", "Memory access cost"]


def test_layers_shows_the_depth_formula_and_its_note() -> None:
    depth = next(metric for metric in open_app(LAYERS).metric if metric.label == "Depth")
    assert "1 + 2×58 + 3 + 1 = 121" in depth.help
    assert any("adds up to 265" in text.value for text in open_app(LAYERS, network="densenet264").caption)


def test_layers_filters() -> None:
    app = open_app(LAYERS)
    app.multiselect(key="kinds").set_value(["concat"])
    app.multiselect(key="stages").set_value(["dense block 1"]).run()
    assert_sound(app)
    table = app.dataframe[-1].value
    assert set(table["op"]) == {"concat"}
    assert set(table["stage"]) == {"dense block 1"}
    app.multiselect(key="kinds").set_value(["depthwise"]).run()
    assert "No layer is of these kinds" in app.info[0].value


def test_filters_survive_a_network_without_these_stages() -> None:
    app = open_app(LAYERS)
    app.multiselect(key="stages").set_value(["dense block 1"]).run()
    app.selectbox(key="network").set_value("vovnet39").run()
    assert_sound(app)


def test_a_layer_that_is_chosen_lights_up_and_is_forgotten_with_its_network() -> None:
    app = open_app(LAYERS, layer="features.denseblock2.denselayer3.conv1")
    assert any("of 426, in dense block 2, is a 1×1 conv" in text.value for text in app.markdown)
    assert "Dense block 2, layer 3: the layers around it" in [heading.value for heading in app.header]
    names = app.dataframe[0].value["name"].tolist()
    chosen = app.session_state["layers of dense block 2, layer 3"]["selection"]["rows"]
    assert [names[row] for row in chosen] == ["features.denseblock2.denselayer3.conv1"]
    app.selectbox(key="network").set_value("vovnet39").run()
    assert_sound(app)
    assert app.selectbox(key="layer").value == "all layers"
    assert not toasts(app)


def test_layers_of_a_network_that_cannot_take_the_size() -> None:
    app = open_app(LAYERS, image_size="16")
    assert app.error[0].value.endswith("Or choose another network in the sidebar.")
    assert app.selectbox(key="network").value == "densenet121"


def test_input_and_selection_hold_across_views() -> None:
    app = open_app(networks=["peleenet", "vovnet39"])
    app.selectbox(key="image_size").set_value("256").run()
    app.number_input(key="batch_size").set_value(4).run()
    app.switch_page(LAYERS).run()
    assert_sound(app)
    assert app.selectbox(key="image_size").value == "256"
    assert any("256×256 input, batch 4" in caption.value for caption in app.caption)
    app.switch_page(COMPARE).run()
    assert_sound(app)
    assert app.multiselect(key="networks").value == ["peleenet", "vovnet39"]
    assert app.selectbox(key="image_size").value == "256"
