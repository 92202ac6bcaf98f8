"""The layer plan of a DenseNet, row by row of Table 1 of arXiv:1608.06993."""

from __future__ import annotations

from functools import partial

from archs.densenet.config import DenseNetConfig
from archs.layer import Layer
from archs.plan import Stage, Steps, joined, repeated
from archs.stems.plan import stem_block


def plan_densenet(config: DenseNetConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    x = yield from stem(config, image)
    last = len(config.block_config)
    for number, num_layers in enumerate(config.block_config, start=1):
        x = yield from repeated(num_layers, partial(dense_block, config, number, x), "quadratic")
        if number < last:
            x = yield from transition(config, number, x)
    return (yield from head(config, x))


def stem(config: DenseNetConfig, image: Layer) -> Steps:
    stage, bias = Stage("stem"), config.conv_bias
    if config.stem == "pelee":
        return (yield from stem_block(config, image))
    cifar = config.stem == "cifar"
    kernel, stride = (3, 1) if cifar else (7, 2)
    x = yield stage.conv2d("features.conv0", image, config.num_init_features, kernel, stride, bias=bias)
    if cifar and config.norm_order == "pre_activation":
        return x
    x = yield stage.batch_norm("features.norm0", x)
    x = yield stage.relu("features.relu0", x)
    if cifar:
        return x
    return (yield stage.max_pool2d("features.pool0", x, 3, stride=2, padding=1))


def dense_block(config: DenseNetConfig, number: int, x: Layer, num_layers: int) -> Steps:
    stage, scope = Stage(f"dense block {number}"), f"features.denseblock{number}"
    features = [x]
    for number in range(1, num_layers + 1):
        layer = f"{scope}.denselayer{number}"
        read = yield from joined(stage, layer, [features[index] for index in config.sources(number)])
        new = yield from dense_layer(config, stage, layer, read)
        features.append(new)
    return (yield from joined(stage, scope, [features[index] for index in config.joined(num_layers)]))


def dense_layer(config: DenseNetConfig, stage: Stage, scope: str, x: Layer) -> Steps:
    k, bn_size = config.growth_rate, config.bn_size
    if bn_size is None:
        return (yield from normalised_conv(config, stage, scope, "1", x, k, 3))
    x = yield from normalised_conv(config, stage, scope, "1", x, bn_size * k, 1)
    return (yield from normalised_conv(config, stage, scope, "2", x, k, 3))


def normalised_conv(
    config: DenseNetConfig, stage: Stage, scope: str, number: str, x: Layer, channels: int, kernel: int, stride: int = 1
) -> Steps:
    """BN-ReLU-convolution, or in post-activation convolution-BN-ReLU."""
    norm, relu, conv = (f"{scope}.{module}{number}" for module in ("norm", "relu", "conv"))
    if config.norm_order == "post_activation":
        x = yield stage.conv2d(conv, x, channels, kernel, stride, bias=config.conv_bias)
        x = yield stage.batch_norm(norm, x)
        return (yield stage.relu(relu, x))
    x = yield stage.batch_norm(norm, x)
    x = yield stage.relu(relu, x)
    return (yield stage.conv2d(conv, x, channels, kernel, stride, bias=config.conv_bias))


def transition(config: DenseNetConfig, number: int, x: Layer) -> Steps:
    stage, scope = Stage(f"transition {number}"), f"features.transition{number}"
    channels = config.compressed(x.output_shape[1])
    if config.transition_pool == "none":
        return (yield from normalised_conv(config, stage, scope, "", x, channels, 1, stride=2))
    x = yield from normalised_conv(config, stage, scope, "", x, channels, 1)
    pool = stage.max_pool2d if config.transition_pool == "max" else stage.avg_pool2d
    return (yield pool(f"{scope}.pool", x, 2, stride=2))


def head(config: DenseNetConfig, x: Layer) -> Steps:
    stage = Stage("head")
    if config.norm_order == "pre_activation":
        x = yield stage.batch_norm("features.norm5", x)
        x = yield stage.relu("features.relu5", x)
    x = yield stage.global_avg_pool("global_pool", x)
    return (yield stage.linear("classifier", x, config.num_classes))


def taps(config: DenseNetConfig) -> list[str]:
    """Modules that make the last maps of each stride; the last block's are read behind the last norm."""
    blocks = [f"features.denseblock{number}" for number in range(1, len(config.block_config) + 1)]
    return [*blocks[:-1], "features.relu5"] if config.norm_order == "pre_activation" else blocks


def stem_tap(config: DenseNetConfig) -> str:
    """The module that makes the map at stride 2; "" where none does."""
    return "features.relu0" if config.stem == "imagenet" else ""
