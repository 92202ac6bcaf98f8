"""The layer plan of a ToyNet."""

from __future__ import annotations

from archs.layer import Layer
from archs.plan import Stage, Steps
from tests.support.toy.config import ToyConfig


def plan_toy(config: ToyConfig, x: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the logits, (N, num_classes)."""
    for number, layers in enumerate(config.layers):
        stage = Stage(f"stage {number + 1}")
        for index in range(layers + 1):
            scope, before = f"stages.{number}.{index}", x
            x = yield stage.conv2d(f"{scope}.conv", x, config.width, 3, stride=1 if index else 2)
            x = yield stage.batch_norm(f"{scope}.norm", x)
            x = yield stage.relu(f"{scope}.relu", x)
            if config.residual and index:
                x = yield stage.add(f"{scope}.add", x, before)
    x = yield Stage("head").global_avg_pool("pool", x)
    return (yield Stage("head").linear("classifier", x, config.num_classes))


def taps(config: ToyConfig) -> list[str]:
    """Modules that make the last maps of each stride."""
    return [f"stages.{index}" for index in range(len(config.layers))]
