"""The layer plan of an HGNet or HGNetV2, stage by stage of PaddleClas's pp_hgnet.py and pp_hgnet_v2.py."""

from __future__ import annotations

from functools import partial

from archs.hgnet.config import HGNetConfig
from archs.layer import Layer
from archs.plan import Stage, Steps, repeated


def plan_hgnet(config: HGNetConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    x = yield from (stem_v1 if config.version == "v1" else stem_v2)(config, image)
    for index, blocks in enumerate(config.blocks):
        x = yield from repeated(blocks, partial(hg_stage, config, index, x), "linear")
    return (yield from head(config, x))


def stem_v1(config: HGNetConfig, x: Layer) -> Steps:
    stage = Stage("stem")
    for number, channels in enumerate(config.stem_channels):
        stride = 1 if number else 2
        x = yield from conv_norm_act(config, stage, f"stem.stem.{number}", x, channels, 3, stride)
    return (yield stage.max_pool2d("stem.pool", x, 3, stride=2, padding=1))


def stem_v2(config: HGNetConfig, x: Layer) -> Steps:
    stage, (within, channels) = Stage("stem"), config.stem_channels
    unit = partial(conv_norm_act, config, stage)
    x = yield from unit("stem.stem1", x, within, 3, 2)
    x = yield stage.pad("stem.pad", x, 1, 1)
    right = yield from unit("stem.stem2a", x, within // 2, 2, padding=0)
    right = yield stage.pad("stem.pad_2", right, 1, 1)
    right = yield from unit("stem.stem2b", right, within, 2, padding=0)
    left = yield stage.max_pool2d("stem.pool", x, 2, stride=1)
    x = yield stage.concat("stem.concat", (left, right))
    x = yield from unit("stem.stem3", x, within, 3, 2)
    return (yield from unit("stem.stem4", x, channels, 1))


def hg_stage(config: HGNetConfig, index: int, x: Layer, blocks: int) -> Steps:
    stage, scope = Stage(f"HG stage {index + 1}"), f"stages.{index}"
    if index > 0:
        channels = x.output_shape[1]
        x = yield from conv_norm_act(
            config, stage, f"{scope}.downsample", x, channels, 3, 2, groups=channels, act=False
        )
    for block in range(blocks):
        x = yield from hg_block(config, index, stage, f"{scope}.blocks.{block}", x, residual=block > 0)
    return x


def hg_block(config: HGNetConfig, index: int, stage: Stage, scope: str, x: Layer, *, residual: bool) -> Steps:
    identity, features = x, [x]
    layer = light_layer if config.light[index] else conv_norm_act
    for number in range(config.layers):
        name, channels = f"{scope}.layers.{number}", config.mid_channels[index]
        x = yield from layer(config, stage, name, x, channels, config.kernels[index])
        features.append(x)
    x = yield stage.concat(f"{scope}.concat", features)
    x = yield from aggregation(config, stage, f"{scope}.aggregation", x, config.out_channels[index])
    return (yield stage.add(f"{scope}.add", x, identity)) if residual else x


def aggregation(config: HGNetConfig, stage: Stage, scope: str, x: Layer, channels: int) -> Steps:
    if config.version == "v2":
        x = yield from conv_norm_act(config, stage, f"{scope}.0", x, channels // 2, 1)
        return (yield from conv_norm_act(config, stage, f"{scope}.1", x, channels, 1))
    x = yield from conv_norm_act(config, stage, f"{scope}.0", x, channels, 1)
    gate = yield stage.global_avg_pool(f"{scope}.1.pool", x)
    gate = yield stage.conv2d(f"{scope}.1.conv", gate, channels, 1, bias=True)
    gate = yield stage.elementwise("sigmoid", f"{scope}.1.sigmoid", gate)
    return (yield stage.mul(f"{scope}.1.mul", x, gate))


def head(config: HGNetConfig, x: Layer) -> Steps:
    stage = Stage("head")
    x = yield stage.global_avg_pool("head.global_pool", x)
    x = yield stage.conv2d("head.last_conv.0", x, config.head_channels, 1)
    x = yield stage.relu("head.last_conv.1", x)
    x = yield from learnable_affine(config, stage, "head.last_conv.2", x)
    return (yield stage.linear("head.fc", x, config.num_classes))


def light_layer(config: HGNetConfig, stage: Stage, scope: str, x: Layer, channels: int, kernel: int) -> Steps:
    x = yield from conv_norm_act(config, stage, f"{scope}.conv1", x, channels, 1, act=False)
    return (yield from conv_norm_act(config, stage, f"{scope}.conv2", x, channels, kernel, groups=channels))


def conv_norm_act(
    config: HGNetConfig,
    stage: Stage,
    scope: str,
    x: Layer,
    channels: int,
    kernel: int,
    stride: int = 1,
    *,
    groups: int = 1,
    padding: int | None = None,
    act: bool = True,
) -> Steps:
    x = yield stage.conv2d(f"{scope}.conv", x, channels, kernel, stride, groups=groups, padding=padding)
    x = yield stage.batch_norm(f"{scope}.bn", x)
    if not act:
        return x
    x = yield stage.relu(f"{scope}.act", x)
    return (yield from learnable_affine(config, stage, f"{scope}.lab", x))


def learnable_affine(config: HGNetConfig, stage: Stage, scope: str, x: Layer) -> Steps:
    """a·x + b; nothing where the network has none."""
    if config.learnable_affine:
        x = yield stage.scaled(f"{scope}.mul", x, (1,))
        x = yield stage.shifted(f"{scope}.add", x, (1,))
    return x


def taps(config: HGNetConfig) -> list[str]:
    """Modules that make the last maps of each stride."""
    return [f"stages.{index}" for index in range(len(config.blocks))]


def stem_tap(config: HGNetConfig) -> str:
    """The module that makes the map at stride 2; "" where none does."""
    return "stem.stem" if config.version == "v1" else ""
