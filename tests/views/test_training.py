"""The Training view without a browser: what is asked, started, followed, resumed, renamed, deleted, and shown of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import archs
import training
from archs.design import Design
from tests.support.app import assert_sound, open_app, toasts
from tests.support.runs import write_run
from training.runs import Run, launch

VIEW = "views/training/training.py"
BEGAN = datetime(2026, 11, 27, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    return tmp_path


def logged(run: Run, epochs: int, state: str, accuracy: float = 0.9, **more: Any) -> Run:
    """A run whose log says that it has done so many epochs of ten steps, two seconds each."""
    lines = []
    for step in range(1, 10 * epochs + 1):
        now = (BEGAN + timedelta(seconds=2 * step)).isoformat()
        row = {"kind": "step", "step": step, "loss": 2 / step, "lr": 0.1, "images_per_s": 500.0, "time": now}
        lines.append(json.dumps(row))
        if step % 10 == 0:
            scores = {"train_loss": 0.3, "train_accuracy": 0.95, "test_loss": 0.2, "test_accuracy": accuracy}
            lines.append(json.dumps({"kind": "epoch", "step": step, "epoch": step // 10, "time": now, **scores}))
    (run.folder / "log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run.update(state=state, **more)
    return run


def prepared(name: str = "mine", **recipe: Any) -> Run:
    return training.prepare("densenetbc40_k12", "digits", "digits", name=name, **recipe)


def words(app: AppTest) -> str:
    return " ".join(element.value for kind in (app.markdown, app.caption, app.error) for element in kind)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click()
    app.run()
    assert_sound(app)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs that were started, without a process each."""
    names: list[str] = []
    monkeypatch.setattr(launch, "start", lambda run: names.append(run.name))
    return names


def test_a_detector_stands_beside_classifiers_and_is_not_ranked_with_them() -> None:
    write_run("garments", "fcos/peleenet", "coco", "pelee-coco", accuracy=0.9)
    write_run("digits", accuracy=0.8)
    app = open_app(VIEW)
    assert "classifies 80.0" in app.markdown[0].value
    assert "fcos/peleenet has an AP of 45.0\u2009% and an AP50 of 90.0\u2009% on 5,000 test images (COCO 2017)" in (
        app.markdown[0].value
    )
    assert "points" not in app.markdown[0].value
    assert "fcos/peleenet on COCO 2017" in words(app)
    options = {box.label: box.options for box in app.selectbox}
    assert "pelee-coco" not in options["Recipe"]
    assert "COCO 2017" not in options["Data set"]


def test_a_detector_alone_shows_its_precision() -> None:
    write_run("garments", "fcos/peleenet", "coco", "pelee-coco", accuracy=0.9, state="running")
    app = open_app(VIEW)
    assert app.markdown[0].value.startswith("fcos/peleenet has an AP of 45.0")
    assert "What a detector finds in which image is not kept" in words(app)


def test_the_first_sight_is_an_example_that_says_something() -> None:
    app = open_app(VIEW)
    assert app.markdown[0].value.startswith("densenetbc40_k12 classifies 9")
    assert "of 360 test images (Handwritten digits) right after 8 epochs" in app.markdown[0].value
    assert "cannot be set against" not in app.markdown[0].value
    assert "shipped with it" in words(app)
    assert "gets" in words(app)
    assert "of 360 test images wrong" in words(app)
    assert [button.label for button in app.button] == ["Start training", "How long will it take?"]
    assert not app.error


def test_the_example_is_one_of_the_data_at_hand() -> None:
    app = open_app(VIEW)
    app.selectbox(key="train_data").set_value("fashion").run()
    assert app.markdown[0].value.startswith("peleenet classifies 92.1")


def test_what_it_will_take_is_said_first_and_follows_the_fields() -> None:
    app = open_app(VIEW)
    assert "1,437 images in 8 epochs of 23 steps" in words(app)
    assert "(counted, in float32)" in words(app)
    app.number_input(key="recipe batch_size").set_value(128).run()
    assert "in 8 epochs of 12 steps" in words(app) or "in 8 epochs of 11 steps" in words(app)
    assert "The learning rate is 0.2 instead of 0.1" in words(app)
    app.number_input(key="recipe epochs").set_value(3).run()
    assert "in 3 epochs" in words(app)
    assert any("**Epochs** (not 8)" in box.label for box in app.number_input)


