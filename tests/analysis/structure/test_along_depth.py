"""What unequal input and output channels cost, and how long tensors are held: the bounds, and what is said of it."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import cost_layer, memory, summarize
from analysis.structure.along_depth import channel_rows, channel_uses, landmarks, least_access, lives, lives_finding
from analysis.structure.findings import architecture_finding, channels_finding, channels_rule
from archs import get_config
from archs.layer import INPUT, Layer, conv_size
from archs.registry import list_archs
from tests.support.exhaustive import examples, examples_of_a_family
from tests.support.strategies import CONFIGS


def convolution(
    ci: int, co: int, size: int = 8, kernel: int = 1, stride: int = 1, n: int = 1, groups: int = 1
) -> Layer:
    out = conv_size(size, kernel, stride, kernel // 2)
    sides = (kernel, kernel), (stride, stride), (kernel // 2,) * 2, (1, 1)
    return Layer("c", "conv2d", "s", (INPUT,), ((n, ci, size, size),), (n, co, out, out), *sides, groups)


@pytest.mark.parametrize(("ci", "co", "size"), [(128, 128, 56), (256, 64, 28), (24, 240, 7)])
def test_the_bound_is_that_of_shufflenet_v2(ci: int, co: int, size: int) -> None:
    """Guideline G1: MAC ≥ 2·√(hw·B) + B/hw for a 1×1 convolution, with B its multiply-accumulates."""
    cost = cost_layer(convolution(ci, co, size))
    assert least_access(cost) == pytest.approx(2 * sqrt(size * size * cost.macs) + cost.macs / size**2, rel=1e-12)


@pytest.mark.parametrize(("kernel", "n", "groups"), [(1, 1, 1), (3, 1, 1), (5, 4, 1), (3, 2, 8)])
def test_equal_channels_reach_the_bound_at_stride_1(kernel: int, n: int, groups: int) -> None:
    cost = cost_layer(convolution(64, 64, 16, kernel, n=n, groups=groups))
    assert cost.memory_access_cost == pytest.approx(least_access(cost), rel=1e-12)


def test_with_a_stride_the_bound_is_reached_where_input_and_output_are_equally_large() -> None:
    cost = cost_layer(convolution(32, 128, 16, 3, stride=2))
    assert cost.memory_access_cost == pytest.approx(least_access(cost), rel=1e-12)


@settings(max_examples=examples(200))
@given(
    st.integers(1, 512),
    st.integers(1, 512),
    st.integers(1, 32),
    st.sampled_from([1, 3, 5, 7]),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_nothing_is_below_the_bound(ci: int, co: int, size: int, kernel: int, stride: int, n: int) -> None:
    cost = cost_layer(convolution(ci, co, size, kernel, stride, n))
    assert cost.memory_access_cost >= least_access(cost) * (1 - 1e-12)


@settings(max_examples=examples(50))
@given(st.integers(1, 64), st.integers(1, 64), st.integers(2, 12))
def test_the_bound_is_that_of_all_channels_with_the_same_product(ci: int, co: int, size: int) -> None:
    """The same multiply-accumulates split otherwise: none of them touches less than the bound."""
    cost = cost_layer(convolution(ci, co, size, 3))
    product = ci * co
    others = [cost_layer(convolution(a, product // a, size, 3)) for a in range(1, product + 1) if product % a == 0]
    assert {other.macs for other in others} == {cost.macs}
    assert min(other.memory_access_cost for other in others) >= least_access(cost) * (1 - 1e-12)


@pytest.mark.parametrize("name", list_archs())
def test_depthwise_and_linear_layers_are_left_out(name: str) -> None:
    summary = summarize(name, None)
    expected = [
        cost.layer.name
        for cost in summary.layers
        if cost.layer.op == "conv2d" and (cost.layer.groups == 1 or cost.layer.groups < cost.layer.input_shapes[0][1])
    ]
    assert [use.layer.name for use in channel_uses(summary)] == expected
    assert all(row["penalty"] >= 1 - 1e-12 for row in channel_rows(summary))


def test_input_channels_of_a_dense_block_grow_by_k_and_those_of_an_osa_module_do_not() -> None:
    dense = [row for row in channel_rows(summarize("densenet121")) if row["stage"] == "dense block 3"]
    assert [row["in_channels"] for row in dense[::2]] == list(range(256, 1024, 32))
    assert {row["in_channels"] for row in dense[1::2]} == {128}
    osa = [row for row in channel_rows(summarize("vovnet39")) if row["stage"] == "OSA stage 2"]
    assert [row["in_channels"] for row in osa] == [128] * 5 + [6 * 128]


def test_transitions_halve() -> None:
    rows = [row for row in channel_rows(summarize("densenet121")) if row["stage"].startswith("transition")]
    assert [row["ratio"] for row in rows] == [2.0] * 3


def test_landmarks() -> None:
    found = landmarks(get_config("densenet121", growth_rate=24, bn_size=2))
    assert found.kinds["convolution k×k"] == "reads 2k = 48, makes k = 24"
    assert found.transition == "θ = 0.5"
    assert not landmarks(get_config("densenet40_k12")).transition
    assert landmarks(get_config("peleenet")).kinds["convolution k×k"] == "adds k/2 = 16 on either way"
    assert landmarks(get_config("vovnet39")) == landmarks(None)


@pytest.mark.parametrize("family", CONFIGS)
def test_findings_of_any_config(family: str) -> None:
    @settings(max_examples=examples_of_a_family(90))
    @given(CONFIGS[family])
    def check(config: object) -> None:
        summary = summarize(config)
        sentences = architecture_finding(summary), channels_finding(summary), channels_rule(config)
        for sentence in filter(None, sentences):
            assert sentence.endswith(".")
            assert "None" not in sentence

    check()


def test_one_convolution_alone_has_no_layer_to_blame() -> None:
    nn = pytest.importorskip("torch").nn
    assert "Furthest" not in channels_finding(summarize(nn.Sequential(nn.Conv2d(3, 8, 3)), 32))
    assert "no convolution that mixes channels" in channels_finding(
        summarize(nn.Sequential(nn.Conv2d(3, 3, 3, groups=3)), 32)
    )


@pytest.mark.parametrize("lifetimes", ["eager", "minimal"])
def test_bytes_alive_are_those_of_the_memory_count(lifetimes: str) -> None:
    found = memory("peleenet", lifetimes=lifetimes)
    tensors = lives(found)
    for number, moment in enumerate(found.timeline, start=1):
        assert sum(life.nbytes for life in tensors if life.first <= number <= life.last) == moment.live_bytes


def test_features_live_to_the_end_of_their_block() -> None:
    found = memory("densenet121", lifetimes="minimal")
    names = [moment.layer.name for moment in found.timeline]
    end = names.index("features.denseblock3.concat") + 1
    features = {
        life.name: life for life in lives(found) if life.name.endswith("conv2") and life.stage == "dense block 3"
    }
    assert len(features) == 24
    assert {life.last for life in features.values()} == {end}
    assert features["features.denseblock3.denselayer1.conv2"].held == max(life.held for life in features.values())


def test_chains_hold_nothing_for_long() -> None:
    found = memory("vovnet39", lifetimes="minimal")
    sentence = lives_finding(found, lives(found), 10_000)
    assert sentence.endswith("tensors are held while 10000 or more other layers run.")
    assert sentence.startswith("0 of ")


def test_the_image_is_there_before_the_first_layer() -> None:
    image = lives(memory("peleenet"))[0]
    assert (image.name, image.kind, image.first) == ("image", "image", 0)
