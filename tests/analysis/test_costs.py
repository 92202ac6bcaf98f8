"""The meter's rules, checked by hand and by how they scale."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

import analysis
import archs
from archs.layer import Layer
from archs.plan import Stage, image
from tests.support.exhaustive import examples_of_a_family
from tests.support.strategies import CONFIGS

STAGE = Stage("stage")
IMAGE = image(8, (6, 10), 2)


def cost(layer, dtype="float32"):
    return analysis.cost_layer(layer, dtype)


def test_convolution():
    conv = cost(STAGE.conv2d("conv", IMAGE, 4, 3, bias=True))
    pixels, weights = 2 * 6 * 10, 4 * 8 * 9
    assert conv.params == weights + 4
    assert conv.macs == pixels * weights
    assert conv.flops == 2 * conv.macs
    assert conv.elementwise_ops == pixels * 4  # the bias
    assert conv.memory_access_cost == pixels * 8 + pixels * 4 + weights
    assert conv.bytes_read == 4 * (pixels * 8 + weights + 4)
    assert conv.bytes_written == 4 * pixels * 4
    assert conv.activations == pixels * 4


def test_memory_access_cost_is_the_papers_formula():
    """VoVNet section 2.1: hw(ci + co) + k²·ci·co, lowest at equal MACs where ci = co (ShuffleNetV2 G1)."""

    def access(c_in, c_out):
        return cost(STAGE.conv2d("conv", image(c_in, (56, 56), 1), c_out, 1)).memory_access_cost

    assert access(64, 128) == 56 * 56 * (64 + 128) + 64 * 128
    assert access(64, 64) < access(32, 128) < access(16, 256)


def test_depthwise_convolution():
    conv = cost(STAGE.conv2d("conv", IMAGE, 8, 3, groups=8))
    assert (conv.params, conv.macs) == (8 * 9, 2 * 6 * 10 * 8 * 9)


def test_strided_convolution():
    conv = cost(STAGE.conv2d("conv", IMAGE, 4, 3, stride=2))
    assert conv.activations == 2 * 4 * 3 * 5


def test_linear():
    fc = cost(STAGE.linear("fc", STAGE.global_avg_pool("pool", IMAGE), 5))
    assert (fc.params, fc.macs, fc.elementwise_ops) == (8 * 5 + 5, 2 * 8 * 5, 2 * 5)
    assert fc.memory_access_cost == 2 * 8 + 2 * 5 + 8 * 5
    assert fc.activations == 0


def test_batch_norm_reads_four_vectors():
    norm, elements = cost(STAGE.batch_norm("bn", IMAGE)), 2 * 8 * 6 * 10
    assert (norm.params, norm.macs, norm.elementwise_ops) == (16, 0, 2 * elements)
    assert (norm.bytes_read, norm.bytes_written) == (4 * (elements + 4 * 8), 4 * elements)


def test_concat_computes_nothing_but_moves_everything_twice():
    joined = cost(STAGE.concat("concat", [IMAGE, IMAGE]))
    assert joined.layer.output_shape == (2, 16, 6, 10)
    assert (joined.elementwise_ops, joined.memory_access_cost) == (0, 0)
    assert joined.bytes_read == joined.bytes_written == 4 * 2 * 16 * 6 * 10


@pytest.mark.parametrize(
    ("layer", "operations"),
    [
        (STAGE.relu("relu", IMAGE), 960),
        (STAGE.hardsigmoid("gate", IMAGE), 4 * 960),
        (STAGE.max_pool2d("pool", IMAGE, 3, 2, 1), 2 * 8 * 3 * 5 * 8),
        (STAGE.avg_pool2d("pool", IMAGE, 2, 2), 2 * 8 * 3 * 5 * 4),
        (STAGE.global_avg_pool("pool", IMAGE), 960),
        (STAGE.add("add", IMAGE, IMAGE), 960),
        (STAGE.mul("mul", IMAGE, STAGE.global_avg_pool("pool", IMAGE)), 960),
    ],
    ids=lambda value: value.op if isinstance(value, Layer) else "",
)
def test_elementwise_rules(layer, operations):
    result = cost(layer)
    assert (result.elementwise_ops, result.flops, result.memory_access_cost) == (operations, 0, 0)
    assert result.bytes_written == 4 * 2 * 8 * layer.output_shape[2] * layer.output_shape[3]


@pytest.mark.parametrize(("dtype", "size"), [("float64", 8), ("float32", 4), ("float16", 2), ("int8", 1)])
def test_bytes_follow_the_dtype(dtype, size):
    assert cost(STAGE.relu("relu", IMAGE), dtype).bytes_written == size * 960


def test_densenet121_moves_three_quarters_of_its_bytes_outside_convolution():
    assert analysis.summarize("densenet121").traffic_outside_conv == pytest.approx(0.75, abs=0.001)


@pytest.mark.parametrize("family", archs.list_families())
def test_scaling(family):
    name = archs.list_archs(family=family)[0]
    convs = [
        [
            c
            for c in analysis.summarize(name, size, batch).layers
            if c.layer.op == "conv2d" and c.layer.output_shape[2:] != (1, 1)  # what is pooled is of one size
        ]
        for size, batch in ((64, 1), (128, 1), (64, 8))
    ]
    for once, larger, batch in zip(*convs, strict=True):
        assert larger.macs == 4 * once.macs
        assert batch.macs == 8 * once.macs
        assert larger.params == batch.params == once.params
        weights = once.params - (once.layer.output_shape[1] if once.layer.bias else 0)
        assert batch.memory_access_cost - weights == 8 * (once.memory_access_cost - weights)


@pytest.mark.parametrize("family", archs.list_families())
def test_stages_and_kinds_add_up_to_the_whole(family):
    @settings(max_examples=examples_of_a_family(30))
    @given(config=CONFIGS[family])
    def check(config):
        summary = analysis.summarize(config, image_size=64)
        for frame in (summary.by_stage(), summary.by_kind(), summary.to_frame()):
            for quantity in analysis.quantities.ADDITIVE_QUANTITIES:
                assert frame[quantity].sum() == getattr(summary, quantity)

    check()


def test_unknown_op_is_named():
    layer = Layer("block.fft", "fft", "block", ("input",), ((1, 3, 8, 8),), (1, 3, 8, 8))
    with pytest.raises(archs.UnknownOpError, match=r"'fft' \(layer 'block.fft'\)"):
        analysis.cost_layer(layer)
