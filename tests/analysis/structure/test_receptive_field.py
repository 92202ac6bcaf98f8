"""What one element sees, counted from the layers, against where gradients of a real module reach."""

import pytest
import torch
from torch import nn

import archs
from analysis.structure.diagram import diagrams
from analysis.structure.receptive_field import WHOLE, receptive_field, receptive_fields
from archs.planning import plan_layers

SMALL = {"num_init_features": 8, "growth_rate": 4, "image_size": 160}
NETWORKS = {
    "densenet121": {**SMALL, "block_config": (3, 2), "links": "log2"},
    "peleenet": {**SMALL, "block_config": (2, 1), "bottleneck_width": 2},
    "vovnet39": {
        "stem_chs": (4, 4, 4), "stage_conv_chs": 4, "stage_out_chs": 4, "block_per_stage": (1, 1), "image_size": 160
    },
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_reach_as_far(name):
    """In evaluation, with positive weights and averages for maxima, nothing that is seen is lost."""
    config = archs.get_config(name, **NETWORKS[name], in_channels=1)
    model = archs.create_model(config).eval()
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    for module in list(model.modules()):
        for child, pool in module.named_children():
            if isinstance(pool, nn.MaxPool2d):
                average = nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)
                setattr(module, child, average)
    image = torch.ones(1, 1, 160, 160, requires_grad=True)
    features = model.forward_features(image)
    side = features.shape[2] // 2
    features[0, :, side, side].sum().backward()
    rows = image.grad[0, 0].abs().sum(1).nonzero()
    assert int(rows[-1] - rows[0]) + 1 == receptive_field(plan_layers(config)) < 160


def test_the_head_and_attention_see_the_whole_image():
    seen = receptive_fields(plan_layers("ese_vovnet39b"))
    assert seen["head.global_pool"].side == seen["head.fc"].side == WHOLE
    scope = "stages.0.blocks.0"
    assert seen[f"{scope}.attn.gate"].side == WHOLE
    assert seen[f"{scope}.attn.mul"] == seen[f"{scope}.conv_concat.act"]


def test_strides_set_squares_apart():
    seen = receptive_fields(plan_layers("densenet121"))
    assert seen["features.conv0"] == (7, 2)
    assert seen["features.pool0"] == (11, 4)
    assert seen["features.transition1.pool"].jump == 8


def test_what_is_not_followed_has_no_figure():
    layers = plan_layers("densenet121")
    layers[1] = layers[1]._replace(op="roll")
    assert [*receptive_fields(layers)] == ["features.conv0"]


def test_two_3x3_of_a_branch_see_5x5():
    config = archs.get_config("peleenet")
    part = diagrams(plan_layers(config), config)["dense block 1, layer 1"]
    seen = receptive_fields([layer for box in part.boxes for layer in box.layers])
    assert {seen[name].side for name in seen if name.endswith("branch1b.relu")} == {3}
    assert {seen[name].side for name in seen if name.endswith(("branch2c.relu", ".concat"))} == {5}