def test_the_link_carries_what_was_changed() -> None:
    app = open_app(VIEW)
    app.number_input(key="recipe epochs").set_value(3).run()
    assert app.query_params["changes"] == '{"epochs":3}'
    again = open_app(VIEW, changes='{"epochs":3,"milestones":[0.5]}')
    assert "in 3 epochs" in words(again)
    assert not toasts(again)
    for nonsense in ('{"epochs":-3}', "[]", "{", '{"speed":1}'):
        app = open_app(VIEW, changes=nonsense)
        assert "in 8 epochs" in words(app)
        assert "which was ignored" in toasts(app)[0]


def test_the_design_at_hand_can_be_trained(started: list[str]) -> None:
    design = Design("thin", archs.get_config("densenetbc40_k12", growth_rate=8))
    app = open_app("views/design/design.py", design=design.to_link())
    app.switch_page(VIEW).run()
    assert_sound(app)
    app.selectbox(key="train_which").set_value("thin (Design)").run()
    assert "thin learns from 1,437 images" in words(app)
    press(app, "Start training")
    assert training.get_run(started[0]).design.config.growth_rate == 8


def test_images_that_are_too_small_are_resized_and_it_is_said() -> None:
    app = open_app(VIEW, network="densenet121")
    assert "Images of 8 px are too small for this network: they are resized to" in words(app)
    assert not app.error


def test_a_recipe_brings_its_data_set() -> None:
    app = open_app(VIEW)
    app.selectbox(key="recipe").set_value("d2l-fashion").run()
    assert_sound(app)
    assert app.selectbox(key="train_data").value == "fashion"
    assert "60,000 images" in words(app)
    assert "Dive into Deep Learning" in words(app)


def unfolded(app: AppTest) -> AppTest:
    """The app with every field of the recipe in sight."""
    app.session_state["recipe_unfolded"], app.session_state["recipe_tabs"] = True, "Every field"
    app.run()
    assert_sound(app)
    return app


def test_what_a_field_does_not_allow_is_refused_in_a_sentence() -> None:
    app = unfolded(open_app(VIEW))
    app.text_input(key="recipe milestones").set_value("0.5, 2").run()
    assert "milestones" in app.error[0].value
    assert unfolded(app).text_input(key="recipe milestones").value == "0.25"
    app.toggle(key="recipe channels_last").set_value(False).run()
    assert "**Channels last** (not on)" in [toggle.label for toggle in unfolded(app).toggle]
    press(app, "As the recipe says")
    assert unfolded(app).toggle(key="recipe channels_last").value is True


def test_start_makes_a_run_of_what_was_asked_and_shows_it(started: list[str]) -> None:
    app = open_app(VIEW, network="peleenet", recipe="digits")
    app.number_input(key="recipe epochs").set_value(3).run()
    press(app, "Start training")
    assert started == ["peleenet-digits-changed"]
    run = training.get_run(started[0])
    assert (run.recipe.epochs, run.data, run.design.config.in_channels) == (3, "digits", 1)
    assert app.multiselect(key="runs").value == started
    assert "It has not begun" in words(app)


def test_one_run_at_a_time_unless_asked(started: list[str]) -> None:
    run = logged(prepared("first"), 2, "running", pid=1)
    with run.taken():
        app = open_app(VIEW)
        button = next(each for each in app.button if each.label == "Start training")
        assert button.disabled
        assert "Epoch 3 of 8" in app.get("progress")[0].proto.text
        assert "90.0\u2009% right, 500 images/s" in app.get("progress")[0].proto.text
        app.checkbox(key="beside_running").set_value(True).run()
        press(app, "Start training")
    assert len(started) == 1


@pytest.mark.parametrize(
    ("state", "sentence", "button"),
    [
        ("new", "It has not begun", "Start"),
        ("stopped", "It was stopped and is kept as it was", "Resume"),
        ("running", "Its process was killed", "Resume"),
        ("failed", "It failed: The loss is NaN at step 7.", "Resume"),
    ],
)
def test_a_run_that_is_not_at_its_end_says_why_and_goes_on(
    state: str, sentence: str, button: str, started: list[str]
) -> None:
    logged(prepared(), 1, state, message="The loss is NaN at step 7." if state == "failed" else "")
    app = open_app(VIEW)
    assert sentence in words(app)
    press(app, button)
    assert started == ["mine"]


