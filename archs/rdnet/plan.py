"""The layer plan of an RDNet (arXiv:2403.19588, section 3)."""

from __future__ import annotations

from archs.attention.plan import effective_squeeze_excitation
from archs.layer import Layer
from archs.plan import Stage, Steps
from archs.rdnet.config import DenseStage, RDNetConfig


def plan_rdnet(config: RDNetConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    x = yield from stem(config, image)
    for index, stage in enumerate(config.stages):
        if index > 0:
            x = yield from transition(index, stage, x)
        x = yield from dense_stage(config, index, stage, x)
    return (yield from head(config, x))


def stem(config: RDNetConfig, image: Layer) -> Steps:
    stage = Stage("stem")
    x = yield stage.conv2d("stem.0", image, config.init_channels, 4, stride=4, padding=0, bias=True)
    return (yield from stage.layer_norm("stem.1.layer_norm", x))


def transition(index: int, to: DenseStage, x: Layer) -> Steps:
    stage, scope, side = Stage(f"transition {index}"), f"dense_stages.{index}", 2 if to.downsample else 1
    x = yield from stage.layer_norm(f"{scope}.0.layer_norm", x)
    return (yield stage.conv2d(f"{scope}.1", x, to.in_channels, side, side, padding=0, bias=True))


def dense_stage(config: RDNetConfig, index: int, numbers: DenseStage, x: Layer) -> Steps:
    stage, features = Stage(f"dense stage {index + 1}"), [x]
    scope = f"dense_stages.{index}.{2 if index else 0}"
    for number in range(numbers.blocks):
        name = f"{scope}.dense_block{number}"
        x = yield stage.concat(f"{name}.concat", features)
        x = yield from block(config, stage, f"{name}.layers.layers", x, numbers)
        features.append((yield stage.scaled(f"{name}.mul", x, (1, numbers.growth_rate, 1, 1))))
    return (yield stage.concat(f"{scope}.concat", features))


def block(config: RDNetConfig, stage: Stage, scope: str, x: Layer, numbers: DenseStage) -> Steps:
    channels = x.output_shape[1]
    x = yield stage.conv2d(f"{scope}.0", x, channels, 7, groups=channels, bias=True)
    x = yield from stage.layer_norm(f"{scope}.1.layer_norm", x)
    x = yield stage.conv2d(f"{scope}.2", x, config.inner_channels(channels), 1, bias=True)
    x = yield stage.elementwise("gelu", f"{scope}.3", x)
    x = yield stage.conv2d(f"{scope}.4", x, numbers.growth_rate, 1, bias=True)
    return (yield from effective_squeeze_excitation(stage, f"{scope}.5", x)) if numbers.ese else x


def head(config: RDNetConfig, x: Layer) -> Steps:
    stage = Stage("head")
    x = yield stage.global_avg_pool("head.global_pool", x)
    x = yield from stage.layer_norm("head.norm.layer_norm", x)
    return (yield stage.linear("head.fc", x, config.num_classes))


def taps(config: RDNetConfig) -> list[str]:
    """Modules that make the last maps of each stride."""
    halved = [*(stage.downsample for stage in config.stages[1:]), True]
    return [f"dense_stages.{index}" for index, ends in enumerate(halved) if ends]
