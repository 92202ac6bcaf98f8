"""Sentences about runs, what is published beside them, and how far a run is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from analysis.facts import published
from archs.registry import list_archs
from training import Run, get_recipe, list_data, list_recipes, prepare
from training.data import get_data
from training.engine.predictions import read_predictions
from training.findings import Outcome, outcome_of, runs_finding
from training.published_curves import Published, _curves, beside
from training.runs.examples import is_shipped, shipped
from training.runs.progress import progress_of, thinned

DIGITS, CIFAR = get_data("digits"), get_data("cifar10")
PAPER = Published("DenseNet", "densenet40_k12", "cifar10", True, ((300, 0.9476),), "densenet-cifar", "Table 2", "")


def outcome(name: str = "one", accuracy: float | None = 0.95, epochs: int = 8, **more: object) -> Outcome:
    recipe = get_recipe("digits")
    found = Outcome(name, "peleenet", DIGITS, recipe, "finished", epochs, accuracy, 9.2, None)
    return found._replace(**more)


RIGHT = "peleenet classifies 95.0 % of 360 test images (Handwritten digits) right after 8 epochs in 9.2 s."


@pytest.mark.parametrize(
    ("outcomes", "sentence"),
    [
        ([outcome()], RIGHT),
        ([outcome(seconds=None)], RIGHT.replace(" in 9.2 s", "")),
        ([outcome(epochs=3)], RIGHT.replace("after 8 epochs in 9.2 s", "after 3 of 8 epochs")),
        ([outcome(accuracy=None, epochs=0)], "No epoch has ended yet: the first figures come with the first one."),
        ([outcome("two"), outcome()], f"{RIGHT} one has as much."),
        ([outcome("two", 0.9), outcome()], f"{RIGHT} That is 5.0 points more than two."),
        (
            [outcome("two", 0.9, network="vovnet39"), outcome(), outcome("three", 0.8)],
            f"{RIGHT} It is the best of 3 runs, 5.0 points before vovnet39.",
        ),
        (
            [outcome("two", 0.9, epochs=4, recipe=get_recipe("digits", lr=0.2)), outcome()],
            f"{RIGHT} That is 5.0 points more than two (after 4 epochs and by another recipe).",
        ),
        (
            [outcome(), outcome("else", 0.99, data=CIFAR)],
            f"{RIGHT} 1 run on other data cannot be set against it.",
        ),
        ([outcome(published=PAPER)], f"{RIGHT} It is 0.2 points above the 94.8 % that are published of it after "
            "300 epochs, here 8."),
    ],
)  # fmt: skip
def test_sentences(outcomes: list[Outcome], sentence: str) -> None:
    assert runs_finding(outcomes).replace("\u2009", " ") == sentence


def test_published_curves_are_of_what_there_is() -> None:
    for one in _curves():
        assert one.arch in list_archs()
        assert one.data in list_data()
        assert one.recipe in list_recipes()
        assert one.source
        assert one.epochs == get_recipe(one.recipe).epochs
        assert all(a < b for (a, _), (b, _) in pairwise(one.points))
        assert all(0 < accuracy < 1 for _, accuracy in one.points)


#: Pytorch Note 32's log, as far as it is told, and Dive into Deep Learning 8.7.
@pytest.mark.parametrize(
    ("data", "points"),
    [("cifar10", [(1, 0.586), (10, 0.836), (11, 0.887), (20, 0.9006)]), ("fashion", [(10, 0.885)])],
)
def test_curves(data: str, points: list[tuple[int, float]]) -> None:
    (curve,) = [one for one in _curves() if one.data == data]
    assert [*curve.points] == points


#: Table 2 of arXiv:1608.06993: errors without and with augmentation.
@pytest.mark.parametrize(
    ("arch", "data", "plain", "augmented"),
    [("densenet40_k12", "cifar10", 7.0, 5.24), ("densenetbc100_k12", "cifar100", 24.15, 22.27)],
)
def test_end_points_are_like_with_like(arch: str, data: str, plain: float, augmented: float) -> None:
    for recipe, error in (("densenet-cifar-plain", plain), ("densenet-cifar", augmented)):
        *_, end = beside(arch, data, get_recipe(recipe))
        assert (end.arch, end.epochs) == (arch, 300)
        assert end.accuracy == pytest.approx(1 - error / 100)
        assert error in set(published("accuracy", arch=arch, metric="error")["value"])


def test_what_nobody_published_has_nothing_beside_it() -> None:
    assert beside("densenetbc40_k12", "digits", get_recipe("digits")) == []
    assert [one.arch for one in beside("peleenet", "fashion", get_recipe("digits"))] == ["densenet_d2l"]


def test_what_is_shipped_is_whole() -> None:
    runs = shipped()
    assert runs
    for run in runs:
        assert is_shipped(run)
        assert run.state == "finished"
        found = read_predictions(run.folder)
        data = get_data(run.data)
        assert len(found.labels) == data.test_images
        assert run.accuracy == pytest.approx(found.right / data.test_images)
        assert outcome_of(run).epochs == run.recipe.epochs
        assert sum(path.stat().st_size for path in run.folder.iterdir()) < 100_000


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Two of eight epochs of 23 steps, half a second each; an hour's pause between the epochs."""
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    run = prepare("densenetbc40_k12", recipe="digits")
    with (run.folder / "log.jsonl").open("w", encoding="utf-8") as file:
        for step in range(1, 47):
            now = datetime(2026, 11, 27, tzinfo=UTC) + timedelta(seconds=step / 2 + 3600 * (step > 23))
            row = {"step": step, "loss": 1 / step, "lr": 0.1, "images_per_s": 128.0, "time": now.isoformat()}
            print(json.dumps({"kind": "step"} | row), file=file)
            if step % 23 == 0:
                print(json.dumps({"kind": "epoch"} | row | {"epoch": step // 23, "test_accuracy": 0.5}), file=file)
    return run


def test_time_left_follows_the_pace_without_pauses(run: Run) -> None:
    found = progress_of(run)
    assert found.epochs_done == 2
    assert found.images_per_s == 128
    assert found.seconds_left == pytest.approx(6 * 23 * 0.5)
    assert found.curves["test_accuracy"] == [(1.0, 0.5), (2.0, 0.5)]
    assert len(found.curves["loss"]) == 46


def test_curves_keep_their_ends_and_their_means() -> None:
    points = [(float(step), 2.0) for step in range(1000)]
    assert len(thinned(points)) <= 400
    assert {y for _, y in thinned(points)} == {2.0}
    assert thinned(points[:400]) == points[:400]
