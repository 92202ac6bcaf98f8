"""The layer plans of detectors without a pyramid: SSD, SSDlite and Pelee read maps of the backbone and smaller ones.

As torchvision's SSD runs them, boxes first; what SSD's paper has on VGG stands on any backbone here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archs.layer import Layer
from archs.plan import Steps
from detectors.config import DetectorConfig, PeleeConfig, SSDConfig, SSDLiteConfig
from detectors.plan import Again, Maps, maps_of

#: Shapes of the boxes at each pixel of SSD's maps, beside squares of two sizes; each stands upright and lies down.
SSD_SHAPES = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
SHAPES = ((2, 3),) * 6
#: Width between and behind the two convolutions of each smaller map, stride and padding of the second.
SSD_EXTRA = ((128, 256, 2, 1), (128, 256, 1, 0), (128, 256, 1, 0))
PELEE_EXTRA = ((256, 256, 2, 1), (128, 256, 1, 0), (128, 256, 1, 0))
#: Channels of SSDlite's smaller maps.
SSDLITE_EXTRA = (512, 256, 256, 128)
#: Channels of Pelee's residual prediction blocks.
PELEE_WIDTH = 256


def num_anchors(shapes: Sequence[Sequence[int]]) -> list[int]:
    """How many boxes each pixel of each map predicts."""
    return [2 + 2 * len(each) for each in shapes]


def unit(
    stage: Again,
    scope: str,
    x: Layer,
    channels: int,
    kernel: int = 1,
    stride: int = 1,
    *,
    groups: int = 1,
    act: str = "relu",
) -> Steps:
    """Convolution, batch norm, activation, as torchvision's Conv2dNormActivation names them."""
    x = yield stage.conv2d(f"{scope}.0", x, channels, kernel, stride, groups=groups)
    x = yield stage.batch_norm(f"{scope}.1", x)
    return (yield stage.elementwise(act, f"{scope}.2", x)) if act else x


def extra_maps(maps: list[Layer], extra: Sequence[tuple[int, int, int, int]]) -> Maps:
    """The maps, and smaller ones behind them: 1×1 → 3×3 each, with biases and no norms."""
    stage = Again("neck")
    for number, (inner, channels, stride, padding) in enumerate(extra):
        scope = f"backbone.extra.{number}"
        x = yield stage.conv2d(f"{scope}.0", maps[-1], inner, bias=True)
        x = yield stage.relu(f"{scope}.1", x)
        x = yield stage.conv2d(f"{scope}.2", x, channels, 3, stride, padding=padding, bias=True)
        maps.append((yield stage.relu(f"{scope}.3", x)))
    return maps


def predictors(
    config: DetectorConfig,
    maps: Sequence[Layer],
    shapes: Sequence[Sequence[int]],
    predictor: Callable[[Again, str, Layer, int], Steps],
) -> Steps:
    """Boxes, (N, anchors, 4), and then classes, (N, anchors, classes), of all maps."""
    for tower, each, title in (("regression", 4, "box head"), ("classification", config.num_classes, "class head")):
        stage, scope, made = Again(title), f"head.{tower}_head", []
        for number, (x, anchors) in enumerate(zip(maps, num_anchors(shapes), strict=True)):
            x = yield from predictor(stage, f"{scope}.module_list.{number}", x, each * anchors)
            made.append((yield from stage.per_box(scope, x, each)))
        x = yield stage.joined(scope, made)
    return x


def plan_ssd(config: SSDConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the classes of all anchors, (N, anchors, classes)."""
    maps = yield from maps_of(config, image)
    maps = yield from extra_maps(maps, SSD_EXTRA)
    return (yield from predictors(config, maps, SSD_SHAPES, conv3x3))


def conv3x3(stage: Again, scope: str, x: Layer, channels: int) -> Steps:
    return (yield stage.conv(scope, x, channels))


def conv1x1(stage: Again, scope: str, x: Layer, channels: int) -> Steps:
    return (yield stage.conv(scope, x, channels, 1))


def plan_ssdlite(config: SSDLiteConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the classes of all anchors, (N, anchors, classes)."""
    maps, stage = (yield from maps_of(config, image)), Again("neck")
    for number, channels in enumerate(SSDLITE_EXTRA):
        scope, half = f"backbone.extra.{number}", channels // 2
        x = yield from unit(stage, f"{scope}.0", maps[-1], half, act="relu6")
        x = yield from unit(stage, f"{scope}.1", x, half, 3, 2, groups=half, act="relu6")
        maps.append((yield from unit(stage, f"{scope}.2", x, channels, act="relu6")))
    return (yield from predictors(config, maps, SHAPES, separable))


def separable(stage: Again, scope: str, x: Layer, channels: int) -> Steps:
    width = x.output_shape[1]
    x = yield from unit(stage, f"{scope}.0", x, width, 3, groups=width, act="relu6")
    return (yield stage.conv(f"{scope}.1", x, channels, 1))


def plan_pelee(config: PeleeConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the classes of all anchors, (N, anchors, classes).

    Five maps, each behind a residual block; the finest has two predictors, for boxes of two sizes.
    """
    maps = yield from maps_of(config, image)
    maps = yield from extra_maps(maps, PELEE_EXTRA)
    stage, blocks = Again("neck"), []
    for number, x in enumerate(maps):
        blocks.append((yield from prediction_block(stage, f"backbone.blocks.{number}", x)))
    return (yield from predictors(config, [blocks[0], *blocks], SHAPES, conv1x1))


def prediction_block(stage: Again, scope: str, x: Layer) -> Steps:
    half = PELEE_WIDTH // 2
    shortcut = yield from unit(stage, f"{scope}.shortcut", x, PELEE_WIDTH, act="")
    x = yield from unit(stage, f"{scope}.branch.0", x, half)
    x = yield from unit(stage, f"{scope}.branch.1", x, half, 3)
    x = yield from unit(stage, f"{scope}.branch.2", x, PELEE_WIDTH, act="")
    x = yield stage.add(f"{scope}.add", shortcut, x)
    return (yield stage.relu(f"{scope}.relu", x))
