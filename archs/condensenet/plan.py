"""The layer plan of a CondenseNet (arXiv:1711.09224, sections 3 and 4) or CondenseNetV2 (arXiv:2104.04382).

Of the form that runs: a learned index stands in front of each 1×1 convolution with groups. While the links are being
learned, that convolution has one group and a mask, and other costs.
"""

from __future__ import annotations

from functools import partial

from archs.condensenet.config import CondenseNetConfig
from archs.layer import Layer
from archs.plan import Stage, Steps, chained


def plan_condensenet(config: CondenseNetConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    stride = 2 if config.stem == "imagenet" else 1
    x = yield Stage("stem").conv2d("features.init_conv", image, 2 * config.growths[0], 3, stride)
    last = len(config.layers_per_block)
    for number, layers in enumerate(config.layers_per_block, start=1):
        layer = partial(dense_layer, config, number, Stage(f"dense block {number}"))
        x = yield from chained(layers, layer, x)
        if number < last:
            x = yield Stage(f"transition {number}").avg_pool2d(f"features.transition_{number}.pool", x, 2, stride=2)
    return (yield from head(config, x))


def dense_layer(config: CondenseNetConfig, block: int, stage: Stage, number: int, x: Layer) -> Steps:
    scope = f"features.denseblock_{block}.denselayer_{number}"
    k, channels = config.growths[block - 1], x.output_shape[1]
    act = "hardswish" if config.has_hardswish(block) else "relu"
    new = yield stage.index_select(
        f"{scope}.conv_1.index_select", x, channels * config.groups // config.condense_factor
    )
    new = yield from norm_act(stage, f"{scope}.conv_1", new, act)
    new = yield stage.conv2d(f"{scope}.conv_1.conv", new, config.bottleneck * k, groups=config.groups)
    new = yield from shuffle(stage, f"{scope}.conv_1", new, config.groups)
    new = yield from norm_act(stage, f"{scope}.conv_2", new, act)
    new = yield stage.conv2d(f"{scope}.conv_2.conv", new, k, 3, groups=config.groups_3x3)
    if config.attends(block):
        new = yield from squeeze_excitation(stage, f"{scope}.se", new, k)
    if config.reactivation:
        again = yield from norm_act(stage, f"{scope}.sfr", new, act)
        again = yield from shuffle(stage, f"{scope}.sfr", again, k // config.groups)
        again = yield stage.conv2d(f"{scope}.sfr.conv", again, channels, groups=config.groups)
        again = yield stage.index_select(f"{scope}.sfr.index_select", again, channels)
        x = yield stage.add(f"{scope}.add", x, again)
    return (yield stage.concat(f"{scope}.concat", (x, new)))


def norm_act(stage: Stage, scope: str, x: Layer, act: str) -> Steps:
    x = yield stage.batch_norm(f"{scope}.norm", x)
    return (yield stage.elementwise(act, f"{scope}.activation", x))


def shuffle(stage: Stage, scope: str, x: Layer, groups: int) -> Steps:
    keeps_order = groups == 1 or groups == x.output_shape[1]
    return x if keeps_order else (yield stage.elementwise("channel_shuffle", f"{scope}.shuffle", x))


def squeeze_excitation(stage: Stage, scope: str, x: Layer, channels: int) -> Steps:
    n, c, _, _ = x.output_shape
    gate = yield stage.global_avg_pool(f"{scope}.avg_pool", x)
    gate = yield stage.linear(f"{scope}.fc.0", gate, channels, bias=False)
    gate = yield stage.relu(f"{scope}.fc.1", gate)
    gate = yield stage.linear(f"{scope}.fc.2", gate, c, bias=False)
    gate = yield stage.elementwise("sigmoid", f"{scope}.fc.3", gate)
    return (yield stage.mul(f"{scope}.mul", x, gate._replace(output_shape=(n, c, 1, 1))))


def head(config: CondenseNetConfig, x: Layer) -> Steps:
    stage, channels = Stage("head"), x.output_shape[1]
    x = yield stage.batch_norm("features.norm_last", x)
    x = yield stage.relu("features.relu_last", x)
    x = yield stage.global_avg_pool("global_pool", x)
    if config.head_features is None:
        x = yield stage.index_select("classifier.index_select", x, channels // 2)
        return (yield stage.linear("classifier.linear", x, config.num_classes))
    x = yield from squeeze_excitation(stage, "se_last", x, channels // 16)
    x = yield stage.linear("fc", x, config.head_features)
    x = yield stage.elementwise("hardswish", "fc_act", x)
    return (yield stage.linear("classifier", x, config.num_classes))


def taps(config: CondenseNetConfig) -> list[str]:
    """Modules that make the last maps of each stride; the last block's are read behind the last norm."""
    return [
        *(f"features.denseblock_{number}" for number in range(1, len(config.layers_per_block))),
        "features.relu_last",
    ]
