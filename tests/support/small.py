"""Networks that hold every kind of layer and take no time: a registered name, and what is smaller in it."""

from __future__ import annotations

import archs

SLIM = {"stage_conv_chs": (8, 8, 8, 8), "stage_out_chs": (16, 16, 16, 16), "stem_chs": (8, 8, 8)}
HG = {"mid_channels": (8, 8, 8, 8), "out_channels": (16, 16, 16, 16), "layers": 2, "head_channels": 16}
HARD = {
    "stem_channels": (8, 8),
    "layers_per_block": (4, 3),
    "growth_rates": (4, 6),
    "transition_channels": (8, 16),
    "downsample": (1, 0),
}
CSP = {"blocks": (1, 2), "out_channels": (16, 32), "strides": (1, 2), "expand_ratio": 1.0, "bottle_ratio": 1.0}
DUAL = {"blocks": (1, 2), "increments": (2, 4), "base_width": 8, "groups": 4}
#: Both orders of norms, stems, bottlenecks, biases, two-way layers, aggregation, identity, attention, depthwise.
SMALL = {
    "densenet121": {"block_config": (3, 2), "growth_rate": 4, "num_init_features": 8, "bn_size": 2},
    "densenet40_k12": {"block_config": (3, 2), "growth_rate": 4},
    "densenet_d2l": {"block_config": (2, 1), "growth_rate": 4, "num_init_features": 6},
    "peleenet": {"block_config": (2, 1, 1, 2), "num_init_features": 8, "growth_rate": 8, "bottleneck_width": 1},
    "vovnet39": SLIM | {"residual": True},
    "ese_vovnet19b_dw": SLIM,
    "vovnetv2_39": SLIM,
    "condensenet74_c4_g4": {"layers_per_block": (2, 1), "growth_rates": (4, 8)},
    "condensenetv2_a": {"layers_per_block": (1, 1, 1, 2), "growth_rates": (8, 8, 8, 16), "head_features": 12},
    "hardnet68": HARD,
    "hardnet39ds": HARD,
    "cspresnext50": CSP | {"stem_channels": (8,), "groups": 2},
    "cspdarknet53": CSP | {"stem_channels": (4,), "strides": 2},
    "cs3darknet_focus_s": CSP | {"stem_channels": (8,)},
    "dpn48b": DUAL,
    "dpn68": DUAL,
    "hgnet_tiny": HG | {"stem_channels": (8, 8, 8)},
    "hgnetv2_b0": HG | {"stem_channels": (8, 8)},
    "yolov7_e6e": {"stem_channels": (8,), "widths": (4,), "layers": 3, "out_channels": (8,)},
    "rdnet_tiny": {"init_channels": 16, "growth_rates": (16, 16, 16), "downsample": (0, 1, 0), "ese": (0, 0, 1)},
}
#: Each family once, with attention.
FAMILIES = ("densenet121", "peleenet", "vovnetv2_39")


def small(name, **fields):
    return archs.create_model(name, **SMALL[name] | fields)
