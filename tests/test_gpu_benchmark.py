"""`python -m benchmarks.gpu` as far as it goes without a GPU: what comes first, what it survives, what it tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

import archs
from analysis.hardware.measure.results import Results
from archs import get_config, list_archs
from benchmarks.gpu import __main__ as command
from benchmarks.gpu import measured
from benchmarks.gpu.checks import CHECKS, FIRST, Check, every_network
from benchmarks.gpu.record import Record
from benchmarks.gpu.report import described
from benchmarks.gpu.schedule import TOO_LATE, Schedule
from benchmarks.gpu.worker import Answer, Worker
from tests.support import frail_gpu, stand_in_gpu
from tests.support.project import HEAVY, ROOT, run_python

# What comes first


def test_every_network_comes_once_and_any_beginning_is_a_spread_of_families():
    names = every_network()
    assert sorted(names) == sorted(list_archs())
    families = {get_config(name).family for name in names[: len(FIRST)]}
    assert families == set(archs.list_families())


def test_cases_of_a_check_are_different_and_can_be_guessed_before_any_has_run():
    for check in CHECKS:
        assert len({json.dumps(case) for case in check.cases}) == len(check.cases)
        assert 0 < check.guess(**check.cases[0]) < 120


def test_a_case_is_told_by_what_tells_it_from_others():
    [memory] = [check for check in CHECKS if check.key == "memory"]
    asked = {"name": "vovnet39", "batch_size": 16, "mode": "step", "recomputed": True}
    assert described(memory, asked) == "vovnet39 (step, recomputed)"
    assert described(CHECKS[0], CHECKS[0].cases[0]) == "densenet121"


def check_of(key, share, seconds, cases=9):
    names = tuple({"name": f"{key}{number}"} for number in range(cases))
    return Check(key, key, share, names, run=None, guess=lambda name: seconds)


def taken(schedule, left, actual):
    """Names of the cases until that many seconds have passed."""
    names = []
    while turn := schedule.next(left):
        names.append(turn.case["name"])
        left -= actual[turn.check.key]
        schedule.took(turn, actual[turn.check.key], typical=True)
    return names


def test_each_check_gets_its_share_and_what_one_leaves_goes_to_the_others():
    schedule = Schedule([check_of("a", 2, 5), check_of("b", 1, 5, cases=2)])
    assert taken(schedule, 40, {"a": 5, "b": 5}) == ["a0", "b0", "a1", "a2", "b1", "a3", "a4", "a5"]


def test_a_case_that_does_not_fit_is_left_out_by_what_others_took():
    schedule = Schedule([check_of("a", 1, 5, cases=3)])
    assert taken(schedule, 30, {"a": 20}) == ["a0"]
    assert [(case["name"], reason) for _, case, reason in schedule.left_out] == [
        ("a1", f"takes about 20 s, {TOO_LATE}"),
        ("a2", f"takes about 20 s, {TOO_LATE}"),
    ]


# What it survives


def test_a_process_that_ends_hangs_or_loses_its_gpu_costs_its_case_alone():
    worker = Worker(frail_gpu.serve)
    try:
        assert worker.start() == frail_gpu.MACHINE
        assert worker.do("any", {"name": "good"}, patience=60) == Answer("measured")
        ended = worker.do("any", {"name": "ends"}, patience=60)
        assert ended == Answer("failed", reason="The process that has the GPU ended with exit code 7.")
        assert worker.do("any", {"name": "faults"}, patience=60).reason == "CUDA error."
        assert worker.do("any", {"name": "good"}, patience=60) == Answer("measured")
        assert worker.do("any", {"name": "hangs"}, patience=0.2).outcome == "stopped"
    finally:
        worker.stop()


HUNG = """
from dataclasses import replace
from benchmarks.gpu import __main__ as command
from benchmarks.gpu.checks import CHECKS
from benchmarks.gpu.worker import Worker
from tests.support import frail_gpu

