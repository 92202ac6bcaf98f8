"""What was learned here as evidence: of runs that have ended, of the very network, like set against like."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from analysis.choice import Candidate, Trained, like_with_like, trained_alike, trained_finding
from archs import get_config
from archs.errors import UnknownNameError
from archs.kept import RECORD
from tests.support.runs import TINY, write_run
from training.accuracy import accuracy_rows, finished_run, finished_runs, runs_of
from training.errors import TrainingError


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    return tmp_path


def names(runs):
    return sorted(one.run for one in runs)


def test_only_runs_that_have_ended_are_evidence(folder):
    write_run("done", accuracy=0.9, weights=False)
    for state in ("new", "running", "stopped", "failed"):
        write_run(f"is-{state}", state=state, weights=False)
    (folder / "runs" / "torn").mkdir()
    (folder / "runs" / "torn" / RECORD).write_text('{"schema": 1, ')
    [found] = finished_runs()
    assert (found.trained.run, found.trained.accuracy) == ("done", 0.9)


def test_what_has_changed_is_read_again():
    run = write_run("tiny", accuracy=0.5, weights=False)
    assert [one.trained.accuracy for one in finished_runs()] == [0.5]
    run.append(
        {
            "kind": "epoch",
            "step": 40,
            "epoch": 4,
            "train_loss": 0,
            "train_accuracy": 1,
            "test_loss": 0,
            "test_accuracy": 0.75,
        }
    )
    os.utime(run.folder / "log.jsonl", ns=(1, 1))
    assert [one.trained.accuracy for one in finished_runs()] == [0.75]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"num_classes": 7}, True),
        ({"image_size": 64}, True),
        ({"in_channels": 4}, True),
        ({"memory_efficient": True}, True),
        ({"drop_rate": 0.2}, False),
        ({"growth_rate": 5}, False),
        ({"compression": 0.5}, False),
    ],
)
def test_a_run_is_of_a_network_whatever_the_images(change, same):
    """As `training.train.fitted` would make of it what the run has trained."""
    write_run("tiny", TINY, weights=False)
    assert bool(runs_of("", replace(TINY, **change), finished_runs())) == same


def test_a_recipe_that_sets_dropout_makes_those_alike_that_differ_in_it():
    write_run("dropped", TINY, weights=False, drop_rate=0.3)
    assert runs_of("", replace(TINY, drop_rate=0.1), finished_runs())


def test_another_family_is_another_network():
    write_run("tiny", TINY, weights=False)
    assert not runs_of("", get_config("peleenet"), finished_runs())


def test_a_run_itself_is_only_itself():
    write_run("one", weights=False)
    write_run("two", weights=False)
    found = finished_runs()
    assert names(runs_of("run:one", TINY, found)) == ["one"]
    assert names(runs_of("my design", TINY, found)) == ["one", "two"]


def test_seeds_are_alike_and_epochs_are_not():
    for name, fields in {"a": {"seed": 1}, "b": {"seed": 2}, "c": {"epochs": 4}}.items():
        write_run(name, weights=False, **fields)
    conditions = {one.trained.run: one.trained.conditions for one in finished_runs()}
    assert conditions["a"] == conditions["b"] != conditions["c"]


def test_a_run_by_its_name_says_why_it_is_no_evidence():
    write_run("going-on", state="running")
    with pytest.raises(TrainingError, match=r"^The run 'going-on' has not ended: its accuracy is not known yet.$"):
        finished_run("run:going-on")
    with pytest.raises(UnknownNameError):
        finished_run("run:nothing")


def test_rows_cost_what_the_trained_network_costs():
    write_run("tiny", accuracy=0.75, weights=False)
    [row] = accuracy_rows("Handwritten digits")
    assert (row["name"], row["error"], row["image_size"], row["evidence"]) == ("run:tiny", 25.0, 8, "trained")
    assert not accuracy_rows("Fashion-MNIST")


def trained(run, accuracy, recipe="digits", epochs=8, title="Digits"):
    return Trained(run, TINY, title, recipe, epochs, accuracy)


def test_like_is_set_against_like():
    """The usual recipe before a better one; else the most accurate."""
    found = like_with_like(
        {
            "a": [trained("a1", 0.9), trained("a2", 0.99, epochs=80)],
            "b": [trained("b1", 0.8), trained("b2", 0.85)],
            "c": [trained("c1", 0.7, epochs=80), trained("c2", 0.6)],
            "d": [],
        }
    )
    assert {name: one.run for name, one in found.items()} == {"a": "a1", "b": "b2", "c": "c2"}


def candidates(**found):
    return [Candidate(name, None, None, one) for name, one in found.items()]


def test_the_finding_says_who_was_trained_otherwise():
    known = candidates(a=trained("a", 0.9), b=trained("b", 0.8), c=trained("c", 0.95, epochs=80), d=None)
    assert trained_alike(known) == ["a", "b"]
    said = trained_finding(known).replace("\u2009", " ")
    assert said == (
        "Trained here on Digits, 32×32, c classifies 95.0 % of the test images right (recipe digits, 80 epochs); "
        "a is next, 5.0 points behind. Trained otherwise: a and b."
    )
    assert trained_finding(candidates(d=None)) == ""
    assert "a is next, about as good." in trained_finding(candidates(a=trained("a", 0.9), b=trained("b", 0.9001)))


@pytest.mark.parametrize("key", ["top1", "images_per_s"])
def test_an_accuracy_that_was_trained_here_is_no_published_one(key):
    [one] = candidates(a=trained("a", 0.9))
    assert one.fact(key) is None
    assert one.fact("accuracy_here")[:3] == (0.9, "trained", None)
