"""The table of columns: each says what it is, and can be written."""

from __future__ import annotations

import pytest

from analysis.columns import COLUMNS, Column, by_evidence, changes_of, column, columns
from analysis.quantities import QUANTITIES
from analysis.units import format_quantity


@pytest.mark.parametrize("name", [*COLUMNS, *QUANTITIES])
def test_every_column_has_a_title_and_a_help(name):
    found = column(name)
    assert found.key == name.rpartition(".")[2]
    assert found.title[:1].strip()
    assert found.help.endswith(".")


@pytest.mark.parametrize("key", QUANTITIES)
def test_every_quantity_is_a_column(key):
    if key not in COLUMNS:
        found = column(key)
        assert (found.title, found.help) == (QUANTITIES[key].label, QUANTITIES[key].definition)
        assert found.cell({key: 2}) == format_quantity(key, 2)


def test_no_quantity_is_defined_as_a_column_again():
    assert not set(COLUMNS) & set(QUANTITIES)


@pytest.mark.parametrize("value", [None, float("nan")])
def test_what_a_row_lacks_is_nothing(value):
    assert (
        column("macs").cell({"macs": value}) == column("stage").cell({"stage": value}) == column("note").cell({}) == ""
    )


def test_a_pair_is_a_size_and_a_share_a_percentage():
    row = {"kernel": (3, 3), "macs_share": 0.25, "name": "conv1", "folded": True}
    assert [each.cell(row) for each in columns("kernel", "macs_share", "layer.name", "folded")] == [
        "3×3",
        "25\u2009%",
        "conv1",
        "yes",
    ]


def test_the_evidence_of_a_column_stands_in_its_title():
    assert [each.title for each in by_evidence("Measured", "flops_per_s", "bytes_per_s")] == [
        "Measured FLOP/s",
        "Measured bandwidth",
    ]


def test_changes_have_signs():
    row = {"macs": -2_000_000, "macs_share": -0.5}
    assert [each.cell(row) for each in changes_of("macs")] == ["−2.00\u2009M", "−50\u2009%"]


def test_an_unknown_column_is_a_mistake_of_the_program():
    with pytest.raises(KeyError):
        column("nothing")
    assert Column("a", "A", "Words.").cell({"a": 1}) == "1"
