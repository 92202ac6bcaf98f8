"""The Architecture view's pictures without a browser: connections, block diagrams, data flow, feature reuse."""

from __future__ import annotations

from itertools import cycle, product
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis import memory, summarize
from analysis.structure.connectivity import blocks
from archs.errors import abbreviate
from tests.support.app import assert_sound, open_app, toasts
from tests.support.exhaustive import OF_EACH_FAMILY, representatives
from training.reuse import get_trained_reuse
from views.architecture.feature_reuse import ending_of
from views.architecture.trained_reuse import DENSE, ONE_SHOT
from views.widgets import literal

ARCHITECTURE = "views/architecture/architecture.py"
SECTIONS = ("Connectivity", "Block", "Data flow", "Feature reuse")
NETWORKS = ("densenetbc250_k24", "vovnet57", *OF_EACH_FAMILY)


def open_section(section: str, network: str = "densenet121", **params: str) -> AppTest:
    app = open_app(ARCHITECTURE, network=network, aspect=section, **params)
    assert not app.error
    return app


@pytest.mark.parametrize(
    ("section", "network"), representatives(zip(cycle(SECTIONS), NETWORKS), product(SECTIONS, NETWORKS))
)
def test_every_section(section: str, network: str) -> None:
    app = open_section(section, network)
    assert not toasts(app)
    assert len(app.dataframe[0].value) >= 3


@pytest.mark.parametrize("section", SECTIONS)
def test_two_networks(section: str) -> None:
    app = open_section(section, "densenet121", beside="ese_vovnet57b")
    assert not toasts(app)
    tables = 4 if section in ("Connectivity", "Feature reuse") else 2  # wiring, and trained networks
    assert len(app.dataframe) == tables


def test_connections_of_one_block() -> None:
    app = open_section("Connectivity", block="3")
    frame = app.dataframe[0].value
    assert len(frame) == 300 + 25
    assert set(frame["block"]) == {"dense block 3"}
    assert "597 connections" in app.markdown[1].value


def test_a_block_that_the_next_network_has_not_is_forgotten() -> None:
    app = open_section("Connectivity", "vovnet57", block="9")
    app.selectbox(key="network").set_value("densenet121").run()
    assert_sound(app)
    layers = [cost.layer for cost in summarize("densenet121").layers]
    assert len(app.dataframe[0].value) == sum(len([*block.connections()]) for block in blocks(layers))


def test_boxes_of_a_part() -> None:
    frame = open_section("Block", "peleenet", diagram="stem").dataframe[0].value
    assert frame["box"].iloc[0] == "3×3 conv, 32, stride 2, BN-ReLU"
    assert frame["macs"].sum() == next(row["macs"] for row in summarize("peleenet").stage_rows())


def test_tensors_of_a_stage() -> None:
    app = open_section("Data flow", "densenet121", flow_stage="dense block 2", held="any time", lifetimes="minimal")
    frame = app.dataframe[0].value
    names = {tensor.name for tensor in memory("densenet121", lifetimes="minimal").tensors}
    assert set(frame["name"]) <= names | {"image"}
    assert "features.denseblock2.denselayer1.conv2" in set(frame["name"])
    assert "features.denseblock3.denselayer1.conv2" not in set(frame["name"])


def test_without_weights_the_wiring_says_what_it_can() -> None:
    app = open_section("Feature reuse", "peleenet")
    assert any("peleenet has no trained weights here" in caption.value for caption in app.caption)
    assert any(text.value.startswith("Of what is read at the end of peleenet's blocks") for text in app.markdown)
    assert app.dataframe[1].value["strength"].max() == 1


@pytest.mark.parametrize(
    ("network", "example"), [("densenet121", DENSE), ("vovnet39", ONE_SHOT), (DENSE, DENSE), (ONE_SHOT, ONE_SHOT)]
)
def test_the_first_sight_is_a_trained_network(network: str, example: str) -> None:
    app = open_section("Feature reuse", network)
    trained = get_trained_reuse(example)
    assert trained.finding() in [text.value for text in app.markdown]
    assert any(trained.describe() in caption.value for caption in app.caption)
    strengths = [value for one in trained.epochs[-1].maps for value in one.strengths.values()]
    assert sorted(app.dataframe[0].value["strength"]) == sorted(strengths)
    assert len(app.dataframe) == 1 + (network != example)


def test_epochs_are_chosen_and_played() -> None:
    app = open_section("Feature reuse")
    trained, slider = get_trained_reuse(DENSE), f"epoch_{DENSE}"
    app.select_slider(key=slider).set_value(0).run()
    assert app.dataframe[0].value["strength"].max() == max(
        value for one in trained.epochs[0].maps for value in one.strengths.values()
    )
    app.button(key=f"{DENSE}_plays_button").click().run()
    assert app.button(key=f"{DENSE}_plays_button").label == "Pause"
    begun = app.select_slider(key=slider).value
    assert app.run().select_slider(key=slider).value == begun + 1
    last = len(trained.epochs) - 1
    app.select_slider(key=slider).set_value(last - 1).run()
    assert_sound(app)
    assert (app.select_slider(key=slider).value, app.button(key=f"{DENSE}_plays_button").label) == (last, "Play")
    app.button(key=f"{DENSE}_plays_button").click().run()
    assert app.select_slider(key=slider).value == 0


def test_weights_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from archs import create_model
    from training import prepare
    from training.engine.learner import save_weights

    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    run = prepare(DENSE, "digits", "digits", name="mine")
    model = create_model(run.design.config)
    with torch.no_grad():
        model.features.transition1.conv.weight.fill_(0.25)
    assert not [box for box in open_section("Feature reuse", DENSE).selectbox if box.key == f"run_{DENSE}"]
    save_weights(model, run)
    app = open_section("Feature reuse", DENSE)
    app.selectbox(key=f"run_{DENSE}").set_value("run:mine").run()
    assert_sound(app)
    frame = app.dataframe[0].value
    assert set(frame[frame["reader"] == "transition 1"]["strength"]) == {0.25}


def test_an_uploaded_file_is_read_and_not_named_by_where_it_lay(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from archs import create_model, get_config
    from views.architecture.feature_reuse import weighed

    model = create_model("peleenet")
    with torch.no_grad():
        model.features.transition1.conv.weight.fill_(0.25)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    found, report = weighed(get_config("peleenet"), "", 0.0, (tmp_path / "weights.pth").read_bytes(), ".pth")
    assert {row["strength"] for row in found[0].rows() if row["reader"] == "transition 1"} == {0.25}
    assert "this file" in report
    assert "/tmp" not in report


def test_no_path_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "empty.pth").touch()
    app = open_section("Feature reuse", "peleenet")
    said = set()
    for path in ("nowhere.pth", str(tmp_path / "empty.pth"), "\0.pth", "timm/../x"):
        app.text_input(key="weights_peleenet").set_value(path).run()
        assert_sound(app)
        said.add(app.error[0].value.replace(literal(abbreviate(path)), "this"))
    assert len(said) == 1
    assert (ending_of("weights.pth.tar"), ending_of("weights.p\0th")) == (".pth.tar", "")


def test_networks_of_libraries() -> None:
    pytest.importorskip("torchvision")
    network = "torchvision/resnet18"
    assert "no block that concatenates" in open_section("Connectivity", network).markdown[1].value
    assert "only registered networks" in open_section("Feature reuse", network).info[0].value
    assert len(open_section("Block", network).dataframe[0].value)
    assert len(open_section("Data flow", network).dataframe[0].value)
