"""Training steps in the app: the memory that they take, and what is published of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.facts import get_device
from analysis.hardware.predict.trained_runs import published_steps
from analysis.hardware.published_steps import published_step_speeds
from analysis.hardware.speeds import Conditions
from analysis.hardware.step_memory import FITS, NO_ROOM, PERHAPS_FITS, StepBytes, step_bytes
from analysis.hardware.steps import has_no_room, predict_steps, room_finding
from analysis.memory import memory
from analysis.units import THIN_SPACE
from archs import create_model

NAME = "vovnet39"
CARD = get_device("RTX 3090")


@pytest.mark.parametrize("optimizer", ["none", "sgd", "adamw"])
def test_in_float32_a_step_takes_what_is_counted(optimizer: str) -> None:
    counted = memory(NAME, 224, 64, mode="training").total_bytes(optimizer)
    assert step_bytes(NAME, Conditions(64, precision="float32"), optimizer) == (counted, counted)


def test_under_autocast_it_lies_between_all_in_16_bits_and_all_in_32() -> None:
    whole, half = (memory(NAME, 224, 64, dtype, mode="training") for dtype in ("float32", "float16"))
    found = step_bytes(NAME, Conditions(64), "sgd")
    assert found == (half.total_bytes("sgd"), whole.total_bytes("sgd") + half.weight_bytes)


def test_what_autograd_saves_under_autocast_lies_between_both() -> None:
    torch = pytest.importorskip("torch")
    from analysis.hardware.measure.training import saved_bytes

    half, whole = (memory("peleenet", 64, 2, dtype, mode="training") for dtype in ("bfloat16", "float32"))
    with torch.autocast("cpu", torch.bfloat16):
        saved = saved_bytes(create_model("peleenet").train(), torch.zeros(2, 3, 64, 64))
    assert half.saved_bytes <= saved <= whole.saved_bytes + half.weight_bytes


@pytest.mark.parametrize(
    ("nbytes", "room"), [(9e9, NO_ROOM), (1e10, PERHAPS_FITS), (1.9e10, PERHAPS_FITS), (2e10, FITS), (None, "")]
)
def test_it_fits_where_the_most_that_it_takes_fits(nbytes: float | None, room: str) -> None:
    assert StepBytes(10**10, 2 * 10**10).room(replace(CARD, memory_bytes=nbytes)) == room


def test_a_step_that_does_not_fit_is_said_with_its_bytes() -> None:
    conditions = Conditions(512, precision="float32")
    steps = predict_steps(NAME, [CARD, get_device("H100 SXM")], conditions)
    held = {NAME: step_bytes(NAME, conditions, "sgd")}
    assert [has_no_room(step, held) for step in steps] == [True, False]
    told = room_finding(steps, held).replace(THIN_SPACE, " ")
    assert told.startswith(
        f"Of these steps, 1 of 2 don't fit into the memory of their device, such as {NAME} on RTX 3090 ("
    )
    assert not room_finding(steps, {NAME: None})


def test_published_steps_stand_beside_those_of_the_same_conditions_alone() -> None:
    [speed] = published_step_speeds(predict_steps(NAME, [CARD], Conditions(256)))
    runs = [run for run in published_steps() if (run.network, run.device) == (f"timm/{NAME}a", "RTX 3090")]
    assert speed.evidence == "published"
    assert speed.images_per_s in [run.batch_size / run.seconds for run in runs]
    assert speed.error is None
    assert "rtx3090" in speed.source
    others = (Conditions(256, 192), Conditions(256, precision="float32"), Conditions(1))
    assert not [one for given in others for one in published_step_speeds(predict_steps(NAME, [CARD], given))]
    assert not published_step_speeds(predict_steps(NAME, [CARD], Conditions(256), "adamw"))
