"""The layer plan of a DPN, row by row of Table 1 of arXiv:1707.01629.

One tensor holds both paths: [residual | dense].
"""

from __future__ import annotations

from functools import partial

from archs.dpn.config import DPNConfig
from archs.layer import Layer
from archs.plan import Stage, Steps, part, repeated


def plan_dpn(config: DPNConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes, 1, 1)."""
    x = yield from stem(config, image)
    for index, blocks in enumerate(config.blocks):
        x = yield from repeated(blocks, partial(dual_path_stage, config, index, x), "quadratic")
    return (yield from head(config, x))


def stem(config: DPNConfig, image: Layer) -> Steps:
    stage, scope = Stage("stem"), "features.conv1_1"
    x = yield stage.conv2d(f"{scope}.conv", image, config.init_channels, 3 if config.small else 7, stride=2)
    x = yield stage.batch_norm(f"{scope}.bn", x)
    x = yield stage.elementwise(config.activation, f"{scope}.act", x)
    return (yield stage.max_pool2d("features.conv1_pool", x, 3, stride=2, padding=1))


def dual_path_stage(config: DPNConfig, index: int, x: Layer, blocks: int) -> Steps:
    stage = Stage(f"dual path stage {index + 2}")
    for number in range(1, blocks + 1):
        x = yield from dual_path_block(config, stage, index, f"features.conv{index + 2}_{number}", x, first=number == 1)
    return x


def dual_path_block(config: DPNConfig, stage: Stage, index: int, scope: str, x: Layer, *, first: bool) -> Steps:
    residual, d, inner = config.residual_channels(index), config.increment(index), config.inner_channels(index)
    paths, stride = x, 2 if first and index else 1
    if first:
        paths = yield from norm_relu_conv(stage, f"{scope}.c1x1_w_s{stride}", x, residual + 2 * d, 1, stride)
    x = yield from norm_relu_conv(stage, f"{scope}.c1x1_a", x, inner, 1)
    x = yield from norm_relu_conv(stage, f"{scope}.c3x3_b", x, inner, 3, stride, groups=config.groups)
    if config.split_last:
        x = yield from norm_relu(stage, f"{scope}.c1x1_c", x)
        added = yield stage.conv2d(f"{scope}.c1x1_c1", x, residual, 1)
        new = yield stage.conv2d(f"{scope}.c1x1_c2", x, d, 1)
    else:
        x = yield from norm_relu_conv(stage, f"{scope}.c1x1_c", x, residual + d, 1)
        added, new = part(x, 0, residual), part(x, residual, d)
    dense = part(paths, residual, paths.output_shape[1] - residual)
    added = yield stage.add(f"{scope}.add", part(paths, 0, residual), added)
    return (yield stage.concat(f"{scope}.concat", (added, dense, new)))


def head(config: DPNConfig, x: Layer) -> Steps:
    stage = Stage("head")
    x = yield stage.batch_norm("features.conv5_bn_ac.bn", x)
    x = yield stage.elementwise(config.activation, "features.conv5_bn_ac.act", x)
    x = yield stage.global_avg_pool("global_pool", x)
    return (yield stage.conv2d("classifier", x, config.num_classes, 1, bias=True))


def norm_relu(stage: Stage, scope: str, x: Layer) -> Steps:
    x = yield stage.batch_norm(f"{scope}.bn", x)
    return (yield stage.relu(f"{scope}.act", x))


def norm_relu_conv(
    stage: Stage, scope: str, x: Layer, channels: int, kernel: int, stride: int = 1, *, groups: int = 1
) -> Steps:
    x = yield from norm_relu(stage, scope, x)
    return (yield stage.conv2d(f"{scope}.conv", x, channels, kernel, stride, groups=groups))


def taps(config: DPNConfig) -> list[str]:
    """Modules that make the last maps of each stride."""
    return [f"features.conv{stage}_{blocks}" for stage, blocks in enumerate(config.blocks, start=2)]


def stem_tap(config: DPNConfig) -> str:
    """The module that makes the map at stride 2."""
    return "features.conv1_1"
