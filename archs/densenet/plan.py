"""The layer plan of a DenseNet, row by row of Table 1 of arXiv:1608.06993."""

from __future__ import annotations

from functools import partial

from archs.densenet.config import DenseNetConfig
from archs.layer import Layer
from archs.plan import Stage, Steps, repeated


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
    if config.stem == "cifar":
        return (yield stage.conv2d("features.conv0", image, config.num_init_features, 3, bias=bias))
    x = yield stage.conv2d("features.conv0", image, config.num_init_features, 7, stride=2, bias=bias)
    x = yield stage.batch_norm("features.norm0", x)
    x = yield stage.relu("features.relu0", x)
    return (yield stage.max_pool2d("features.pool0", x, 3, stride=2, padding=1))


def dense_block(config: DenseNetConfig, number: int, x: Layer, num_layers: int) -> Steps:
    stage, scope = Stage(f"dense block {number}"), f"features.denseblock{number}"
    features = [x]
    for index in range(1, num_layers + 1):
        new = yield from dense_layer(config, stage, f"{scope}.denselayer{index}", features)
        features.append(new)
    return (yield stage.concat(f"{scope}.concat", features))


def dense_layer(config: DenseNetConfig, stage: Stage, scope: str, features: list[Layer]) -> Steps:
    k, bn_size, bias = config.growth_rate, config.bn_size, config.conv_bias
    x = features[0] if len(features) == 1 else (yield stage.concat(f"{scope}.concat", features))
    x = yield stage.batch_norm(f"{scope}.norm1", x)
    x = yield stage.relu(f"{scope}.relu1", x)
    if bn_size is None:
        return (yield stage.conv2d(f"{scope}.conv1", x, k, 3, bias=bias))
    x = yield stage.conv2d(f"{scope}.conv1", x, bn_size * k, 1, bias=bias)
    x = yield stage.batch_norm(f"{scope}.norm2", x)
    x = yield stage.relu(f"{scope}.relu2", x)
    return (yield stage.conv2d(f"{scope}.conv2", x, k, 3, bias=bias))


def transition(config: DenseNetConfig, number: int, x: Layer) -> Steps:
    stage, scope = Stage(f"transition {number}"), f"features.transition{number}"
    channels = config.compressed(x.output_shape[1])
    x = yield stage.batch_norm(f"{scope}.norm", x)
    x = yield stage.relu(f"{scope}.relu", x)
    x = yield stage.conv2d(f"{scope}.conv", x, channels, 1, bias=config.conv_bias)
    return (yield stage.avg_pool2d(f"{scope}.pool", x, 2, stride=2))


def head(config: DenseNetConfig, x: Layer) -> Steps:
    stage = Stage("head")
    x = yield stage.batch_norm("features.norm5", x)
    x = yield stage.relu("features.relu5", x)
    x = yield stage.global_avg_pool("global_pool", x)
    return (yield stage.linear("classifier", x, config.num_classes))
