"""The promise of the project: every number is derived twice, from the layer plan and from the traced module."""

from __future__ import annotations

import csv
from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

import analysis
import archs
from archs import checks
from archs.layer import CONSTANT, INPUT
from tests.support.exhaustive import OF_EACH_FAMILY, OF_EACH_KIND, examples_of_a_family, representatives
from tests.support.project import ROOT
from tests.support.strategies import CONFIGS, batch_sizes, image_sizes

with (ROOT / "tests" / "data" / "expected_counts.csv").open(encoding="utf-8") as file:
    EXPECTED = {row["name"]: row for row in csv.DictReader(file)}

NAMES = archs.list_archs()
BUILT = representatives(OF_EACH_KIND, NAMES)


def layers(target, image_size, batch_size, route):
    return [cost.layer for cost in analysis.summarize(target, image_size, batch_size, route=route).layers]


def test_registry_is_the_published_list():
    assert sorted(NAMES) == sorted(EXPECTED)


@pytest.mark.parametrize("route", representatives(["plan"], ["plan", "trace"]))
@pytest.mark.parametrize("name", NAMES)
def test_published_counts(name, route):
    row = EXPECTED[name]
    config = archs.get_config(name)
    summary = analysis.summarize(name, image_size=None, route=route)
    ops = [cost.layer.op for cost in summary.layers]
    assert config.family == row["family"]
    assert (config.image_size, config.in_channels, config.num_classes) == tuple(
        int(row[field]) for field in ("image_size", "in_channels", "num_classes")
    )
    assert summary.params == int(row["params"])
    assert summary.macs == int(row["macs"])
    assert ops.count("conv2d") == int(row["conv_layers"])
    assert ops.count("linear") == int(row["fc_layers"])


@pytest.mark.parametrize(("depth", "params"), [(121, 3_250_824), (161, 9_853_288), (169, 4_709_864), (201, 5_703_144)])
def test_few_links_are_those_of_sparsenet(depth, params):
    """Source: the weight counts that osmr/pytorchcv states, pytorch/pytorchcv/models/sparsenet.py."""
    assert analysis.summarize(archs.get_config(f"densenet{depth}", links="log2")).params == params


@pytest.mark.parametrize("name", BUILT)
@pytest.mark.parametrize(("image_size", "batch_size"), [(None, 1), ((192, 256), 4)])
def test_plan_equals_trace(name, image_size, batch_size):
    assert layers(name, image_size, batch_size, "plan") == layers(name, image_size, batch_size, "trace")


@pytest.mark.parametrize("family", archs.list_families())
@settings(max_examples=examples_of_a_family(120))
@given(data=st.data())
def test_plan_equals_trace_for_any_config(family, data):
    config = data.draw(CONFIGS[family])
    image_size, batch_size = data.draw(image_sizes), data.draw(batch_sizes)
    assert layers(config, image_size, batch_size, "plan") == layers(config, image_size, batch_size, "trace")


@pytest.mark.parametrize("name", representatives(OF_EACH_FAMILY, NAMES))
def test_flops_equal_pytorch_flop_counter(name):
    config = archs.get_config(name)
    model = archs.create_model(name, device="meta").eval()
    image = torch.empty(2, config.in_channels, *checks.image_size(config.image_size), device="meta")
    with FlopCounterMode(display=False) as counter:
        model(image)
    assert analysis.summarize(name, image_size=None, batch_size=2).flops == counter.get_total_flops()


@pytest.mark.parametrize("name", BUILT)
def test_params_equal_the_module(name):
    model = archs.create_model(name, device="meta")
    assert analysis.summarize(name).params == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("family", archs.list_families())
@settings(max_examples=examples_of_a_family(15))
@given(data=st.data())
def test_planned_shapes_are_those_of_a_real_forward_pass(family, data):
    config = data.draw(CONFIGS[family])
    height, width = data.draw(image_sizes)
    model = archs.create_model(config).eval()
    seen = {}
    for name, module in model.named_modules():
        module.register_forward_hook(lambda _, __, output, name=name: seen.update({name: tuple(output.shape)}))
    with torch.no_grad():
        model(torch.zeros(2, config.in_channels, height, width))
    planned = {layer.name: layer.output_shape for layer in archs.plan_layers(config, (height, width), 2)}
    in_modules = planned.keys() & seen.keys()
    assert len(in_modules) > len(planned) / 2
    assert {name: planned[name] for name in in_modules} == {name: seen[name] for name in in_modules}


@pytest.mark.parametrize("name", NAMES)
def test_every_edge_of_the_data_flow_leads_to_an_earlier_layer(name):
    shapes = {}
    for layer in archs.plan_layers(name, None):
        offsets = layer.offsets or (0,) * len(layer.inputs)
        for source, shape, first in zip(layer.inputs, layer.input_shapes, offsets, strict=True):
            if source in shapes and layer.offsets:
                assert first + shape[1] <= shapes[source][1]
            else:
                assert source in (INPUT, CONSTANT) or prod(shapes[source]) == prod(shape)
        assert layer.name not in shapes
        shapes[layer.name] = layer.output_shape
