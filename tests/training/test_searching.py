"""Trained accuracy in a search: the same value whoever asks, kept under all that it depends on, and no run is left."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import pytest
import torch

import analysis
from analysis.search.quantities import (
    EVALUATORS,
    SEARCH_QUANTITIES,
    SLOW,
    EvaluationError,
    evaluation_key,
    register_evaluator,
)
from analysis.search.store import Store
from archs import get_config
from archs.errors import ConfigError, UnknownNameError
from cli import main
from training import get_recipe, list_runs
from training.data import get_data, images
from training.data.images import open_data
from training.data.registry import DataError
from training.searching import HELD_OUT, TrainedAccuracy

TINY = replace(get_config("densenetbc40_k12"), growth_rate=4, block_config=(1, 1), num_init_features=4)
SPACE = analysis.Space(TINY, {"growth_rate": (4, 16)})
BASE = {"recipe": get_recipe("digits", batch_size=16), "epochs": 3, "images": 320}
SHORT = TrainedAccuracy(**BASE)


@pytest.fixture(scope="module")
def accuracies() -> list[float]:
    return [SHORT(SPACE.config_at(number)) for number in range(2)]


def test_a_search_finds_the_network_that_learns_most(accuracies, tmp_path, monkeypatch):
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path / "data"))
    store, how = tmp_path / "store", {"trained_accuracy": SHORT}
    found = analysis.search(SPACE, None, {"trained_accuracy": "max"}, evaluators=how, store=store)
    assert found.feasible["trained_accuracy"].tolist() == accuracies
    assert found.front["growth_rate"].tolist() == [(4, 16)[accuracies.index(max(accuracies))]]
    assert 0.2 < min(accuracies) < max(accuracies) <= 1
    assert list_runs() == []
    assert sorted(Store(store).load(evaluation_key("trained_accuracy", SHORT)).values()) == sorted(accuracies)

    def refuse(config):
        raise AssertionError("it is trained again")

    monkeypatch.setattr(TrainedAccuracy, "__call__", refuse)
    again = analysis.search(SPACE, None, {"trained_accuracy": "max"}, evaluators=how, store=store)
    assert again.front.equals(found.front)


def test_a_value_follows_from_config_and_settings_whatever_else_runs(accuracies):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(2)
    try:
        assert SHORT(SPACE.config_at(0)) == accuracies[0]
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(
    "settings",
    [
        {"data": "fashion"},
        {"recipe": "densenet-cifar"},
        {"recipe": get_recipe("digits", lr=0.05)},
        {"epochs": 2},
        {"images": 319},
        {"seed": 1},
    ],
    ids=lambda settings: ", ".join(settings),
)
def test_all_that_a_value_depends_on_is_in_its_key(settings):
    key, same, other = (
        evaluation_key("trained_accuracy", each)
        for each in (SHORT, TrainedAccuracy(**BASE), TrainedAccuracy(**BASE | settings))
    )
    assert key == same != other


@pytest.mark.parametrize("name", ["digits", "fashion"])
def test_images_that_are_learned_from_are_not_tested_on(name):
    found, known = TrainedAccuracy(name), get_data(name).train_images
    assert found.images + found.held_out == known
    assert found.held_out == min(HELD_OUT, known // 5)


def test_what_is_held_out_are_the_last_training_images():
    learned, tested, _ = SHORT._split()
    whole = open_data(get_data("digits"), get_recipe("digits")).train
    assert (learned.which.tolist(), tested.which.tolist()) == ([*range(320)], [*range(1150, 1437)])
    assert torch.equal(tested.batch([0, 286])[0], whole.batch([1150, 1436])[0])


BAD_SETTINGS = {
    "an unknown data set": ({"data": "fashon"}, UnknownNameError, "'fashion'"),
    "an unknown recipe": ({"recipe": "digit"}, UnknownNameError, "'digits'"),
    "more images than there are": ({"images": 1151}, ConfigError, "images is 1151, but must be an integer from 2"),
    "no epochs": ({"epochs": 0}, ConfigError, "epochs is 0"),
    "half a seed": ({"seed": 0.5}, ConfigError, "seed is 0.5"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_bad_settings_are_refused_in_a_sentence(case):
    settings, error, words = BAD_SETTINGS[case]
    with pytest.raises(error) as caught:
        TrainedAccuracy(**settings)
    assert words in str(caught.value)


def test_a_network_that_diverges_has_no_value():
    assert isnan(TrainedAccuracy(**BASE | {"recipe": get_recipe("digits", lr=100.0, weight_decay=1.0)})(TINY))


def test_missing_images_end_the_search_in_their_own_sentence_and_nothing_is_kept(tmp_path, monkeypatch):
    def missing(*_, **__):
        raise DataError("The digits are not here: look elsewhere.")

    monkeypatch.setattr(images, "open_data", missing)
    with pytest.raises(EvaluationError, match="The digits are not here: look elsewhere"):
        analysis.search(SPACE, None, "trained_accuracy", evaluators={"trained_accuracy": SHORT}, store=tmp_path)
    assert not list(tmp_path.iterdir())


def test_it_is_one_quantity_of_searches_and_not_of_the_browser():
    assert "trained_accuracy" in SLOW & set(EVALUATORS)
    with pytest.raises(ValueError, match="registered twice"):
        register_evaluator(SEARCH_QUANTITIES["trained_accuracy"], SHORT)


def test_the_command_line_trains(capsys):
    line = "search --space densenet-bc-cifar --limit 1 --seed 6 --maximize trained_accuracy --epochs 1 --images 8"
    assert main(line.split()) == 0
    printed = capsys.readouterr().out
    assert "Held-out" in printed
    assert "they rank networks, and nothing more" in printed


@pytest.mark.parametrize("options", ["--data fashon", "--recipe digit", "--images few", "--epochs 0"])
def test_the_command_line_refuses_in_one_line(options, capsys):
    assert main(["search", "--limit", "9", *options.split()]) == 2
    [sentence] = capsys.readouterr().err.splitlines()
    assert sentence.startswith("error: ")
