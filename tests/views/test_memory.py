"""The Memory view without a browser: every part, bad input, and networks of other libraries."""

from __future__ import annotations

import importlib.util
from itertools import product

import pytest
from streamlit.testing.v1 import AppTest

import archs
from analysis import memory
from tests.support.app import assert_sound, open_app, toasts
from tests.support.exhaustive import representatives

MEMORY = "views/memory/memory.py"
PARTS = ("Inference", "Training", "Which batch fits", "Schemes measured")


def texts(app: AppTest) -> str:
    elements = (*app.markdown, *app.caption, *app.info, *app.error)
    return " ".join(element.value for element in elements).replace("\u2009", " ")


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value.replace("\u2009", " ") for metric in app.metric}


def test_it_opens_with_a_verdict_and_what_is_held() -> None:
    app = open_app(MEMORY)
    assert app.title[0].value == "Memory: densenet121"
    opening = texts(app)
    assert opening.startswith("**Yes: batch 1 fits in 24 GB**; 183 is the most in training, 596 with recomputing and ")
    assert "At inference, densenet121 holds at most 9.03 MB of tensors, in dense block 1 (" in opening
    assert not app.error
    assert not toasts(app)


def test_the_verdict_follows_batch_budget_and_optimizer() -> None:
    app = open_app(MEMORY, network="densenet201", batch_size="32", budget="8 GB")
    assert texts(app).startswith("**Yes: batch 32 fits in 8 GB**; 38 is the most in training")
    app.selectbox(key="optimizer").set_value("adamw").run()
    assert "165 with recomputing" in texts(app)
    app.number_input(key="batch_size").set_value(64).run()
    assert texts(app).startswith("**Only with recomputing: batch 64 takes ")


#: A long one, one of each kind of block, and one that recomputes nothing.
NETWORKS = ("densenetbc250_k24", "peleenet", "ese_vovnet19b_slim_dw", "hardnet39ds")


@pytest.mark.parametrize(("part", "name"), representatives(zip(PARTS, NETWORKS, strict=True), product(PARTS, NETWORKS)))
def test_every_part(part: str, name: str) -> None:
    app = open_app(MEMORY, network=name, part=part)
    assert not app.error
    assert not toasts(app)
    assert app.markdown[0].value.startswith("**Yes: batch 1 fits in 24\u2009GB**")


def test_the_timeline_has_every_layer_and_its_bytes() -> None:
    found = memory("peleenet", None)
    frame = open_app(MEMORY, network="peleenet").dataframe[0].value
    assert list(frame["name"]) == [moment.layer.name for moment in found.timeline]
    assert list(frame["live_bytes"]) == [moment.live_bytes for moment in found.timeline]
    assert frame["live_bytes"].max() == found.peak_bytes


def test_tensors_can_be_freed_after_their_last_reader() -> None:
    app = open_app(MEMORY, network="peleenet")
    eager = app.dataframe[0].value["live_bytes"].max()
    app.selectbox(key="lifetimes").set_value("minimal").run()
    assert_sound(app)
    assert app.dataframe[0].value["live_bytes"].max() == memory("peleenet", lifetimes="minimal").peak_bytes < eager
    assert "Eager modules hold what they were called with until they return" in texts(app)


def test_training_sets_plain_beside_recomputed() -> None:
    app = open_app(MEMORY, part="Training")
    kinds, layers = (table.value for table in app.dataframe)
    plain = memory("densenet121", mode="training")
    recomputed = memory(archs.get_config("densenet121", memory_efficient=True), mode="training")
    assert (kinds["plain"].sum(), kinds["recomputed"].sum()) == (plain.saved_bytes, recomputed.saved_bytes)
    assert layers["plain, so far"].iloc[-1] == plain.saved_bytes
    assert layers["recomputed, so far"].iloc[-1] == recomputed.saved_bytes
    assert metrics(app)["Optimizer state"] == "31.9 MB"
    app.selectbox(key="optimizer").set_value("adamw").run()
    assert metrics(app)["Optimizer state"] == "63.8 MB"
    app.selectbox(key="optimizer").set_value("none").run()
    assert metrics(app)["Optimizer state"] == "0 B"


def test_batch_and_dtype_are_those_of_the_sidebar() -> None:
    app = open_app(MEMORY, part="Training", batch_size="4", dtype="float16", image_size="96")
    found = memory("densenet121", 96, 4, "float16", mode="training")
    assert app.dataframe[0].value["plain"].sum() == found.saved_bytes


def test_the_batch_that_fits() -> None:
    app = open_app(MEMORY, part="Which batch fits", budget="RTX 4090", optimizer="AdamW")
    training = memory("densenet121", None, mode="training")
    assert metrics(app)["Batch, inference"] == f"{memory('densenet121', None).largest_batch(24e9):,}"
    assert metrics(app)["Batch, training"] == f"{training.largest_batch(24e9, 'adamw'):,}"
    row = app.dataframe[0].value.set_index("memory_bytes").loc[24e9]
    assert row["training"] == training.largest_batch(24e9, "adamw")
    assert "RTX 4090" in row["devices"]


