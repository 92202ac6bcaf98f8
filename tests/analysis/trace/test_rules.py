"""Every rule of shapes says what PyTorch says of the same call on real tensors: shapes, FLOPs, parameters, refusals.

Tables draw arguments that PyTorch takes, and some of them are spoilt: one number or one tensor's rank is changed.
"""

from __future__ import annotations

import warnings
from math import prod
from typing import NamedTuple

import pytest
import torch
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import analysis
from analysis.trace import products  # noqa: F401  registers its rules
from analysis.trace.rules import RULES
from archs.errors import DenseScopeError
from tests.support.calls import Calls, Draw, call, parts
from tests.support.calls_of_others import OTHERS
from tests.support.calls_of_products import PRODUCTS
from tests.support.exhaustive import examples
from tests.support.project import ROOT
from tests.support.truth import FORMULAS, parameters

CASES = PRODUCTS | OTHERS


class Figures(NamedTuple):
    shapes: list[tuple[int, ...]]
    flops: int
    params: int


def truth(module: Calls) -> Figures:
    """What PyTorch itself says; states of another rank end its process."""
    inputs = module.inputs("cpu")
    assert not isinstance(module.function, nn.RNNCellBase) or len({tensor.ndim for tensor in inputs}) == 1
    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=dict(FORMULAS)) as counter:
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            result = module.eval()(*inputs)
        finally:
            torch.backends.mha.set_fastpath_enabled(True)
    shapes = [tuple(tensor.shape) for tensor in parts(result, Tensor)]
    return Figures(shapes, counter.get_total_flops(), parameters(module))


def counted(module: Calls) -> Figures:
    summary = analysis.summarize(module, input=module.inputs("meta"), verify=False)
    return Figures(list(summary.trace.output_shapes), summary.flops, summary.params)


def test_every_rule_has_its_case():
    assert CASES.keys() == RULES.keys()


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=examples(12))
@given(data=st.data())
def test_rules_are_those_of_pytorch(name, data):
    draw = Draw(data.draw)
    module = call(CASES[name](draw), draw, by_place=name == "einsum")
    note(f"{module.function}, {module.positional} by place: {module.arguments}")
    expected = found = None
    with warnings.catch_warnings(action="ignore"):
        try:
            expected = truth(module)
        except Exception as error:
            note(f"PyTorch: {error}")
        try:
            found = counted(module)
        except DenseScopeError as error:
            note(f"DenseScope: {error}")
    assume(not expected or all(map(prod, expected.shapes)))  # some functions take maps that nothing is left of
    assert found == expected


def test_whoever_reads_the_rules_has_those_of_products_too():
    readers = [path for path in (ROOT / "analysis").rglob("*.py") if "rules import RULES" in path.read_text("utf-8")]
    assert len(readers) > 2
    for path in readers:
        assert path.name == "products.py" or "from analysis.trace import products" in path.read_text("utf-8"), path
