"""What a network costs more or less than another."""

from __future__ import annotations

import pytest

from analysis import summarize
from analysis.findings import Delta, delta_finding, deltas
from archs import get_config
from archs.design import Design


def said(base, other):
    return delta_finding(summarize(base), summarize(other)).replace("\u2009", " ")


def test_a_slimmer_network():
    slim = Design("slim", get_config("densenet121", growth_rate=24))
    assert said("densenet121", slim) == (
        "slim needs 41 % fewer parameters, 40 % fewer MACs, 27 % less memory access cost and 22 % less memory traffic "
        "than densenet121: its traffic falls more slowly than its arithmetic."
    )


def test_one_shot_aggregation_moves_less_for_more_arithmetic():
    assert "its traffic falls while its arithmetic grows" in said("densenet121", "vovnet39")


def test_the_same_network():
    assert said("peleenet", "peleenet") == "peleenet costs what peleenet costs."


def test_every_quantity_is_there():
    found = deltas(summarize("densenet121"), summarize("densenet169"))
    assert found["depth"] == Delta(121, 169)
    assert found["params"].difference == 14149480 - 7978856
    assert found["macs"].share == pytest.approx(3359843328 / 2834161664 - 1, abs=1e-3)
    assert Delta(0, 5).share is None
