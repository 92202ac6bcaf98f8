"""The layer plan of a HarDNet, in the order of the authors' list of modules, `base`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from archs.hardnet.config import HarDNetConfig, links, outputs
from archs.layer import Layer
from archs.plan import Stage, Steps, joined


def plan_hardnet(config: HarDNetConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    scopes = (f"base.{index}" for index in count())
    x = yield from stem(config, scopes, image)
    for index in range(len(config.layers_per_block)):
        x = yield from block(config, index, next(scopes), x)
        x = yield from transition(config, index, scopes, x)
    return (yield from head(config, next(scopes), x))


def stem(config: HarDNetConfig, scopes: Iterator[str], image: Layer) -> Steps:
    stage = Stage("stem")
    first, second = config.stem_channels
    x = yield from conv_norm_relu(stage, next(scopes), image, first, 3, stride=2)
    x = yield from conv_norm_relu(stage, next(scopes), x, second, 1 if config.depthwise else 3)
    if config.depthwise:
        return (yield from depthwise_conv(stage, next(scopes), x, stride=2))
    return (yield stage.max_pool2d(next(scopes), x, 3, stride=2, padding=1))


def block(config: HarDNetConfig, index: int, scope: str, x: Layer) -> Steps:
    """A harmonic dense block: layer l reads l − 1, l − 2, l − 4 and so on, as far as the power of 2 divides l."""
    stage, features, layers = Stage(f"HarD block {index + 1}"), [x], config.layers_per_block[index]
    for number in range(1, layers + 1):
        own = f"{scope}.layers.{number - 1}"
        x = yield from joined(stage, own, [features[link] for link in links(number)])
        channels = config.layer_channels(index, number)
        if config.depthwise:
            x = yield from conv_norm_relu(stage, f"{own}.layer1", x, channels, 1)
            x = yield from depthwise_conv(stage, f"{own}.layer2", x)
        else:
            x = yield from conv_norm_relu(stage, own, x, channels, 3)
        features.append(x)
    return (yield from joined(stage, scope, [features[number] for number in outputs(layers)]))


def transition(config: HarDNetConfig, index: int, scopes: Iterator[str], x: Layer) -> Steps:
    stage = Stage(f"transition {index + 1}")
    channels = config.per_block(config.transition_channels)[index]
    x = yield from conv_norm_relu(stage, next(scopes), x, channels, 1)
    if not config.per_block(config.downsample)[index]:
        return x
    if config.depthwise:
        return (yield from depthwise_conv(stage, next(scopes), x, stride=2))
    return (yield stage.max_pool2d(next(scopes), x, 2, stride=2))


def head(config: HarDNetConfig, scope: str, x: Layer) -> Steps:
    stage = Stage("head")
    x = yield stage.global_avg_pool(f"{scope}.0", x)
    return (yield stage.linear(f"{scope}.3", x, config.num_classes))


def conv_norm_relu(stage: Stage, scope: str, x: Layer, channels: int, kernel: int, stride: int = 1) -> Steps:
    x = yield stage.conv2d(f"{scope}.conv", x, channels, kernel, stride)
    x = yield stage.batch_norm(f"{scope}.norm", x)
    return (yield stage.elementwise("relu6", f"{scope}.relu", x))


def depthwise_conv(stage: Stage, scope: str, x: Layer, stride: int = 1) -> Steps:
    channels = x.output_shape[1]
    x = yield stage.conv2d(f"{scope}.dwconv", x, channels, 3, stride, groups=channels)
    return (yield stage.batch_norm(f"{scope}.norm", x))


def taps(config: HarDNetConfig) -> list[str]:
    """Modules that make the last maps of each stride: transitions in front of what halves them, and the last."""
    number, found = 3, []
    halves = config.per_block(config.downsample)
    for index, halved in enumerate(halves):
        if halved or index == len(halves) - 1:
            found.append(f"base.{number + 1}")
        number += 3 if halved else 2
    return found


def stem_tap(config: HarDNetConfig) -> str:
    """The module that makes the map at stride 2."""
    return "base.1"
