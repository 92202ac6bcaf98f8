"""What a training will take: time is measured steps times steps, memory is what the meter counts, nothing is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.memory import memory
from training import list_runs
from training.forecast import Forecast, forecast, forecast_of
from training.runs import create_run
from training.train import settle

SLIM = {"block_config": (1, 1), "growth_rate": 4}


@pytest.fixture(scope="module")
def asked():
    import archs

    return settle(archs.get_config("densenetbc40_k12", **SLIM), "digits", "digits", epochs=3, batch_size=256)


@pytest.fixture(scope="module")
def found(asked):
    pytest.importorskip("timm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.engine.pace.ENOUGH_SECONDS", 1e6)  # however busy the machine is
        return forecast(asked, cpu=True, steps=2)


def test_time_is_that_of_a_step_times_steps(found):
    assert (found.epochs, found.steps, found.measured_steps) == (3, 6, 2)
    assert found.epoch_seconds == 6 * found.step_seconds + found.test_seconds
    assert found.total_seconds == 3 * found.epoch_seconds
    assert found.step_seconds > 0 < found.test_seconds
    assert "by the median of 2 steps measured on " in found.sentence()


@pytest.mark.parametrize(
    ("changes", "optimizer", "extra"),
    [
        ({}, "sgd", 0),
        ({"momentum": 0.0, "nesterov": False}, "none", 0),
        ({"optimizer": "adamw", "nesterov": False}, "adamw", 0),
        ({"ema_decay": 0.9}, "sgd", 1),
        ({"accumulate": 4}, "sgd", 0),
    ],
)
def test_memory_is_counted_with_what_the_recipe_says(asked, changes, optimizer, extra):
    recipe = asked.recipe.varied(**changes)
    counted = memory(asked.design.config, 8, 256 // recipe.accumulate, mode="training")
    averages = extra * (counted.weight_bytes + counted.buffer_bytes)
    told = forecast(replace(asked, recipe=recipe), steps=0, free_bytes=10**9)
    assert told.step_bytes == counted.total_bytes(optimizer) + averages
    assert told.largest_batch == recipe.accumulate * counted.largest_batch(10**9 - averages, optimizer)
    assert (told.step_seconds, told.epoch_seconds, told.is_long) == (None, None, False)
    assert told.sentence().startswith("A step holds ")


def test_recomputing_shows_in_the_memory(asked):
    less = settle("densenetbc40_k12", "digits", "digits", memory_efficient=True)
    more = settle("densenetbc40_k12", "digits", "digits")
    assert forecast(less, steps=0).step_bytes < forecast(more, steps=0).step_bytes


def test_an_optimizer_that_is_not_counted_has_no_figure(asked):
    told = forecast(replace(asked, recipe=asked.recipe.varied(optimizer="rmsprop", nesterov=False)), steps=0)
    assert (told.step_bytes, told.sentence()) == (None, "")


def test_processes_share_a_batch(asked):
    one, two = (forecast(asked, steps=0, processes=count, free_bytes=10**9) for count in (1, 2))
    assert two.step_bytes == forecast(replace(asked, recipe=asked.recipe.varied(accumulate=2)), steps=0).step_bytes
    assert two.largest_batch > one.largest_batch


def test_a_step_that_takes_long_is_told_by_a_few_images(asked, monkeypatch):
    pytest.importorskip("timm")
    import training.engine.pace

    monkeypatch.setattr(training.engine.pace, "ENOUGH_SECONDS", 0.0)
    told = forecast(asked, cpu=True)
    assert (told.measured_steps, told.measured_images) == (1, 16)
    assert "by a step of 16 images, in proportion, measured on " in told.sentence()
    assert told.step_seconds > 0


def test_what_does_not_fit_is_said_and_not_tried(asked, monkeypatch):
    pytest.importorskip("timm")
    from analysis.hardware.measure.processors import Cpu

    monkeypatch.setattr(Cpu, "free_memory", lambda self: 10**6)
    told = forecast(asked, cpu=True)
    assert not told.fits
    assert told.step_seconds is None
    assert told.sentence().startswith("A step holds ")
    assert "more than the 1\u2009MB that are free: batch" in told.sentence()


def test_two_hours_are_long_and_one_minute_is_not():
    short = Forecast(epochs=2, steps=10, batch_size=64, step_seconds=3.0, measured_steps=1)
    assert not short.is_long
    assert replace(short, epochs=240).is_long
    assert "by a step measured on" in short.sentence()


def test_the_record_of_a_run_keeps_it(asked, found, tmp_path, monkeypatch):
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    assert not list_runs()  # a forecast leaves none
    run = create_run("one", asked.design, asked.data, asked.recipe)
    assert forecast_of(run) is None
    run.update(forecast=found.to_json())
    assert forecast_of(run) == found
    assert forecast(run, steps=0).step_bytes == found.step_bytes


def test_nothing_random_is_drawn_from_the_users_generator(asked, found):
    import torch

    torch.manual_seed(7)
    before = torch.get_rng_state()
    forecast(asked, cpu=True, steps=1)
    assert torch.equal(torch.get_rng_state(), before)
