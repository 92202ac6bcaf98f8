"""`table` and `diff` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archs.design import Design
from archs.registry import get_config, list_archs
from cli import main
from tests.support.exhaustive import OF_EACH_KIND, representatives


def run(capsys: pytest.CaptureFixture[str], command: str) -> str:
    assert main(command.split()) == 0
    captured = capsys.readouterr()
    assert not captured.err
    return captured.out


@pytest.mark.parametrize("name", representatives(OF_EACH_KIND, list_archs()))
def test_table_of_every_network(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = json.loads(run(capsys, f"table {name} --format json"))
    shown = run(capsys, f"table {name}")
    assert all(line["text"] in shown for line in lines)
    [listed] = json.loads(run(capsys, f"list {name} --format json"))
    assert sum(line["macs"] for line in lines) == listed["macs"]
    assert sum(line["depth"] for line in lines) == listed["depth"]


def test_networks_abreast_share_the_column_of_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "table densenet121 densenet264")
    row = next(line for line in shown.splitlines() if line.startswith("dense block 3"))
    assert row.split("   ")[1] == "14×14"
    assert row.index("× 24") < row.index("× 64")
    assert shown.splitlines()[-1].split() == ["MACs", "2.83", "G", "5.75", "G"]
    assert "→" not in shown


def test_networks_of_different_sizes_tell_them(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "table densenet121 densenetbc100_k12")
    assert "[1×1 conv, 3×3 conv] × 6 → 56×56" in shown
    assert "[1×1 conv, 3×3 conv] × 16 → 32×32" in shown


def test_diff_of_two_networks(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "diff densenet121 densenet169")
    assert "168 layers are added and 73 resized" in shown
    rows = json.loads(run(capsys, "diff densenet121 densenet169 --format json"))
    assert sum(row["params"] for row in rows) == 14_149_480 - 7_978_856
    assert "features.denseblock3.denselayer25.conv1" not in shown
    assert "features.denseblock3.denselayer25.conv1" in run(capsys, "diff densenet121 densenet169 --layers")


def test_diff_of_a_network_and_its_changed_self(capsys: pytest.CaptureFixture[str]) -> None:
    alone = run(capsys, "diff densenet121 --set growth_rate=24")
    assert alone.startswith("densenet121 (growth_rate=24) needs ")
    assert "than densenet121:" in alone
    assert run(capsys, "diff densenet121 densenet121 --set growth_rate=24") == alone


def test_diff_of_a_design_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "slim.json"
    path.write_text(Design("slim", get_config("densenet121", growth_rate=24)).to_json(), encoding="utf-8")
    assert run(capsys, f"diff densenet121 {path}").startswith("slim needs ")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("diff densenet121", "diff needs a second network, or fields to change such as --set growth_rate=24."),
        ("diff", "Missing argument 'A'"),
        ("diff densenet121 densenet16", "There is no architecture 'densenet16'"),
        ("diff densenet121 peleenet --set bn_size=2", "PeleeNetConfig has no field 'bn_size'"),
        ("diff densenet121 peleenet --format xml", "format is 'xml'"),
        ("table", "Missing argument 'NAME...'"),
        ("table nothing", "There is no architecture 'nothing'"),
    ],
)
def test_bad_input_is_one_line(command: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command.split()) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert sentence in captured.err


@pytest.mark.parametrize("file_format", ["csv", "markdown", "latex"])
def test_other_formats(file_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "resized" in run(capsys, f"diff peleenet --set num_classes=10 --format {file_format}")
    assert "two-way dense layer" in (table := run(capsys, f"table peleenet --format {file_format}"))
    assert ("Architecture of peleenet" in table) == (file_format != "csv")
