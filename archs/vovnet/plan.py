"""The layer plan of a VoVNet or VoVNetV2, row by row of Table 1 of arXiv:1904.09730.

The stem strides 2, 1, 2 and stage 2 has no pool, as in all public code; the paper's table strides 2, 1, 1 and pools.
"""

from __future__ import annotations

from functools import partial

from archs.attention.plan import effective_squeeze_excitation
from archs.layer import Layer
from archs.plan import Stage, Steps, repeated
from archs.vovnet.config import VoVNetConfig


def plan_vovnet(config: VoVNetConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    x = yield from stem(config, image)
    for index, blocks in enumerate(config.block_per_stage):
        x = yield from repeated(blocks, partial(osa_stage, config, index, x), "linear")
    return (yield from head(config, x))


def stem(config: VoVNetConfig, image: Layer) -> Steps:
    stage = Stage("stem")
    first, second, third = config.stem_chs
    stride = 2 if config.stem == "imagenet" else 1
    conv = separable_conv if config.depthwise else conv_norm_act
    x = yield from conv_norm_act(stage, "stem.0", image, first, 3, stride)
    x = yield from conv(stage, "stem.1", x, second, 3)
    return (yield from conv(stage, "stem.2", x, third, 3, stride))


def osa_stage(config: VoVNetConfig, index: int, x: Layer, blocks: int) -> Steps:
    stage, scope = Stage(f"OSA stage {index + 2}"), f"stages.{index}"
    if index > 0 and config.stage_pool == "average":
        x = yield stage.avg_pool2d(f"{scope}.pool", x, 2, stride=2)
    elif index > 0:
        x = yield stage.max_pool2d(f"{scope}.pool", x, 3, stride=2, ceil_mode=True)
    for block in range(blocks):
        attention = config.attention == "every" or (config.attention == "last" and block == blocks - 1)
        residual = config.residual and block > 0
        block_scope = f"{scope}.blocks.{block}"
        x = yield from osa_block(config, index, stage, block_scope, x, attention=attention, residual=residual)
    return x


def osa_block(
    config: VoVNetConfig, index: int, stage: Stage, scope: str, x: Layer, *, attention: bool, residual: bool
) -> Steps:
    identity, channels = x, config.conv_chs[index]
    conv = separable_conv if config.depthwise else conv_norm_act
    if config.depthwise and x.output_shape[1] != channels:
        x = yield from conv_norm_act(stage, f"{scope}.conv_reduction", x, channels, 1)
    features = [identity]
    for number in range(config.layer_per_block):
        x = yield from conv(stage, f"{scope}.conv_mid.{number}", x, channels, 3)
        features.append(x)
    x = yield stage.concat(f"{scope}.concat", features)
    x = yield from conv_norm_act(stage, f"{scope}.conv_concat", x, config.out_chs[index], 1)
    if attention and config.se_reduction is not None:
        x = yield from squeeze_excitation(stage, f"{scope}.se", x, config.se_reduction)
    elif attention:
        x = yield from effective_squeeze_excitation(stage, f"{scope}.attn", x)
    return (yield stage.add(f"{scope}.add", x, identity)) if residual else x


def squeeze_excitation(stage: Stage, scope: str, x: Layer, reduction: int) -> Steps:
    channels = x.output_shape[1]
    gate = yield stage.global_avg_pool(f"{scope}.pool", x)
    gate = yield stage.conv2d(f"{scope}.fc1", gate, channels // reduction, 1, bias=True)
    gate = yield stage.relu(f"{scope}.act", gate)
    gate = yield stage.conv2d(f"{scope}.fc2", gate, channels, 1, bias=True)
    gate = yield stage.hardsigmoid(f"{scope}.gate", gate)
    return (yield stage.mul(f"{scope}.mul", x, gate))


def head(config: VoVNetConfig, x: Layer) -> Steps:
    stage = Stage("head")
    x = yield stage.global_avg_pool("head.global_pool", x)
    return (yield stage.linear("head.fc", x, config.num_classes))


def conv_norm_act(stage: Stage, scope: str, x: Layer, channels: int, kernel: int, stride: int = 1) -> Steps:
    x = yield stage.conv2d(f"{scope}.conv", x, channels, kernel, stride)
    x = yield stage.batch_norm(f"{scope}.bn", x)
    return (yield stage.relu(f"{scope}.act", x))


def separable_conv(stage: Stage, scope: str, x: Layer, channels: int, kernel: int, stride: int = 1) -> Steps:
    in_channels = x.output_shape[1]
    x = yield stage.conv2d(f"{scope}.conv_dw", x, in_channels, kernel, stride, groups=in_channels)
    x = yield stage.conv2d(f"{scope}.conv_pw", x, channels, 1)
    x = yield stage.batch_norm(f"{scope}.bn", x)
    return (yield stage.relu(f"{scope}.act", x))


def taps(config: VoVNetConfig) -> list[str]:
    """Modules that make the last maps of each stride."""
    return [f"stages.{index}" for index in range(len(config.block_per_stage))]


def stem_tap(config: VoVNetConfig) -> str:
    """The module that makes the map at stride 2; "" where none does."""
    return "stem.1" if config.stem == "imagenet" else ""