def test_rename_and_delete(data_folder: Path) -> None:
    logged(prepared("old"), 8, "finished")
    logged(prepared("other"), 8, "finished")
    app = open_app(VIEW, runs="old")
    app.text_input(key="name of old").set_value("best yet/").run()
    press(app, "Rename")
    assert "Name is 'best yet/'" in app.error[0].value
    app.text_input(key="name of old").set_value("best").run()
    press(app, "Rename")
    assert app.multiselect(key="runs").value == ["best"]
    assert "old is called best now" in app.success[0].value
    press(app, "Delete")
    assert str(data_folder) in app.success[0].value
    assert training.list_runs() == ["other"]


def test_runs_abreast_are_set_against_each_other_like_with_like() -> None:
    logged(prepared("one"), 8, "finished", accuracy=0.95)
    logged(prepared("two", lr=0.01), 8, "finished", accuracy=0.9)
    app = open_app(VIEW, runs=["one", "two"])
    assert app.markdown[0].value == (
        "densenetbc40_k12 classifies 95.0\u2009% of 360 test images (Handwritten digits) right after 8 epochs. "
        "That is 5.0 points more than two (by another recipe)."
    )
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [trace["name"] for trace in figure["data"] if trace["showlegend"]][1:] == [
        "one: trained here",
        "two: trained here",
    ]
    assert len({trace["line"]["color"] for trace in figure["data"]}) == 4
    assert {trace["name"]: trace["marker"]["symbol"] for trace in figure["data"] if trace["showlegend"]} == {
        "thin: of the images that it learns from": "circle",
        "one: trained here": "circle",
        "two: trained here": "square",
    }


def test_what_is_published_stands_beside_dotted_with_its_source() -> None:
    run = training.prepare("densenet_d2l", "fashion", "d2l-fashion", name="d2l")
    logged(run, 10, "finished", accuracy=0.89)
    app = open_app(VIEW)
    assert "0.5 points above the 88.5\u2009% that are published of it." in app.markdown[0].value
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    (line,) = [trace for trace in figure["data"] if trace["line"]["dash"] == "dot"]
    assert "Dive into Deep Learning" in line["hovertext"][0]
    assert line["name"] == (
        "DenseNet of four blocks of four layers: published,<br>88.5\u2009% after 10 epochs"  # as wide as a phone
    )


def test_a_damaged_run_hides_no_other(data_folder: Path) -> None:
    logged(prepared("whole"), 8, "finished")
    (data_folder / "runs" / "torn").mkdir()
    (data_folder / "runs" / "torn" / "run.json").write_text("{", encoding="utf-8")
    app = open_app(VIEW)
    assert app.multiselect(key="runs").options == ["whole"]


#: A process that trains as far as others can see: it holds the run's folder, and ends at Ctrl-C.
TRAINS = """
import os, signal, sys, time
from training import get_run
signal.signal(signal.SIGINT, signal.default_int_handler)
run = get_run(sys.argv[1])
with run.taken():
    try:
        run.update(state="running", pid=os.getpid())
        time.sleep(60)
    except KeyboardInterrupt:
        run.update(state="stopped")
"""


def test_a_started_process_is_followed_and_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def trains(command: list[str], **more: Any) -> Any:
        assert command == [sys.executable, "cli.py", "train", "--resume", "mine", "--yes"]
        assert more["start_new_session"]
        return popen([sys.executable, "-c", TRAINS, "mine"], **more)

    monkeypatch.setattr(subprocess, "Popen", trains)
    run = prepared()
    launch.start(run)
    assert launch.state_of(run) == "starting"
    assert launch.in_progress() == ["mine"]
    with pytest.raises(training.TrainingError, match=r"is (starting|running) already"):
        launch.start(run)
    await_state(run, "running")
    launch.stop(run)
    await_state(run, "stopped")
    with pytest.raises(training.TrainingError, match="is not being trained: it is stopped"):
        launch.stop(run)


def test_a_process_that_never_came_to_training_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen
    fails = "import sys; print('error: There is no room.', file=sys.stderr); sys.exit(2)"
    monkeypatch.setattr(subprocess, "Popen", lambda command, **more: popen([sys.executable, "-c", fails], **more))
    run = prepared()
    launch.start(run)
    await_state(run, "failed")
    assert launch.problem_of(run) == "There is no room."


def await_state(run: Run, state: str) -> None:
    deadline = datetime.now() + timedelta(seconds=60)
    while launch.state_of(run) != state:
        assert datetime.now() < deadline, launch.state_of(run)
        time.sleep(0.05)
