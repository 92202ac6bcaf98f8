"""What commands show: tables fit the terminal, and no number in them is cut; files and pipes have all the room."""

from __future__ import annotations

import io
import re

import pandas as pd
import pytest
from rich.console import Console

import analysis
from analysis.columns import Column
from analysis.export import export_frame
from cli import main
from commands.output import Grid

WORDS = "a long sentence about where a figure comes from, longer than any terminal is wide, " * 2
ROWS = [
    {"name": f"network {n}", "shared": 7, "value": 1234567 * n, "other": n, "source": f"{n % 2}: {WORDS}"}
    for n in (1, 2, 3, 4)
]
COLUMNS = [
    Column("name", "Name", "."),
    Column("shared", "The same for all", ".", str),
    Column("value", "Value", ".", "{:,}".format),
    Column("other", "Another value", ".", str),
    Column("source", "Source", "."),
    Column("nothing", "Nothing", "."),
]


def shown(width: int, rows=ROWS, **options) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(Grid(rows, COLUMNS, **options))
    return console.file.getvalue()


def test_with_room_a_table_is_one():
    lines = shown(1000, only_used=True).splitlines()
    assert [line.split("   ")[0] for line in lines[-4:]] == [row["name"] for row in ROWS]
    assert "Nothing" not in lines[1]
    assert lines[-1].rstrip().endswith(WORDS.rstrip())


@pytest.mark.parametrize("width", [24, 30, 40, 60, 80, 120])
def test_without_it_no_number_is_cut_and_no_line_is_longer(width):
    text = shown(width)
    assert max(map(len, text.splitlines())) <= width
    assert all(f"{row['value']:,}" in text for row in ROWS)
    assert "The same for all: 7" in text
    assert " ".join(text.split()).count(WORDS.strip()) == 2  # two sources, each told once


@pytest.mark.long
def test_published_figures_fit_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for table in ("throughput", "accuracy", "latency", "costs"):
        assert main(["published", table]) == 0
        lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
        assert max(map(len, lines)) <= 80, table


def test_a_pipe_has_all_the_room(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["compare", "densenet121", "peleenet"]) == 0
    assert "Arithmetic" in capsys.readouterr().out.splitlines()[2]


def test_networks_that_cannot_take_the_size_are_left_out(capsys):
    assert main(["compare", "densenet121", "peleenet", "vovnet39", "--image-size", "225", "--format", "csv"]) == 0
    captured = capsys.readouterr()
    assert [line.split(",")[0] for line in captured.out.splitlines()] == ["name", "densenet121", "vovnet39"]
    assert captured.err.startswith("peleenet is left out: Image size is 225")
    assert captured.err.count("\n") == 1


def test_where_none_can_take_it_the_first_reason_is_the_answer(capsys):
    assert main(["compare", "densenet121", "peleenet", "--image-size", "8"]) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert captured.err.startswith("error: densenet121: Image size is 8")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("file_format", ["markdown", "latex"])
def test_tables_for_people_tell_the_ends_of_long_lists(file_format):
    frame = analysis.summarize("densenet264").to_frame()
    text = export_frame(frame, file_format)
    assert max(map(len, text.splitlines())) < 600
    assert "(65)" in text
    short = export_frame(pd.DataFrame({"inputs": [("a", "b", "c")], "shape": [(1, 2, 3, 4)]}), file_format)
    assert "a b c" in short
    assert "1×2×3×4" in short


@pytest.mark.parametrize("file_format", ["markdown", "latex"])
def test_tables_for_people_are_headed_by_titles_with_units(file_format):
    frame = pd.DataFrame(
        {"name": ["a"], "bytes_moved": [2], "flops": [3], "seconds": [0.5], "kernel": [(3, 3)], "k": [4]}
    )
    heads = re.findall(r"\w[^|&\n]*\w\)?(?=  *[|&\\])|\b[A-Z]\b", export_frame(frame, file_format))
    assert heads[:6] == ["Name", "Memory traffic (B)", "FLOPs", "Seconds", "Kernel", "K"]
    assert export_frame(frame, "csv").startswith("name,bytes_moved,flops,seconds,kernel,k\n")


@pytest.mark.long
def test_csv_and_json_hold_every_input():
    frame = analysis.summarize("densenet264").to_frame()
    most = max(frame["inputs"], key=len)
    assert " ".join(most) in export_frame(frame, "csv")
    assert all(f'"{name}"' in export_frame(frame, "json") for name in most)
