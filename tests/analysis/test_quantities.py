"""The table of quantities: one key, one label, one meaning."""

from __future__ import annotations

import pytest

import analysis
from analysis.quantities import (
    ADDITIVE_QUANTITIES,
    DERIVED_QUANTITIES,
    MEASURED_QUANTITIES,
    NETWORK_QUANTITIES,
    QUANTITIES,
    Counted,
    Quantity,
    in_a_sentence,
    register_quantity,
)
from analysis.search.quantities import COUNTED, EVALUATORS, UnknownQuantityError
from analysis.units import format_exact, format_quantity


def test_no_two_quantities_share_a_label_or_a_definition():
    for column in zip(*((each.label, each.definition) for each in QUANTITIES.values()), strict=True):
        assert len(set(column)) == len(column)


@pytest.mark.parametrize(
    "keys", [ADDITIVE_QUANTITIES, DERIVED_QUANTITIES, NETWORK_QUANTITIES, MEASURED_QUANTITIES, COUNTED, [*EVALUATORS]]
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


@pytest.fixture
def _scalar_ops():
    """A quantity that is made known in one place."""
    register_quantity(
        Quantity(
            "scalar_ops",
            "Scalar operations",
            "",
            "FLOPs and the remaining arithmetic.",
            of=lambda counted: 2 * counted.cost.macs + counted.cost.elementwise_ops,
        )
    )
    yield
    del QUANTITIES["scalar_ops"], ADDITIVE_QUANTITIES["scalar_ops"], Counted.scalar_ops


@pytest.mark.usefixtures("_scalar_ops")
def test_a_new_quantity_is_counted_everywhere():
    summary = analysis.summarize("densenet_cifar", batch_size=2)
    total = summary.flops + summary.elementwise_ops
    assert summary.scalar_ops == total
    assert analysis.cost_layer(summary.layers[1].layer).scalar_ops == summary.layers[1].scalar_ops > 0
    for frame in (summary.to_frame(), summary.by_stage(), summary.by_kind()):
        assert frame.scalar_ops.sum() == total
    compared = analysis.compare(["densenet_cifar", summary.target.config], batch_size=2)
    assert list(compared.scalar_ops) == [total] * 2
    assert format_quantity("scalar_ops", 2_000_000) == "2.00\u2009M"
    assert analysis.memory(summary.target.config, mode="training").recomputed_costs.scalar_ops == 0


def test_a_quantity_has_one_record():
    with pytest.raises(ValueError, match="'macs' is registered twice"):
        register_quantity(QUANTITIES["macs"])
