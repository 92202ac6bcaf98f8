"""Networks of timm and torchvision in the views, and the view that runs public counters on any network."""

from __future__ import annotations

import pytest

from archs.registry import list_archs
from tests.support.app import COMPARE, COUNTERS, LAYERS, assert_sound, networks_in_table, open_app, toasts
from tests.support.project import BLOCK_HEAVY, run_python

WITHOUT_TORCH = (
    BLOCK_HEAVY
    + """
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("router.py", default_timeout=60)
app.query_params["networks"] = ["peleenet", "timm/resnet50"]
app.run()
assert "pip install torch timm" in app.error[0].value, app.error
assert set(app.dataframe[0].value["name"]) == {"densenet121", "peleenet"}
app.button_group(key="libraries").set_value(["torchvision"]).run()
assert "pip install torch torchvision" in app.info[0].value, app.info
app.switch_page("views/counters.py").run()
assert not app.exception, app.exception
assert "pip install torch" in app.error[0].value, app.error
"""
)


@pytest.fixture(autouse=True)
def _libraries() -> None:
    pytest.importorskip("timm")
    pytest.importorskip("torchvision")


def test_a_link_brings_networks_of_libraries() -> None:
    app = open_app(networks=["vovnet39", "timm/resnet50", "torchvision/resnet50"], baseline="timm/resnet50")
    assert not app.error
    assert not toasts(app)
    table = app.dataframe[0].value.set_index("name")
    assert list(table.index) == ["vovnet39", "timm/resnet50", "torchvision/resnet50"]
    assert set(table.loc[["timm/resnet50", "torchvision/resnet50"], "macs"]) == {4_089_184_256}
    assert app.selectbox(key="baseline").value == "timm/resnet50"


def test_networks_of_libraries_that_cannot_be_counted_are_named_and_the_rest_shown() -> None:
    names = ["peleenet", "timm/resnet18", "timm/resnet5O"]
    app = open_app(networks=names)
    assert networks_in_table(app) == {"densenet121", "peleenet", "timm/resnet18"}
    assert "allow_uncounted" not in app.error[0].value
    assert "timm/resnet5O is left out: There is no architecture 'timm/resnet5O'" in app.error[0].value
    assert "'timm/resnet50'" in app.error[0].value
    assert app.multiselect(key="networks").value == names


@pytest.mark.parametrize(("page", "key"), [(COMPARE, "networks"), (LAYERS, "network")])
def test_names_of_a_library_are_offered_when_asked_for(page: str, key: str) -> None:
    app = open_app(page)
    kind = "multiselect" if key == "networks" else "selectbox"
    assert getattr(app, kind)(key=key).options == list_archs()
    app.button_group(key="libraries").set_value(["timm"]).run()
    assert_sound(app)
    assert len(getattr(app, kind)(key=key).options) > 1000
    assert app.session_state[key]


def test_a_choice_survives_without_its_library() -> None:
    app = open_app(LAYERS)
    app.button_group(key="libraries").set_value(["torchvision"]).run()
    app.selectbox(key="network").set_value("torchvision/resnet18").run()
    app.button_group(key="libraries").set_value([]).run()
    assert_sound(app)
    assert app.title[0].value == "Layers: torchvision/resnet18"
    app.switch_page(COMPARE).run()
    app.switch_page(LAYERS).run()
    assert_sound(app)
    assert app.title[0].value == "Layers: torchvision/resnet18"


@pytest.mark.parametrize("name", ["torchvision/resnet18", "timm/convnext_atto", "timm/vit_tiny_patch16_224"])
def test_layers_of_a_library_network(name: str) -> None:
    app = open_app(LAYERS, network=name)
    assert not app.error
    assert app.title[0].value == f"Layers: {name}"
    assert app.markdown[0].value.startswith(f"{name} needs")


def test_what_the_figures_leave_out_is_said() -> None:
    app = open_app(LAYERS, network="torchvision/ssdlite320_mobilenet_v3_large")
    assert_sound(app)
    assert any("not counted" in caption.value for caption in app.caption)


@pytest.mark.parametrize("page", [LAYERS, COUNTERS])
def test_an_unknown_library_network_is_one_sentence(page: str) -> None:
    app = open_app(page, network="torchvision/resnet19")
    assert len(app.error) == 1
    assert "'torchvision/resnet18'" in app.error[0].value
    assert app.selectbox(key="network").value == "torchvision/resnet19"


def test_counters_explain_every_figure() -> None:
    app = open_app(COUNTERS, network="densenet40_k12", batch_size="2")
    assert app.title[0].value == "Counters: densenet40_k12"
    assert "5 counters give 5 different figures for densenet40_k12" in app.markdown[0].value
    assert "explain every difference to the last operation" in app.markdown[0].value
    table = app.dataframe[0].value.set_index("counter")
    assert set(table["residual"]) == {0}
    assert table.loc["FlopCounterMode", "difference"] == 0
    assert "verdict" not in table
    assert [heading.value.split(" report ")[0] for heading in app.header if heading.value.startswith("Why")] == [
        f"Why does {counter}" for counter in table.index
    ]
    assert sum("When to quote it" in text.value for text in app.markdown) == 5


def test_counters_of_a_network_that_cannot_take_the_size() -> None:
    app = open_app(COUNTERS, network="peleenet", image_size="225")
    assert app.error[0].value.endswith("the nearest is 224. Or choose another network in the sidebar.")


def test_without_torch_one_sentence_says_what_is_missing() -> None:
    run_python(WITHOUT_TORCH)
