"""The command chain: the figures of `analysis.chain`, for people and for machines."""

from __future__ import annotations

import json

import pytest

from analysis import chain
from cli import main


def test_a_chain_as_a_table_and_as_rows(capsys):
    assert main(["chain", "vovnet39-ese"]) == 0
    shown = capsys.readouterr().out
    assert "Identity: Residual: no → yes." in shown
    assert "COCO box AP" in shown
    assert main(["chain", "vovnet39-ese", "--batch-size", "4", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    expected = chain("vovnet39-ese", batch_size=4).rows()
    assert [row["params_change"] for row in rows] == [row["params_change"] for row in expected]
    assert [row["bytes_moved"] for row in rows] == [row["bytes_moved"] for row in expected]


def test_networks_in_a_row(capsys):
    assert main(["chain", "densenet121", "densenet169", "peleenet", "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


@pytest.mark.parametrize(("words", "told"), [("densenet100bc", "'densenet100-bc'"), ("peleenet", "two networks")])
def test_what_is_no_chain(words, told, capsys):
    assert main(["chain", words]) == 2
    assert told in capsys.readouterr().err
