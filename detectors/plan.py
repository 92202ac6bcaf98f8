"""The layer plans of detectors: a backbone's up to its deepest tap, and what torchvision's modules run behind it.

Resizing and normalising images, anchors, decoding and non-maximum suppression are no layers here; the second stage is
planned for as many boxes as the config states, squares of the sizes of the anchors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from functools import partial
from math import floor, log2

from archs.layer import Layer
from archs.plan import Stage, Steps
from archs.registry import get_family
from archs.taps import up_to
from detectors.config import (
    BackboneConfig,
    DensePyramidConfig,
    FasterRCNNConfig,
    FCOSConfig,
    MaskRCNNConfig,
    PyramidConfig,
    RetinaNetConfig,
)

#: A part of a plan that hands on several tensors.
Maps = Generator[Layer, Layer, list[Layer]]
#: Shapes of anchors at each pixel, and sizes of each in RetinaNet.
SHAPES, SIZES = 3, 3
#: Of FCOS's group norms.
GROUPS = 32


class Again(Stage):
    """A stage whose modules may run several times: later layers have a number, and weights that were counted before."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._uses: Counter[str] = Counter()

    def again(self, layer: Layer, weights: int = 0) -> Layer:
        """The layer, under a name of its own, `weights` of which are the first's."""
        self._uses[layer.name] += 1
        if (use := self._uses[layer.name]) == 1:
            return layer
        return layer._replace(name=f"{layer.name}_{use}", extra_params=layer.extra_params - weights)

    def conv(self, name: str, x: Layer, channels: int, kernel: int = 3, stride: int = 1) -> Layer:
        """A convolution with bias."""
        weights = channels * (x.output_shape[1] * kernel**2 + 1)
        return self.again(self.conv2d(name, x, channels, kernel, stride, bias=True), weights)

    def relu(self, name: str, x: Layer) -> Layer:
        return self.again(super().relu(name, x))

    def group_norm(self, name: str, x: Layer) -> Layer:
        weights, shape = 2 * x.output_shape[1], x.output_shape
        layer = Layer(name, "group_norm", self.name, (x.name,), (shape,), shape, groups=GROUPS, bias=True)
        return self.again(layer._replace(extra_params=weights, extra_reads=weights), weights)

    def per_box(self, scope: str, x: Layer, values: int) -> Steps:
        """(N, A·K, H, W) as (N, H·W·A, K): a copy, unless a view can tell it."""
        n, channels, h, w = x.output_shape
        anchors = channels // values
        out = (n, h * w * anchors, values)
        if anchors == 1 or h * w == 1:
            return x._replace(output_shape=out)
        shape = (n, h, w, anchors, values)
        return (yield self.again(Layer(f"{scope}.copy", "copy", self.name, (x.name,), (shape,), out)))

    def joined(self, scope: str, xs: Sequence[Layer]) -> Layer:
        """(N, boxes, K) of all maps as one."""
        shapes = tuple([x.output_shape for x in xs])
        n, _, values = shapes[0]
        out = (n, sum(shape[1] for shape in shapes), values)
        return self.again(Layer(f"{scope}.concat", "concat", self.name, tuple([x.name for x in xs]), shapes, out))


