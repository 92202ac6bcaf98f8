"""The layer plan of a PeleeNet, row by row of Table 1 of arXiv:1804.06882."""

from __future__ import annotations

from functools import partial

from archs.layer import Layer
from archs.peleenet.config import PeleeNetConfig
from archs.plan import Stage, Steps, chained
from archs.stems.plan import conv_norm_relu, imagenet_stem, stem_block


def plan_peleenet(config: PeleeNetConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    stem = partial(stem_block, ceil_mode=config.ceil_mode) if config.stem == "pelee" else imagenet_stem
    x = yield from stem(config, image)
    last = len(config.block_config) - 1
    for index in range(last + 1):
        x = yield from dense_block(config, index, x)
        x = yield from transition(config, index, x, pool=index < last)
    return (yield from head(config, x))


def dense_block(config: PeleeNetConfig, index: int, x: Layer) -> Steps:
    layer = two_way_dense_layer if config.dense_layer == "two_way" else one_way_dense_layer
    stage = Stage(f"dense block {index + 1}")
    return chained(config.block_config[index], partial(layer, config, index, stage), x)


def two_way_dense_layer(config: PeleeNetConfig, index: int, stage: Stage, number: int, x: Layer) -> Steps:
    scope = f"features.denseblock{index + 1}.denselayer{number}"
    half = config.growth_rates[index] // 2
    width = config.bottleneck_channels(index, x.output_shape[1])
    left = yield from conv_norm_relu(stage, f"{scope}.branch1a", x, width, 1)
    left = yield from conv_norm_relu(stage, f"{scope}.branch1b", left, half, 3)
    right = yield from conv_norm_relu(stage, f"{scope}.branch2a", x, width, 1)
    right = yield from conv_norm_relu(stage, f"{scope}.branch2b", right, half, 3)
    right = yield from conv_norm_relu(stage, f"{scope}.branch2c", right, half, 3)
    return (yield stage.concat(f"{scope}.concat", (x, left, right)))


def one_way_dense_layer(config: PeleeNetConfig, index: int, stage: Stage, number: int, x: Layer) -> Steps:
    scope = f"features.denseblock{index + 1}.denselayer{number}"
    width = 2 * config.bottleneck_channels(index, x.output_shape[1])
    new = yield from conv_norm_relu(stage, f"{scope}.branch1a", x, width, 1)
    new = yield from conv_norm_relu(stage, f"{scope}.branch1b", new, config.growth_rates[index], 3)
    return (yield stage.concat(f"{scope}.concat", (x, new)))


def transition(config: PeleeNetConfig, index: int, x: Layer, *, pool: bool) -> Steps:
    stage, scope = Stage(f"transition {index + 1}"), f"features.transition{index + 1}"
    x = yield from conv_norm_relu(stage, scope, x, x.output_shape[1], 1)
    return (yield stage.avg_pool2d(f"{scope}_pool", x, 2, stride=2, ceil_mode=config.ceil_mode)) if pool else x


def head(config: PeleeNetConfig, x: Layer) -> Steps:
    stage = Stage("head")
    x = yield stage.global_avg_pool("global_pool", x)
    return (yield stage.linear("classifier", x, config.num_classes))


def taps(config: PeleeNetConfig) -> list[str]:
    """Modules that make the last maps of each stride."""
    return [f"features.transition{number}" for number in range(1, len(config.block_config) + 1)]
