"""`table` and `diff` on the command line."""

from __future__ import annotations

import json

import pytest

from archs.registry import list_archs
from cli import main


def run(capsys: pytest.CaptureFixture[str], command: str) -> str:
    assert main(command.split()) == 0
    captured = capsys.readouterr()
    assert not captured.err
    return captured.out


@pytest.mark.parametrize("name", list_archs())
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
    assert "→" not in shown


def test_networks_of_different_sizes_tell_them(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "table densenet121 densenetbc100_k12")
    assert "[1×1 conv, 3×3 conv] × 6 → 56×56" in shown
    assert "[1×1 conv, 3×3 conv] × 16 → 32×32" in shown
