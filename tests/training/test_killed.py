"""A run that was killed and is told to train again comes to the very weights that it would have come to."""

from __future__ import annotations

import os
import signal
from functools import partial

import numpy as np
import pytest

from tests.support.groups import run_group
from training.runs import Run, get_run

pytest.importorskip("accelerate")
from safetensors.numpy import load_file

#: All that is random in a training: order, shifts, flips, blending and dropout. 12 steps an epoch.
RECIPE = {
    **{"epochs": 2, "batch_size": 128, "shift": 1, "flip": 0.5, "mixup": 0.2, "drop_rate": 0.2, "ema_decay": 0.9},
    **{"accumulate": 2, "max_norm": 5.0, "label_smoothing": 0.1},
}
#: A dense layer in each of two blocks.
NETWORK = {"block_config": (1, 1), "growth_rate": 4, "num_init_features": 8}
#: Steps of an epoch between two checkpoints.
SAVED = 5


def train(name: str, killed: tuple[int, int] | None = None) -> None:
    """The command that is given again and again; or the process of a rank is killed in its nth step."""
    import training
    import training.engine.looks
    import training.engine.loop
    from archs import get_config

    training.engine.looks.LOOK_SECONDS = 0
    step, steps = training.engine.loop.step, iter(range(1, 1000))

    def deadly(*args):
        if (int(os.environ.get("RANK", 0)), next(steps)) == killed:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*args)

    training.engine.loop.step = deadly
    run = training.prepare(get_config("densenet121", **NETWORK), "digits", "digits", name=name, **RECIPE)
    training.resume(run, save_every=SAVED)


def weights_and_log(run: Run):
    rows = [(row["kind"], row["step"], row.get("loss", row.get("test_loss"))) for row in run.log()]
    return load_file(run.weights), rows


def assert_equal(run: Run, other: Run) -> None:
    (weights, rows), (others, others_rows) = weights_and_log(run), weights_and_log(other)
    assert weights.keys() == others.keys()
    for name, values in weights.items():
        assert np.array_equal(values, others[name]), name
    assert rows == others_rows
    assert run.state == other.state == "finished"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Trains with so many processes, killed where it is said, then not; the run."""
    with pytest.MonkeyPatch.context() as patch:
        place = str(tmp_path_factory.mktemp("data"))
        patch.setenv("DENSESCOPE_DATA", place)

        def run(processes: int, name: str, *kills: tuple[int, int]) -> Run:
            for killed in kills:
                statuses = run_group(processes, partial(_in, place), name, killed)
                assert statuses[killed[0]] == -signal.SIGKILL
                assert get_run(name).state in ("killed", "failed")
            assert run_group(processes, partial(_in, place), name) == [0] * processes
            return get_run(name)

        yield run


def _in(place: str, *args) -> None:
    os.environ["DENSESCOPE_DATA"] = place
    train(*args)


@pytest.fixture(scope="module")
def undisturbed(trained):
    return {processes: trained(processes, f"undisturbed-{processes}") for processes in (1, 2)}


@pytest.mark.parametrize(
    ("processes", "kills"),
    [
        pytest.param(1, [(0, 3)], id="before the first checkpoint"),
        pytest.param(1, [(0, 8), (0, 14)], id="twice, each time in the middle of an epoch"),
        pytest.param(2, [(0, 8)], id="the main one of two"),
        pytest.param(2, [(1, 8), (1, 14)], id="the other one of two, twice"),
    ],
)
def test_a_killed_run_goes_on_as_if_nothing_had_happened(trained, undisturbed, processes, kills):
    assert_equal(trained(processes, f"killed-{processes}-{len(kills)}-{kills[0][1]}", *kills), undisturbed[processes])
