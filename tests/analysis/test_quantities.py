"""The table of quantities: one key, one label, one meaning."""

from __future__ import annotations

import pytest

import analysis
from analysis.quantities import (
    ADDITIVE_QUANTITIES,
    LAYER_QUANTITIES,
    MEASURED_QUANTITIES,
    NETWORK_QUANTITIES,
    QUANTITIES,
    in_a_sentence,
)
from analysis.search.quantities import COUNTED, EVALUATORS, UnknownQuantityError
from analysis.units import format_exact, format_quantity


def test_no_two_quantities_share_a_label_or_a_definition():
    for column in zip(*((each.label, each.definition) for each in QUANTITIES.values()), strict=True):
        assert len(set(column)) == len(column)


@pytest.mark.parametrize(
    "keys", [ADDITIVE_QUANTITIES, LAYER_QUANTITIES, NETWORK_QUANTITIES, MEASURED_QUANTITIES, COUNTED, [*EVALUATORS]]
)
def test_every_quantity_of_the_project_stands_in_the_table(keys):
    assert set(keys) <= set(QUANTITIES)


@pytest.mark.parametrize("key", QUANTITIES)
def test_every_quantity_can_be_written(key):
    assert format_quantity(key, 1)
    assert format_exact(key, 1)


def test_labels_within_a_sentence():
    labels = ["MACs", "FLOPs", "FLOP/s on RTX 4090", "Memory traffic", "Top-1 error"]
    assert [in_a_sentence(label) for label in labels] == [*labels[:3], "memory traffic", "top-1 error"]


def test_the_peak_of_older_searches_is_told_its_new_name():
    with pytest.raises(UnknownQuantityError, match="'peak_memory_bytes'; it is called 'inference_bytes' now"):
        analysis.search("densenet-bc-cifar", {"peak_memory_bytes": (None, 1e9)}, "params")
