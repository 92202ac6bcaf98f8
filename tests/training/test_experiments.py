"""Experiments by name: what they take from papers, what is trained of them, and what the outcome is worth."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

import analysis
from archs import get_config
from archs.errors import UnknownNameError
from cli import main
from training import experiments, get_recipe, list_data, list_runs
from training.engine import loop
from training.experiments import Outcome, finding, get_experiment, list_experiments, outcomes

OSA = get_experiment("osa")
DIGITS = get_recipe("digits")
#: Errors on CIFAR-10 with augmentation, in percent: DenseNet's Table 2; VoVNet, section 3.
PUBLISHED = {"densenet40_k12": 5.24, "osa40_12": 6.40, "osa40_5x43": 5.44}


def outcome(contender=OSA.contenders[0], errors=(0.1,), published_error=5.0):
    settings = OSA.settings(contender, DIGITS, small=True)
    return Outcome(contender, settings, tuple(errors), published_error, "who says so")


def ranked(*errors: tuple[float, ...]) -> list[Outcome]:
    """Outcomes of the three networks, published as 1, 2 and 3 %."""
    return [outcome(*each) for each in zip(OSA.contenders, errors, (1.0, 2.0, 3.0), strict=True)]


def test_the_published_errors_of_osa():
    runs = outcomes(OSA, lambda name, asked: SimpleNamespace(accuracy=0.9), DIGITS, small=True)
    found = {each.contender.network: each for each in runs}
    assert {name: each.published_error for name, each in found.items()} == PUBLISHED
    assert all(each.source for each in found.values())
    assert all(each.error == pytest.approx(0.1) for each in found.values())


@pytest.mark.parametrize("name", list_experiments())
def test_the_whole_experiment_trains_the_registered_networks_as_the_paper(name):
    asked = get_experiment(name)
    recipe = asked.recipe_at(small=False)
    for contender in asked.contenders:
        settings = asked.settings(contender, recipe, small=False)
        assert settings.design.config == get_config(contender.network)
        assert (settings.data, settings.recipe) == (asked.data, get_recipe(asked.recipe))
    assert asked.data in list_data()


@pytest.mark.parametrize("name", list_experiments())
def test_the_small_version_keeps_what_is_compared(name):
    asked = get_experiment(name)
    recipe = asked.recipe_at(small=True)
    macs = []
    for contender in asked.contenders:
        whole, small = get_config(contender.network), asked.settings(contender, recipe, small=True).design.config
        assert small == replace(whole, **contender.narrow, image_size=small.image_size, in_channels=small.in_channels)
        assert (small.links, small.block_config) == (whole.links, whole.block_config)
        macs.append(analysis.summarize(small).macs)
    assert max(macs) < 1.15 * min(macs)


def test_every_seed_is_a_run_of_its_own():
    asked = []

    def train(name, settings):
        asked.append((name, settings.recipe.seed))
        return SimpleNamespace(accuracy=0.5 + 0.1 * settings.recipe.seed)

    first, *_ = outcomes(OSA, train, DIGITS, small=True, seeds=2)
    names = [f"osa-small-{name}" for name in PUBLISHED]
    assert asked == [(f"{name}-{seed}", seed) for name in names for seed in (0, 1)]
    assert (first.error, first.spread) == (pytest.approx(0.45), pytest.approx(0.1))


AGREES, AGREES_NOT = "The order agrees", "The order does not agree"
FINDINGS = {
    "more than chance": (((0.1, 0.12), (0.2, 0.21), (0.3, 0.3)), AGREES, "more than chance."),
    "the other way round": (((0.3, 0.3), (0.2, 0.2), (0.1, 0.1)), AGREES_NOT, "more than chance."),
    "the seeds differ as much": (((0.1, 0.2), (0.1, 0.22), (0.1, 0.3)), AGREES, "chance could have made it."),
    "one seed tells nothing": (((0.1,), (0.2,), (0.3,)), AGREES, "nothing tells how much of that is chance."),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_what_an_outcome_is_worth(case):
    errors, verdict, worth = FINDINGS[case]
    sentence = finding(ranked(*errors))
    assert "published: DenseNet-40, OSA 12 × 23 and OSA 5 × 43. Trained here: " in sentence
    assert verdict in sentence
    assert sentence.endswith(worth)


def test_one_command_trains_all_and_goes_on_with_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    tiny = {"growth_rate": 2, "num_init_features": 4, "block_config": (1, 1)}
    contenders = tuple(replace(each, narrow=tiny) for each in OSA.contenders)
    monkeypatch.setitem(experiments._EXPERIMENTS, "osa", replace(OSA, contenders=contenders))
    line = ["experiment", "osa", "--small", "--seeds", "1", "--with", "epochs=1", "--with", "batch_size=256"]
    assert main([*line, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["published_error"] for row in rows] == [pytest.approx(error / 100) for error in PUBLISHED.values()]
    assert sorted(list_runs()) == sorted(f"osa-small-{name}-0" for name in PUBLISHED)

    def refuse(*_, **__):
        raise AssertionError("it is trained again")

    monkeypatch.setattr(loop, "fit", refuse)
    assert main(line) == 0
    shown = capsys.readouterr().out
    for words in ("Published error", "6.40", "Trained error", "nothing tells", "published on CIFAR-10+", "(epochs=1"):
        assert words in shown


@pytest.mark.parametrize(
    "line", ["experiment oza", "experiment osa --seeds 0", "experiment osa --small --with epoch=1"]
)
def test_bad_input_ends_with_one_line(line, capsys):
    assert main(line.split()) == 2
    [sentence] = capsys.readouterr().err.splitlines()
    assert sentence.startswith("error: ")


def test_unknown_experiments_are_told_the_nearest():
    with pytest.raises(UnknownNameError, match="'osa'"):
        get_experiment("oza")
