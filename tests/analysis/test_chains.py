"""Chains: each step is one change, and every figure is that of its network counted alone."""

from __future__ import annotations

from itertools import pairwise

import pytest

from analysis import chain, list_chains, memory, predict, summarize
from analysis.chains.counted import CHAIN_QUANTITIES, MEASURED, PREDICTED
from analysis.chains.findings import step_sentences
from analysis.chains.records import UnknownChainError, get_chain, is_one_change
from analysis.export import FORMATS, export_frame
from analysis.search.quantities import receptive_field
from archs.config import declared
from archs.errors import ConfigError, DenseScopeError, UnknownArchError
from archs.registry import get_config

CHAINS = list_chains()


@pytest.mark.parametrize("name", CHAINS)
def test_each_step_is_one_change(name):
    found = get_chain(name)
    assert len(found.steps) > 2
    assert found.source
    assert not [after.title for before, after in pairwise(found.steps) if not is_one_change(before, after)]
    assert bool(found.metric) == bool(found.measured_by) == any(step.measured for step in found.steps)


@pytest.mark.parametrize("name", CHAINS)
def test_figures_are_those_of_each_network_alone(name):
    rows = chain(name, batch_size=2).rows()
    for step, row in zip(get_chain(name).steps, rows, strict=True):
        alone = summarize(step.network, batch_size=2)
        for key in ("params", "macs", "memory_access_cost", "bytes_moved"):
            assert row[key] == getattr(alone, key)
        assert row["depth"] == alone.depth.total
        assert row["receptive_field"] == receptive_field(cost.layer for cost in alone.layers)
        assert row["peak_bytes"] == memory(step.network, batch_size=2).peak_bytes
        assert row["training_bytes"] == memory(step.network, batch_size=2, mode="training").total_bytes()
        for key, execution in PREDICTED.items():
            assert row[key] == pytest.approx(predict(step.network, "RTX 4090", execution=execution).seconds / 256)
    for before, after in pairwise(rows):
        for key in CHAIN_QUANTITIES:
            assert after[f"{key}_change"] == after[key] - before[key]
            assert after[f"{key}_share"] == after[f"{key}_change"] / before[key]


def test_a_change_of_several_fields_needs_a_sentence():
    several = get_chain("vovnet39", get_config("vovnet39", residual=True, attention="every")).steps
    assert not is_one_change(*several)
    assert not is_one_change(*get_chain("vovnet39", "vovnet39").steps)
    assert not is_one_change(*get_chain("densenet121", "peleenet").steps)


def test_networks_in_a_row():
    found = chain("densenet121", get_config("densenet121", growth_rate=24), "peleenet", image_size=224)
    assert [stop.step.registered for stop in found.stops] == ["densenet121", "", "peleenet"]
    label = declared(type(get_config("densenet121")))["growth_rate"].label
    assert step_sentences(found, 1)[0] == f"{label}: 32 → 24."
    assert step_sentences(found, 2)[0] == "DenseNet → PeleeNet."
    assert found.stops[0].value(MEASURED) == pytest.approx(74.98)
    assert "65\u2009% fewer parameters" in step_sentences(chain("densenet121", "peleenet"), 1)[1]
    assert "185\u2009% more parameters" in step_sentences(chain("peleenet", "densenet121"), 1)[1]


def test_accuracy_is_that_of_the_very_network():
    own, larger = chain("vovnet39-ese"), chain("vovnet39-ese", image_size=256)
    assert [stop.measured for stop in own.stops] == [39.7, 39.8, 39.0, 40.0]
    assert MEASURED in own.known
    assert MEASURED not in larger.known


def test_networks_that_different_people_trained_are_not_set_against_each_other():
    found = chain("densenet121", "ese_vovnet39b", "densenet169")
    assert [stop.group for stop in found.stops] == ["authors", "timm", "authors"]
    assert [stop.step.title for stop in found.alike] == ["densenet121", "densenet169"]
    assert not any(found.metric in sentence for sentence in step_sentences(found, 1))


def test_what_was_measured_is_set_against_the_last_that_was():
    found = chain("densenet40-osa")
    assert [stop.measured for stop in found.stops] == [5.24, None, 6.40, None, 5.44]
    assert [stop.step.registered for stop in found.stops[::2]] == ["densenet40_k12", "osa40_12", "osa40_5x43"]
    told = [step_sentences(found, number)[-1] for number in range(1, 5)]
    assert "CIFAR-10 error" not in told[0] + told[2]
    assert told[1].startswith("CIFAR-10 error 5.24 → 6.40\u2009% since “DenseNet-40” (")
    assert "6.40 → 5.44" in told[3]


def test_a_densenet_written_as_a_peleenet_is_the_same_network():
    """But for the convolution that stands behind its last block."""
    before, after = (stop.summary for stop in chain("densenet121-peleenet").stops[3:5])
    channels = before.layers[-1].layer.input_shapes[0][1]
    assert after.params - before.params == channels**2 + 2 * channels
    assert after.macs - before.macs == 7 * 7 * channels**2


def test_what_is_not_known_is_left_out():
    found = chain("densenet100-bc", dtype="int8", device="Jetson TX2")
    assert "training_bytes" not in found.known
    assert found.rows()[1]["training_bytes_change"] is None


def test_exports_have_every_row():
    frame = chain("densenet100-bc").to_frame()
    assert len(frame) == len(get_chain("densenet100-bc").steps)
    for file_format in FORMATS:
        assert "Half the dense layers" in export_frame(frame, file_format)


@pytest.mark.parametrize(
    ("names", "error", "told"),
    [
        (["densenet100bc"], UnknownChainError, "'densenet100-bc'"),
        (["densenet121"], ConfigError, "two networks or more"),
        ([], UnknownChainError, "no chain ''"),
        (["densenet121", "peleent"], UnknownArchError, "'peleenet'"),
    ],
)
def test_errors(names, error, told):
    with pytest.raises(error, match=told) as raised:
        chain(*names)
    assert isinstance(raised.value, DenseScopeError)


def test_a_device_that_is_unknown():
    with pytest.raises(DenseScopeError, match="RTX 4090"):
        chain("vovnet39-ese", device="RTX 409")
