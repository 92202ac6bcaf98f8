"""The layer plan of an ELAN backbone, in the order of YOLOv7's cfg/deploy files, and of the classifier that is ours."""

from __future__ import annotations

from archs.elan.config import HALVES, ELANConfig
from archs.layer import Layer
from archs.plan import Stage, Steps


def plan_elan(config: ELANConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    x = yield from stem(config, image)
    for index in range(len(config.widths)):
        x = yield from elan_stage(config, index, x)
    return (yield from head(config, x))


def stem(config: ELANConfig, x: Layer) -> Steps:
    stage = Stage("stem")
    if config.reorganise:
        x = yield stage.concat("reorganise.concat", phases(x))
    for index, (channels, stride) in enumerate(zip(config.stem_channels, config.strides, strict=True)):
        x = yield from conv_norm_act(config, stage, f"stem.{index}", x, channels, 3, stride)
    return x


def phases(x: Layer) -> list[Layer]:
    """Views of every second pixel: (even row, even column), (odd, even), (even, odd), (odd, odd)."""
    n, c, h, w = x.output_shape
    return [
        x._replace(output_shape=(n, c, (h + 1 - row) // 2, (w + 1 - column) // 2))
        for column in (0, 1)
        for row in (0, 1)
    ]


def elan_stage(config: ELANConfig, index: int, x: Layer) -> Steps:
    stage, scope = Stage(f"ELAN stage {index + 1}"), f"stages.{index}"
    if config.downsamples(index):
        x = yield from downsampling(config, index, stage, f"{scope}.down", x)
    y = yield from elan_block(config, index, stage, f"{scope}.blocks.0", x)
    if not config.parallel:
        return y
    other = yield from elan_block(config, index, stage, f"{scope}.blocks.1", x)
    return (yield stage.add(f"{scope}.blocks.add", y, other))


def downsampling(config: ELANConfig, index: int, stage: Stage, scope: str, x: Layer) -> Steps:
    if config.downsampling == "conv":
        return (yield from conv_norm_act(config, stage, scope, x, config.out_chs[index], 3, stride=2))
    if config.downsampling not in HALVES:
        return (yield stage.max_pool2d(scope, x, 2, stride=2))
    inner, half = config.halves(index, x.output_shape[1])
    pooled = yield stage.max_pool2d(f"{scope}.pool", x, 2, stride=2)
    pooled = yield from conv_norm_act(config, stage, f"{scope}.conv_pool", pooled, half, 1)
    strided = yield from conv_norm_act(config, stage, f"{scope}.conv_in", x, inner, 1)
    strided = yield from conv_norm_act(config, stage, f"{scope}.conv_stride", strided, half, 3, stride=2)
    return (yield stage.concat(f"{scope}.concat", (strided, pooled)))


def elan_block(config: ELANConfig, index: int, stage: Stage, scope: str, x: Layer) -> Steps:
    """Two 1×1 convolutions; a row of 3×3 ones behind the second; every step-th of those joined with both."""
    width = config.widths[index]
    cross = yield from conv_norm_act(config, stage, f"{scope}.conv_cross", x, width, 1)
    x = yield from conv_norm_act(config, stage, f"{scope}.conv_in", x, width, 1)
    features = [cross, x]
    for left in reversed(range(config.layers)):
        x = yield from conv_norm_act(config, stage, f"{scope}.conv_mid.{config.layers - 1 - left}", x, width, 3)
        if left % config.step == 0:
            features.append(x)
    x = yield stage.concat(f"{scope}.concat", features[::-1])
    return (yield from conv_norm_act(config, stage, f"{scope}.conv_concat", x, config.out_chs[index], 1))


def head(config: ELANConfig, x: Layer) -> Steps:
    stage = Stage("head (ours)")
    x = yield stage.global_avg_pool("head.global_pool", x)
    return (yield stage.linear("head.fc", x, config.num_classes))


def conv_norm_act(
    config: ELANConfig, stage: Stage, scope: str, x: Layer, channels: int, kernel: int, stride: int = 1
) -> Steps:
    x = yield stage.conv2d(f"{scope}.conv", x, channels, kernel, stride)
    x = yield stage.batch_norm(f"{scope}.bn", x)
    return (yield stage.elementwise(config.activation, f"{scope}.act", x))


def taps(config: ELANConfig) -> list[str]:
    """Modules that make the last maps of each stage."""
    return [f"stages.{index}" for index in range(len(config.widths))]


def stem_tap(config: ELANConfig) -> str:
    """The last module that makes a map at stride 2; "" where none does."""
    stride, found = 2 if config.reorganise else 1, ""
    for index, step in enumerate(config.strides):
        stride *= step
        found = f"stem.{index}" if stride == 2 else found
    return found
