"""The layer plans of stems in post-activation: PeleeNet's stem block (arXiv:1804.06882, Figure 2), and DenseNet's."""

from __future__ import annotations

from typing import Any

from archs.layer import Layer
from archs.plan import Stage, Steps


def stem_block(config: Any, image: Layer, *, ceil_mode: bool = False) -> Steps:
    """3×3/2, then 1×1 → 3×3/2 beside a 2×2/2 max pool, joined by a 1×1."""
    stage, scope, channels = Stage("stem"), "features.stemblock", config.num_init_features
    x = yield from conv_norm_relu(stage, f"{scope}.stem1", image, channels, 3, stride=2)
    right = yield from conv_norm_relu(stage, f"{scope}.stem2a", x, channels // 2, 1)
    right = yield from conv_norm_relu(stage, f"{scope}.stem2b", right, channels, 3, stride=2)
    left = yield stage.max_pool2d(f"{scope}.pool", x, 2, stride=2, ceil_mode=ceil_mode)
    x = yield stage.concat(f"{scope}.concat", (left, right))
    return (yield from conv_norm_relu(stage, f"{scope}.stem3", x, channels, 1))


def imagenet_stem(config: Any, image: Layer) -> Steps:
    """7×7/2, then a 3×3/2 max pool."""
    stage, scope = Stage("stem"), "features.stemblock"
    x = yield from conv_norm_relu(stage, f"{scope}.stem1", image, config.num_init_features, 7, stride=2)
    return (yield stage.max_pool2d(f"{scope}.pool", x, 3, stride=2, padding=1))


def conv_norm_relu(stage: Stage, scope: str, x: Layer, channels: int, kernel: int, stride: int = 1) -> Steps:
    x = yield stage.conv2d(f"{scope}.conv", x, channels, kernel, stride)
    x = yield stage.batch_norm(f"{scope}.norm", x)
    return (yield stage.relu(f"{scope}.relu", x))
