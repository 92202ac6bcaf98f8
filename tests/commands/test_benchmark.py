"""`python cli.py benchmark` and `results`: what they show and keep, however they end."""

from __future__ import annotations

import json

import pytest

from cli import main

pytest.importorskip("torch")

from tests.support.small_device import prepare

COMMAND = "benchmark densenetbc100_k12 --set block_config=1, --image-size 8 --repeats 2"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def room_for_two(monkeypatch):
    monkeypatch.setattr("analysis.hardware.measure.session.prepare", prepare)


def rows_of(command: str, capsys) -> list[dict]:
    assert main([*command.split(), "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert not captured.err
    return json.loads(captured.out)


def test_the_command_shows_and_keeps_what_it_measures(capsys):
    measured = rows_of(f"{COMMAND} --batch-size 2 --channels-last", capsys)
    assert [(row["batch_size"], row["layout"], row["repeats"]) for row in measured] == [(2, "nhwc", 2)]
    assert rows_of("results", capsys) == measured
    assert main(["results", "--delete", measured[0]["id"]]) == 0
    assert "No measurements yet" in capsys.readouterr().out


def test_what_cannot_be_kept_is_shown_and_said(monkeypatch, capsys):
    def refuse(_file):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("os.fsync", refuse)
    assert main([*COMMAND.split(), "--format", "csv"]) == 2
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2
    assert captured.err.startswith("error: What was measured is not kept. Cannot write to '")
    assert captured.err.count("\n") == 1


def test_a_run_that_others_disturbed_says_so(monkeypatch, capsys):
    monkeypatch.setattr("analysis.hardware.measure.neighbours.watch", lambda: lambda: 0.43)
    assert main(COMMAND.split()) == 0
    shown = capsys.readouterr().out.replace("\u2009", " ")
    assert "Disturbed: others kept 43 % of the processors busy" in shown
    assert main(["results"]) == 0
    assert "others kept 43" in capsys.readouterr().out


def test_the_command_sweeps_until_memory_ends(room_for_two, capsys):
    rows = rows_of(f"{COMMAND} --sweep", capsys)
    assert [(row["batch_size"], row["outcome"]) for row in rows] == [
        (1, "measured"),
        (2, "measured"),
        (4, "out of memory"),
    ]


def test_the_command_times_layers(capsys):
    rows = rows_of(f"{COMMAND} --per-layer", capsys)
    assert "concat" in {row["op"] for row in rows}
    assert main([*COMMAND.split(), "--per-layer"]) == 0
    shown = capsys.readouterr().out
    assert all(row["layer"] in shown for row in rows)
    assert rows_of("results", capsys) == []


def test_interruption_keeps_and_shows_finished_rows(monkeypatch, capsys):
    from analysis.hardware.measure.benchmark import benchmark_sweep

    def interrupted(*args):
        yield from benchmark_sweep(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr("commands.benchmark.benchmark_sweep", interrupted)
    assert main([*COMMAND.split(), "--format", "csv"]) == 130
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert len(rows_of("results", capsys)) == 1


def test_results_travel(tmp_path, capsys, monkeypatch):
    [row] = rows_of(COMMAND, capsys)
    assert main(["results", "--export", str(tmp_path / "mine.json")]) == 0
    capsys.readouterr()
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path / "elsewhere"))
    assert rows_of(f"results --import {tmp_path / 'mine.json'}", capsys) == [row]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("benchmark", "Missing argument 'NAME...'"),
        ("benchmark densnet121", "There is no architecture 'densnet121'"),
        ("benchmark densenet121 --batch-size 0", "batch_size is 0"),
        ("benchmark densenet121 --repeats 0", "repeats is 0"),
        ("benchmark densenet121 --device tpu", "device is 'tpu'"),
        ("benchmark densenet121 --precision int4", "precision is 'int4'"),
        ("benchmark densenet121 --sweep --per-layer", "Give either --sweep or --per-layer."),
        ("benchmark densenet121 --format xml", "format is 'xml'"),
        ("results --delete 7", "There is no measurement '7'"),
        ("results --import /no/such/file", "Cannot read '/no/such/file': No such file or directory."),
        ("results --export /no/such/place", "Cannot write to '/no/such/place': No such file or directory."),
    ],
)
def test_bad_commands_are_one_line(command, message, capsys):
    assert main(command.split()) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
