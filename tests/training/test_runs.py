"""What a run keeps: a log that survives torn lines and steps done again, a record, a name, one process at a time."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading

import pytest

from archs import get_config
from archs.design import Design
from archs.errors import ConfigError
from training import Run, TrainingError, delete_run, get_recipe, get_run, list_runs, rename_run
from training.runs import create_run, find_or_create_run
from training.runs import log as logs

TINY = Design("tiny", get_config("densenet121", block_config=(1, 1)))
RECIPE = get_recipe("digits")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    return tmp_path / "runs"


def new(name: str = "one", **recipe) -> Run:
    return create_run(name, TINY, "digits", RECIPE.varied(**recipe))


def said(run: Run) -> list[tuple[str, int]]:
    return [(row["kind"], row["step"]) for row in run.log()]


# The log


def history(steps: int, begin: int, end: int, every: int) -> list[tuple[str, int]]:
    """What a process writes that does the steps after `begin` up to `end`, looking after every so many."""
    rows = []
    for step in range(begin + 1, end + 1):
        if step % every == 0 or step % steps == 0:
            rows.append(("step", step))
        if step % steps == 0:
            rows.append(("epoch", step))
    return rows


@pytest.mark.parametrize("seed", range(30))
def test_steps_that_were_done_again_stand_once(seed):
    """Processes that are killed anywhere and begin again anywhere before; the last one comes to the end."""
    chance, run, steps, end = random.Random(seed), new(), 6, 24
    at = 0
    while at < end:
        begin = chance.randint(0, at)
        at = max(at, chance.choice([end, chance.randint(begin, end)]))
        for kind, step in history(steps, begin, at, chance.choice([1, 2, 5, 100])):
            run.append({"kind": kind, "step": step})
        assert said(run) == said(get_run("one"))
        found = said(run)
        assert found == sorted(found, key=lambda row: (row[1], row[0] == "epoch"))
        assert len(set(found)) == len(found)
        assert [step for kind, step in found if kind == "epoch"] == list(range(steps, at + 1, steps))


def test_a_torn_last_line_harms_nothing():
    run = new()
    for step in (1, 2):
        run.append({"kind": "step", "step": step})
    path = run.folder / "log.jsonl"
    path.write_bytes(path.read_bytes()[:-15])
    assert said(run) == [("step", 1)]
    run.append({"kind": "step", "step": 2})
    assert said(run) == [("step", 1), ("step", 2)]


def test_a_log_is_read_on_from_where_it_was_read_last(monkeypatch):
    """Whoever polls a long log reads only what was added."""
    run, added, add = new(), [], logs._Reader._add
    with (run.folder / "log.jsonl").open("w") as file:
        file.writelines(f'{{"kind": "step", "step": {step}}}\n' for step in range(1, 100_001))
    monkeypatch.setattr(logs._Reader, "_add", lambda self, content: added.append(len(content)) or add(self, content))
    assert len(run.log()) == 100_000
    run.append({"kind": "step", "step": 100_001})
    assert len(get_run("one").log()) == 100_001
    assert len(get_run("one").log()) == 100_001
    assert added[0] > 2_000_000
    assert added[1] < 100
    assert added[2] == 0


def test_another_log_of_the_same_name_is_read_anew():
    run = new()
    run.append({"kind": "step", "step": 1, "loss": 0.5})
    assert run.log()[0]["loss"] == 0.5
    delete_run("one")
    run = new()
    assert run.log() == []
    for step in range(1, 5):
        run.append({"kind": "step", "step": step, "loss": 0.25})
    assert {row["loss"] for row in run.log()} == {0.25}
    assert len(run.log()) == 4


def test_a_log_that_cannot_be_written_is_told(tmp_path):
    run = new()
    (run.folder / "log.jsonl").symlink_to("/dev/full")
    with pytest.raises(TrainingError, match=r"The run 'one' cannot be written .*\(No space left on device\); nothing"):
        run.append({"kind": "step", "step": 1})


@pytest.mark.parametrize(
    ("rows", "accuracy"),
    [
        ([], None),
        ([{"test_accuracy": 0.5}, {"test_accuracy": 0.4}], 0.4),
        ([{"test_accuracy": 0.5, "averaged_accuracy": 0.6}], 0.6),
        (
            [
                {"test_accuracy": 0.5, "validation_accuracy": 0.7},
                {"test_accuracy": 0.6, "validation_accuracy": 0.7},
                {"test_accuracy": 0.9, "validation_accuracy": 0.6},
            ],
            0.5,
        ),
    ],
)
def test_the_accuracy_is_that_of_the_weights_that_are_kept(rows, accuracy):
    run = new()
    for number, row in enumerate(rows, start=1):
        run.append({"kind": "epoch", "step": number, "epoch": number, **row})
    assert run.accuracy == accuracy


# The record


def test_a_run_that_says_it_is_running_while_nobody_trains_it_was_killed():
    run = new()
    run.update(state="running")
    assert run.state == get_run("one").state == "killed"
    with run.taken():
        assert get_run("one").state == "running"
    assert run.state == "killed"


def test_a_lock_goes_with_the_process_that_held_it():
    run = new()
    hold = f"""
