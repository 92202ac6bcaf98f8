"""The layer plan of a CSPNet, stage by stage (arXiv:1911.11929, figure 2; timm/models/cspnet.py)."""

from __future__ import annotations

from functools import partial

from archs.cspnet.config import CSPNetConfig
from archs.layer import Layer
from archs.plan import Stage, Steps, part, repeated


def plan_cspnet(config: CSPNetConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    x = yield from stem(config, image)
    for index, blocks in enumerate(config.blocks):
        stage = cross_stage if config.crosses else dark_stage
        x = yield from repeated(blocks, partial(stage, config, index, x), "linear")
    return (yield from head(config, x))


def stem(config: CSPNetConfig, x: Layer) -> Steps:
    stage = Stage("stem")
    for number, channels in enumerate(config.stem_channels, start=1):
        stride = config.stem_stride if number == 1 else 1
        x = yield from unit(config, stage, f"stem.conv{number}", x, channels, config.stem_kernel, stride)
    return (yield stage.max_pool2d("stem.pool", x, 3, stride=2, padding=1)) if config.pool else x


def cross_stage(config: CSPNetConfig, index: int, x: Layer, blocks: int) -> Steps:
    """One 1×1 convolution, split in two: a half goes through the blocks, the other around them."""
    stage, scope, third = Stage(f"stage {index + 1}"), f"stages.{index}", config.stage == "cs3"
    if config.downsamples(index):
        x = yield from downsample(config, stage, index, x)
    expanded, half = config.expanded_channels(index), config.block_channels(index)
    x = yield from unit(config, stage, f"{scope}.conv_exp", x, expanded, linear=config.cross_linear)
    first, second = part(x, 0, half), part(x, half, half)
    y = yield from chain(config, stage, index, first if third else second, blocks)
    if not third:
        y = yield from unit(config, stage, f"{scope}.conv_transition_b", y, half)
    x = yield stage.concat(f"{scope}.concat", (y, second) if third else (first, y))
    return (yield from unit(config, stage, f"{scope}.conv_transition", x, config.per_stage(config.out_channels)[index]))


def dark_stage(config: CSPNetConfig, index: int, x: Layer, blocks: int) -> Steps:
    stage = Stage(f"stage {index + 1}")
    x = yield from downsample(config, stage, index, x)
    return (yield from chain(config, stage, index, x, blocks))


def downsample(config: CSPNetConfig, stage: Stage, index: int, x: Layer) -> Steps:
    channels, stride = config.down_channels(index, x.output_shape[1]), config.per_stage(config.strides)[index]
    return unit(config, stage, f"stages.{index}.conv_down", x, channels, 3, stride, groups=config.groups)


def chain(config: CSPNetConfig, stage: Stage, index: int, x: Layer, blocks: int) -> Steps:
    """Residual blocks of equal width, one behind the other."""
    block = bottleneck_block if config.block == "bottle" else dark_block
    for number in range(blocks):
        x = yield from block(config, stage, index, f"stages.{index}.blocks.{number}", x)
    return x


def bottleneck_block(config: CSPNetConfig, stage: Stage, index: int, scope: str, x: Layer) -> Steps:
    inner, channels = config.inner_channels(index), config.block_channels(index)
    y = yield from unit(config, stage, f"{scope}.conv1", x, inner)
    y = yield from unit(config, stage, f"{scope}.conv2", y, inner, 3, groups=config.groups)
    y = yield from unit(config, stage, f"{scope}.conv3", y, channels, linear=True)
    y = yield stage.add(f"{scope}.add", y, x)
    return (yield stage.elementwise(config.activation, f"{scope}.act3", y))


def dark_block(config: CSPNetConfig, stage: Stage, index: int, scope: str, x: Layer) -> Steps:
    y = yield from unit(config, stage, f"{scope}.conv1", x, config.inner_channels(index))
    y = yield from unit(config, stage, f"{scope}.conv2", y, config.block_channels(index), 3, groups=config.groups)
    return (yield stage.add(f"{scope}.add", y, x))


def head(config: CSPNetConfig, x: Layer) -> Steps:
    stage = Stage("head")
    x = yield stage.global_avg_pool("head.global_pool", x)
    return (yield stage.linear("head.fc", x, config.num_classes))


def unit(
    config: CSPNetConfig,
    stage: Stage,
    scope: str,
    x: Layer,
    channels: int,
    kernel: int = 1,
    stride: int = 1,
    *,
    groups: int = 1,
    linear: bool = False,
) -> Steps:
    x = yield stage.conv2d(f"{scope}.conv", x, channels, kernel, stride, groups=groups, padding=(kernel - 1) // 2)
    x = yield stage.batch_norm(f"{scope}.bn", x)
    return x if linear else (yield stage.elementwise(config.activation, f"{scope}.act", x))


def taps(config: CSPNetConfig) -> list[str]:
    """Modules that make the last maps of each stride."""
    strides = (*config.per_stage(config.strides)[1:], 2)
    return [f"stages.{index}" for index, stride in enumerate(strides) if stride > 1]


def stem_tap(config: CSPNetConfig) -> str:
    """The module that makes the map at stride 2; "" where none does."""
    return f"stem.conv{len(config.stem_channels)}" if config.stem_stride == 2 else ""