cases = tuple({"name": name} for name in ("good", "hangs", "late"))
check = replace(CHECKS[0], cases=cases, guess=lambda name: 1.0)
command.take_sigterm_for_an_end()
raise SystemExit(command.main(["--output", "."], Worker(frail_gpu.serve), [check]))
"""


def test_after_sigterm_the_report_follows(tmp_path):
    place = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(ROOT)}}
    with subprocess.Popen([sys.executable, "-c", HUNG], stdout=subprocess.PIPE, text=True, **place) as process:
        assert process.stdout.readline() == "frail, PyTorch 0\n"
        assert "good: measured" in process.stdout.readline()
        process.terminate()
        assert "report.md and " in process.stdout.read()
    assert process.returncode == 0
    cases = json.loads((tmp_path / "results.json").read_bytes())["cases"]
    outcomes = {case["case"]["name"]: case["outcome"] for case in cases}
    assert outcomes == {"good": "measured", "hangs": "not reached", "late": "not reached"}
    assert "the run was ended before" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_without_a_gpu_it_says_so(tmp_path, capsys):
    assert command.main(["--output", str(tmp_path)], Worker(frail_gpu.refuse)) == 1
    assert capsys.readouterr().err == "PyTorch finds no CUDA GPU here.\n"
    assert not list(tmp_path.iterdir())


def test_the_command_itself_needs_no_torch():
    run_python(f"import sys, benchmarks.gpu.__main__; assert not {HEAVY} & set(sys.modules)")


def test_failing_tests_are_told_by_name(monkeypatch):
    printed = "F.\nFAILED tests/a.py::test_b - assert 0\n1 failed, 1 passed in 2s\n"
    monkeypatch.setattr(
        subprocess, "run", lambda *_args, **_options: SimpleNamespace(stdout=printed, stderr="", returncode=1)
    )
    [row] = measured.run_tests().rows
    assert row == {
        "passed": False,
        "summary": "1 failed, 1 passed in 2s",
        "failed": ["FAILED tests/a.py::test_b - assert 0"],
    }
    assert all((ROOT / path).exists() for path in measured.TESTS)


# What it tells

NAME = "vovnet27_slim"


def small_checks():
    """The first case of every check, of a small network; one more that does not fit, one that cannot be compiled."""
    checks = [
        replace(check, cases=({**case, "name": NAME} if case else {},)) for check in CHECKS for case in check.cases[:1]
    ]
    [first], [compiled] = checks[0].cases, checks[1].cases
    checks[0] = replace(checks[0], cases=(first, first | {"name": "densenet264", "batch_size": 2**15}))
    checks[1] = replace(checks[1], cases=(compiled | {"name": "hardnet68", "batch_size": 1},))
    return checks


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder of a run on the stand-in without pytest, and what was asked of it, the second time too."""
    pytest.importorskip("torch")
    folder, workers = tmp_path_factory.mktemp("gpu"), [stand_in_gpu.Here(), stand_in_gpu.Here()]
    with pytest.MonkeyPatch.context() as patch:
        stand_in_gpu.install(patch.setattr, speed=50)
        patch.setattr(measured, "REPEATS", dict.fromkeys(measured.REPEATS, 2))
        patch.setattr(command, "find_spec", lambda name: name == "pynvml" or None)
        for worker in workers:
            assert command.main(["--output", str(folder)], worker, small_checks()) == 0
    return folder, [worker.asked for worker in workers]


def test_every_check_gives_an_answer_and_only_what_failed_is_tried_again(ran):
    folder, [asked, again] = ran
    cases = json.loads((folder / "results.json").read_bytes())["cases"]
    outcomes = {(case["check"], case["case"].get("name", "")): case["outcome"] for case in cases}
    others = {
        ("eager-256", "densenet264"): "out of memory",
        ("compiled-256", "hardnet68"): "failed",
        ("tests", ""): "not reached",
    }
    expected = {(check.key, NAME): "measured" for check in CHECKS if check.key not in ("compiled-256", "tests")}
    assert outcomes == expected | others
    assert len(asked) == len(expected) + 2
    assert again == [("compiled-256", "hardnet68")]


def test_measurements_are_those_of_the_results_store(ran, tmp_path):
    folder, _ = ran
    store = Results(tmp_path)
    assert store.import_from(folder / "results.json") == 6
    energy = [one for one in store.all() if one.joules_per_image]
    assert [(one.name, one.workload.batch_size) for one in energy] == [(NAME, 256)]


def test_the_report_sets_predicted_beside_measured_and_counted_beside_allocated(ran):
    folder, _ = ran
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert report.startswith("# What a GPU says: NVIDIA GeForce RTX 4090\n")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in report.splitlines() if line.startswith("|")]
    _, speed = [row for row in rows if row[0] == "Eager, batch 256"]
    assert speed[1] == "1"
    assert speed[3].startswith("−")  # the stand-in is slower than is predicted
    assert any(row[0] == "convolution k×k" for row in rows)
    [memory] = [row for row in rows if row[1] == "peak at inference"]
    assert memory[2] == memory[3]
    assert memory[5].startswith("0")
    assert "- CUDA tests: pytest is not installed: all.\n" in report
    assert (
        "- Compiled, batch 256: hardnet68 cannot be run on cuda (batch 1, amp float16, nchw, compiled): Triton Error"
        in report
    )


def test_a_folder_of_another_machine_is_left_alone(ran):
    folder, _ = ran
    record = Record.read(folder / "results.json")
    with pytest.raises(archs.DenseScopeError, match=r"of another machine \(NVIDIA GeForce RTX 4090\): name"):
        record.begin(record.machine | {"device_name": "NVIDIA H100 80GB HBM3"})