#: `test_findings` refuses all of them.
BUDGETS = ("0", "-1 GB", "banana", "1e400", "24 parsecs", "999999999999 TB")


@pytest.mark.parametrize("budget", representatives(["-1 GB", "banana"], BUDGETS))
def test_a_bad_budget_is_one_sentence(budget: str) -> None:
    app = open_app(MEMORY, part="Which batch fits", budget=budget)
    assert len(app.error) == 1
    assert "must be a size such as 24 GB" in app.error[0].value
    assert "fits in 24 GB" in texts(app)


def test_a_budget_that_holds_nothing() -> None:
    app = open_app(MEMORY, part="Which batch fits", budget="1 MB")
    assert "more than 1 MB**; not one image fits in training, none with recomputing and none" in texts(app)
    assert set(metrics(app).values()) == {"none fits"}
    assert_sound(app)


def test_networks_with_one_scheme_say_so_and_older_links_find_the_part() -> None:
    pytest.importorskip("timm")
    app = open_app(MEMORY, network="timm/resnet18", part="Designs measured")
    assert "There is but one scheme of timm/resnet18" in texts(app)
    assert "Nothing has been measured of timm/resnet18 yet; densenet121 shows what to expect." in texts(app)


@pytest.mark.parametrize(("name", "example"), [("densenet121", "densenet121"), ("vovnet57", "vovnet39")])
def test_shipped_schemes_are_shown_until_some_are_measured(name: str, example: str) -> None:
    app = open_app(MEMORY, network=name, part="Schemes measured")
    assert f"plain {example} (batch 4, 96×96) keeps" in texts(app)
    assert "on another machine, a busy one, and shipped with it" in texts(app)
    frame = app.dataframe[0].value.set_index("scheme")
    assert frame.loc["plain", "saved_bytes"] == memory(example, 96, 4, mode="training").saved_bytes


@pytest.mark.long
def test_schemes_are_measured_on_request_alone() -> None:
    pytest.importorskip("torchvision")
    app = open_app(MEMORY, network="densenet_cifar", part="Schemes measured", design_size="64", design_batch="1")
    assert "Nothing has been measured of densenet_cifar yet" in texts(app)
    next(button for button in app.button if button.label == "Measure here").click().run()
    assert_sound(app)
    assert "Measured here: batch 1, 64×64 input" in texts(app)
    frame = app.dataframe[0].value
    assert list(frame["scheme"]) == ["plain", "memory_efficient", "selective checkpoint"]
    assert frame["saved_bytes"].iloc[0] == memory("densenet_cifar", 64, 1, mode="training").saved_bytes
    app.selectbox(key="network").set_value("densenet121").run()
    assert "shipped with it" in texts(app)


def test_without_torch_schemes_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "torch" else real(name, *more))
    assert "needs torch" in texts(open_app(MEMORY, part="Schemes measured"))


@pytest.mark.parametrize(("name", "folded"), [("densenet_cifar", 58), ("peleenet", 113)])
def test_folding_before_and_after(name: str, folded: int) -> None:
    pytest.importorskip("torch")
    app = open_app(MEMORY, network=name, part="Folded")
    assert f"{folded} of " in texts(app)
    counts, norms = (table.value for table in app.dataframe)
    assert (counts["after"] <= counts["before"]).iloc[:3].all()
    assert norms["folded"].sum() == folded
    assert ("it reads concat" in texts(app)) == (name == "densenet_cifar")
    assert not app.error


def test_without_torch_folding_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "torch" else real(name, *more))
    assert "needs torch" in texts(open_app(MEMORY, part="Folded"))


def test_a_size_that_does_not_suit_is_one_sentence() -> None:
    app = open_app(MEMORY, image_size="16")
    assert len(app.error) == 1
    assert app.error[0].value.endswith("Or choose another network in the sidebar.")


def test_integers_have_no_gradients() -> None:
    app = open_app(MEMORY, dtype="int8")
    assert not app.error
    assert "Inference alone: Data type is 'int8'" in texts(app)
    assert "Data type is 'int8'" in open_app(MEMORY, dtype="int8", part="Training").error[0].value
    app = open_app(MEMORY, dtype="int8", part="Which batch fits")
    assert list(metrics(app)) == ["Batch, inference"]


def test_a_network_of_timm() -> None:
    pytest.importorskip("timm")
    app = open_app(MEMORY, network="timm/resnet18")
    for part in PARTS[:3]:
        app.button_group(key="part").set_value([part]).run()
        assert_sound(app)
        assert not app.error
        assert app.markdown[0].value.startswith("**Yes: batch 1 fits")


def test_attention_is_followed_in_training() -> None:
    pytest.importorskip("timm")
    app = open_app(MEMORY, network="timm/vit_tiny_patch16_224", part="Training")
    assert not app.error
    assert metrics(app)["Saved for backward, plain"] != "0 B"
