"""The table of operations: each record is whole and agrees with itself, and a new one is known everywhere."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import analysis
from analysis import costs
from analysis.crosscheck.counter import words
from analysis.hardware.predict.kernels import EXECUTIONS, program
from analysis.memory.saved_tensors import SAVED_KINDS
from analysis.ops import (
    CONCATENATION,
    FUSIONS,
    KINDS,
    LIBRARY,
    OPS,
    POINTWISE,
    REDUCTION,
    WEIGHTED_KINDS,
    WINDOWS,
    Op,
    op_kind,
    register_op,
)
from analysis.saved import ACTIVATION_INPUT
from analysis.structure.table import table
from archs.errors import UnknownOpError
from archs.layer import Layer
from tests.support.autograd import saved_bytes

MAPS = (2, 8, 6, 10)
EVERY_OP = pytest.mark.parametrize("op", OPS.values(), ids=OPS)


def layer_of(op: Op) -> Layer:
    """A layer with whatever any rule asks for."""
    return Layer("layer", op.name, "stage", ("a", "b", "c"), (MAPS,) * 3, MAPS, (3, 3), (1, 1), (1, 1), bias=True)


@EVERY_OP
def test_kind_and_fusion_are_those_that_there_are(op):
    kind = op_kind(layer_of(op))
    assert kind in KINDS
    assert op.fusion in FUSIONS
    assert (op.fusion == LIBRARY) == (kind in WEIGHTED_KINDS) == op.is_product
    if op.fusion == WINDOWS:
        assert kind == "pooling"


@EVERY_OP
def test_what_a_rule_counts_is_what_the_kind_says(op):
    cost, kind = op.cost(layer_of(op)), op_kind(layer_of(op))
    assert cost.elements_read
    assert cost.elements_written
    assert bool(cost.macs) == bool(cost.memory_access_cost) == (kind in WEIGHTED_KINDS)
    if kind != "matrix product":
        assert bool(cost.elementwise_ops) == (kind not in ("copy", "concat"))
    assert bool(cost.params) == op.is_weighted
    if op.cost is costs.reduction:
        assert op.fusion == REDUCTION
    if kind == "copy":
        assert op.fusion == POINTWISE
        assert cost.elements_read >= cost.elements_written / 3


@EVERY_OP
def test_saved_tensors_have_kinds_that_charts_show(op):
    if op.saved:
        layer = layer_of(op)
        if set(op.saved.tensors(layer)) - {layer.name} or op.saved.kind:
            assert op.saved.kind in SAVED_KINDS
        for kind in (op.saved.extra_kind, op.saved.made_kind):
            assert kind in ("", *SAVED_KINDS)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padding_computes_nothing(mode):
    maps = torch.rand(1, 2, 4, 4)
    assert set(F.pad(maps, (1, 2, 0, 1), mode=mode).flatten().tolist()) == set(maps.flatten().tolist())
    assert op_kind(layer_of(OPS[f"{mode}_pad"])) == "copy"


def test_folding_adds_up_where_patches_overlap():
    patches = F.unfold(torch.ones(1, 2, 4, 4), 3, padding=1)
    assert F.fold(patches, (4, 4), 3, padding=1).max() == 9
    assert (OPS["fold"].kind, OPS["fold"].fusion) == ("arithmetic", REDUCTION)
    assert (OPS["unfold"].kind, OPS["concat"].fusion) == ("copy", CONCATENATION)


def test_an_op_has_one_record():
    with pytest.raises(ValueError, match="'relu' is registered twice"):
        register_op(OPS["relu"])


def test_costs_are_built_by_keywords():
    tree = ast.parse(Path(costs.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "OpCost"]
    assert calls
    assert not any(call.args for call in calls)


class Sinh(nn.Module):
    """A convolution, a function of torch that has no rule, and a ReLU."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return F.relu(torch.sinh(self.conv(x)))


@pytest.fixture
def _sinh():
    """An op that is made known in one place."""
    register_op(
        Op(
            "sinh",
            kind="activation",
            cost=costs.per_output(4),
            saved=ACTIVATION_INPUT,
            word="hyperbolic sine",
            notation="sinh of {size}",
        )
    )
    yield
    del OPS["sinh"]


def test_an_op_without_a_record_is_refused():
    with pytest.raises(UnknownOpError, match="'sinh'"):
        analysis.summarize(Sinh(), 8)


@pytest.mark.usefixtures("_sinh")
def test_a_new_op_is_known_everywhere():
    module, elements = Sinh(), 2 * 4 * 8 * 8
    summary = analysis.summarize(module, 8, batch_size=2)
    layers = [cost.layer for cost in summary.layers]
    assert [(layer.name, op_kind(layer)) for layer in layers[1:]] == [("sinh", "activation"), ("relu", "activation")]
    assert summary.layers[1].elementwise_ops == 4 * elements
    assert summary.by_kind().set_index("kind").elementwise_ops["activation"] == (4 + 1) * elements
    assert [line.text for line in table(summary)] == ["1×1 conv, 4", "sinh of 8×8", "relu"]
    assert words("sinh") == "hyperbolic sine"

    memory = analysis.memory(module, 8, 2, mode="training")
    assert memory.by_kind()["activation input"] == 4 * elements
    assert memory.saved_bytes == saved_bytes(module.train(), torch.ones(2, 3, 8, 8))

    kernels = {execution: program(layers, execution, half=False).layer_index for execution in EXECUTIONS}
    assert {execution: index.tolist() for execution, index in kernels.items()} == {
        "eager": [0, 1, 2],
        "compiled": [0, 2],
    }
    predicted = analysis.predict(module, "RTX 4090", 2, image_size=8, execution="compiled")
    assert [layer.bound for layer in predicted.layers][1] == "merged"