import time, filelock
with filelock.FileLock({str(run.folder / ".lock")!r}):
    print(1, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as process:
        process.stdout.read(1)
        assert run.is_taken()
        for change in (lambda: rename_run("one", "two"), lambda: delete_run("one")):
            with pytest.raises(TrainingError, match="The run 'one' is being trained: stop it first"):
                change()
        process.kill()
        process.wait()
        assert not run.is_taken()


def test_looking_whether_a_run_is_taken_keeps_nobody_from_taking_it():
    """The app asks every two seconds, for an instant."""
    run = new()
    with run.taken(wait=0):
        other: list[bool] = []
        thread = threading.Thread(target=lambda: other.append(take(run)))
        thread.start()
    thread.join()
    assert other == [True]


def take(run: Run) -> bool:
    with run.taken():
        return True


def test_the_same_name_goes_on_only_with_the_same_training():
    run = new()
    again = find_or_create_run("one", TINY, "digits", RECIPE)
    assert again.folder == run.folder
    for design, recipe, differs in (
        (TINY, RECIPE.varied(lr=0.5, epochs=9), "epochs and lr"),
        (Design("tiny", get_config("densenet121", block_config=(1, 2))), RECIPE, "network"),
    ):
        with pytest.raises(TrainingError, match=f"There is already a run 'one', which differs in {differs}: give"):
            find_or_create_run("one", design, "digits", recipe)
    assert list_runs() == ["one"]


def test_a_record_is_replaced_as_a_whole_or_not_at_all(monkeypatch):
    run = new()
    before = (run.folder / "run.json").read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainingError, match="make room and resume it"):
        run.update(state="running")
    assert (run.folder / "run.json").read_bytes() == before
    assert [path.name for path in run.folder.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "The record of the run 'one' is damaged"),
        ('{"schema": 99}', "The run 'one' was written by a newer DenseScope"),
        ('{"schema": 1}', "The record of the run 'one' is damaged: 'network'"),
    ],
)
def test_a_record_that_cannot_be_read_is_told(content, message):
    run = new()
    (run.folder / "run.json").write_text(content)
    with pytest.raises(TrainingError, match=message):
        get_run("one")


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a b", "x" * 81, None])
def test_a_name_is_one_of_a_folder(name):
    with pytest.raises(ConfigError, match="name is"):
        new(name)


def test_a_deleted_run_lies_in_the_trash(folder):
    run = new()
    run.append({"kind": "step", "step": 1})
    place = delete_run("one")
    assert (place / "log.jsonl").exists()
    assert list_runs() == []
    assert new().log() == []