def plan_backbone(config: BackboneConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the coarsest map."""
    return (yield from maps_of(config, image, prefix=""))[-1]


def maps_of(config: BackboneConfig, image: Layer, prefix: str = "backbone.body.") -> Maps:
    layers, maps = up_to(config.taps, get_family(config.backbone.family).plan(config.backbone, image), prefix)
    yield from (layer for layer in layers)  # which, unlike a list, may be sent them back
    return maps


def pyramid(config: PyramidConfig, maps: Sequence[Layer]) -> Maps:
    """C2 to C5, or fewer, to as many maps P of one width: a coarser one, made twice as large, is added to each."""
    stage, scope, channels = Again("neck"), "backbone.fpn", config.fpn_channels
    made: list[Layer] = []
    coarser = None
    for number in reversed(range(len(maps))):
        x = yield stage.conv(f"{scope}.inner_blocks.{number}.0", maps[number], channels, 1)
        if coarser is not None:
            name, shape = f"{scope}.nearest_upsampling", coarser.output_shape
            upsampled = Layer(name, "nearest_upsampling", stage.name, (coarser.name,), (shape,), x.output_shape)
            larger = yield stage.again(upsampled)
            x = yield stage.again(stage.add(f"{scope}.add", x, larger))
        coarser = x
        made.insert(0, (yield stage.conv(f"{scope}.layer_blocks.{number}.0", x, channels)))
    return made


def proposals(config: FasterRCNNConfig, image: Layer) -> Maps:
    """The maps of the pyramid, behind whose layers those run that propose boxes."""
    maps = yield from pyramid(config, (yield from maps_of(config, image)))
    coarsest = yield Stage("neck").max_pool2d("backbone.fpn.extra_blocks.max_pool2d", maps[-1], 1, stride=2)
    stage = Again("RPN")
    for x in (*maps, coarsest):
        hidden = yield stage.conv("rpn.head.conv.0.0", x, config.fpn_channels)
        hidden = yield stage.relu("rpn.head.conv.0.1", hidden)
        yield stage.conv("rpn.head.cls_logits", hidden, SHAPES, 1)
        yield stage.conv("rpn.head.bbox_pred", hidden, 4 * SHAPES, 1)
    return maps


def plan_faster_rcnn(config: FasterRCNNConfig, image: Layer) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to the boxes of all proposals, (N·proposals, 4·classes)."""
    maps = yield from proposals(config, image)
    return (yield from box_head(config, maps, image))


def plan_mask_rcnn(config: MaskRCNNConfig, image: Layer) -> Steps:
    """The same, and masks of the detections, (N·detections, classes, 28, 28)."""
    maps = yield from proposals(config, image)
    yield from box_head(config, maps, image)
    return (yield from mask_head(config, maps, image))


def box_head(config: FasterRCNNConfig, maps: Sequence[Layer], image: Layer) -> Steps:
    stage, scope = Again("box head"), "roi_heads.box_head"
    x = yield from pooled_boxes(config, stage, "roi_heads.box_roi_pool", maps, image, config.proposals, 7)
    for name in ("fc6", "fc7"):
        x = yield stage.linear(f"{scope}.{name}", x, 1024)
        x = yield stage.relu(f"{scope}.relu", x)
    yield stage.linear("roi_heads.box_predictor.cls_score", x, config.num_classes)
    return (yield stage.linear("roi_heads.box_predictor.bbox_pred", x, 4 * config.num_classes))


def mask_head(config: MaskRCNNConfig, maps: Sequence[Layer], image: Layer) -> Steps:
    stage = Again("mask head")
    x = yield from pooled_boxes(config, stage, "roi_heads.mask_roi_pool", maps, image, config.detections, 14)
    for number in range(4):
        x = yield stage.conv(f"roi_heads.mask_head.{number}.0", x, 256)
        x = yield stage.relu(f"roi_heads.mask_head.{number}.1", x)
    scope, (boxes, channels, h, w) = "roi_heads.mask_predictor", x.output_shape
    x = yield Layer(
        *(f"{scope}.conv5_mask", "conv_transpose2d", stage.name, (x.name,), (x.output_shape,)),
        output_shape=(boxes, channels, 2 * h, 2 * w),
        kernel=(2, 2),
        stride=(2, 2),
        padding=(0, 0),
        dilation=(1, 1),
        bias=True,
    )
    x = yield stage.relu(f"{scope}.relu", x)
    return (yield stage.conv(f"{scope}.mask_fcn_logits", x, config.num_classes, 1))


def pooled_boxes(
    config: FasterRCNNConfig, stage: Again, scope: str, maps: Sequence[Layer], image: Layer, number: int, side: int
) -> Steps:
    """(N·number, C, side, side): each box out of the map that suits its size (arXiv:1612.03144, equation 1)."""
    n, _, height, width = image.output_shape
    levels = [int(log2(tap.reduction)) for tap in config.taps]
    squares = [min(anchor, height, width) for anchor in config.anchor_sides]
    of_level = Counter(
        min(max(floor(4 + log2(squares[box % len(squares)] / 224) + 1e-6), levels[0]), levels[-1])
        for box in range(number)
    )
    out = (n * number, config.fpn_channels, side, side)
    before: list[Layer] = []
    for level, x in zip(levels, maps, strict=True):
        boxes = n * of_level[level]
        shape = (boxes, *out[1:])
        pooling = Layer(f"{scope}.roi_align", "roi_align", stage.name, (x.name,), (x.output_shape,), shape, (2, 2))
        pooled = yield stage.again(pooling._replace(extra_reads=5 * boxes))
        if len(maps) == 1:
            return pooled
        names, shapes = (pooled.name, *(y.name for y in before)), (shape, *((0,) for _ in before))
        before = [(yield stage.again(Layer(f"{scope}.write", "write", stage.name, names, shapes, out)))]
    return before[0]


def plan_dense(config: DensePyramidConfig, image: Layer, towers: Callable[..., Steps]) -> Steps:
    """Yield the layers from the image, (N, C, H, W), to predictions for every anchor, (N, anchors, values)."""
    taken = yield from maps_of(config, image)
    maps = yield from pyramid(config, taken)
    stage, scope = Again("neck"), "backbone.fpn.extra_blocks"
    x = maps[-1] if config.p6_from == "P5" else taken[-1]
    x = yield stage.conv(f"{scope}.p6", x, config.fpn_channels, stride=2)
    maps.append(x)
    x = yield stage.relu(f"{scope}.relu", x)
    maps.append((yield stage.conv(f"{scope}.p7", x, config.fpn_channels, stride=2)))
    return (yield from towers(config, maps))


def retinanet_towers(config: RetinaNetConfig, maps: Sequence[Layer]) -> Steps:
    values = (("classification", "cls_logits", config.num_classes), ("regression", "bbox_reg", 4))
    for tower, predictor, each in values:
        stage, scope = Again("class head" if each == config.num_classes else "box head"), f"head.{tower}_head"
        made = []
        for x in maps:
            for number in range(4):
                x = yield stage.conv(f"{scope}.conv.{number}.0", x, config.fpn_channels)
                x = yield stage.relu(f"{scope}.conv.{number}.1", x)
            x = yield stage.conv(f"{scope}.{predictor}", x, each * SHAPES * SIZES)
            made.append((yield from stage.per_box(scope, x, each)))
        x = yield stage.joined(scope, made)
    return x


def fcos_towers(config: FCOSConfig, maps: Sequence[Layer]) -> Steps:
    stage, scope = Again("class head"), "head.classification_head"
    made = []
    for x in maps:
        x = yield from normalised_tower(stage, scope, x)
        x = yield stage.conv(f"{scope}.cls_logits", x, config.num_classes)
        made.append((yield from stage.per_box(scope, x, config.num_classes)))
    yield stage.joined(scope, made)
    stage, scope = Again("box head"), "head.regression_head"
    boxes, centres = [], []
    for x in maps:
        x = yield from normalised_tower(stage, scope, x)
        box = yield stage.conv(f"{scope}.bbox_reg", x, 4)
        box = yield stage.relu(f"{scope}.relu", box)
        boxes.append((yield from stage.per_box(scope, box, 4)))
        centre = yield stage.conv(f"{scope}.bbox_ctrness", x, 1)
        centres.append((yield from stage.per_box(scope, centre, 1)))
    yield stage.joined(scope, boxes)
    return (yield stage.joined(scope, centres))


def normalised_tower(stage: Again, scope: str, x: Layer) -> Steps:
    for number in range(0, 12, 3):
        x = yield stage.conv(f"{scope}.conv.{number}", x, x.output_shape[1])
        x = yield stage.group_norm(f"{scope}.conv.{number + 1}", x)
        x = yield stage.relu(f"{scope}.conv.{number + 2}", x)
    return x


plan_retinanet = partial(plan_dense, towers=retinanet_towers)
plan_fcos = partial(plan_dense, towers=fcos_towers)
