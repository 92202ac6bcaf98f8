"""Detectors in PyTorch: torchvision's, around backbones of this registry. Building one imports torchvision.

They take what torchvision's take, a list of images (C, H, W) and in training the targets, and give what those give.
Images are resized as torchvision does it, to the config's own size.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any

import torchvision.models.detection as detection
from torch import Tensor, nn
from torchvision.models.detection import ssd
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.mask_rcnn import MaskRCNN as TorchvisionMaskRCNN
from torchvision.models.detection.ssd import SSDHead, SSDScoringHead
from torchvision.models.detection.ssdlite import SSDLiteHead
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import (
    ExtraFPNBlock,
    FeaturePyramidNetwork,
    LastLevelMaxPool,
    LastLevelP6P7,
)
from torchvision.ops.misc import Conv2dNormActivation

from archs import checks
from archs.backbone import Backbone
from archs.create import create_backbone
from detectors import config as configs
from detectors.single_shot import (
    PELEE_EXTRA,
    PELEE_WIDTH,
    SHAPES,
    SSD_EXTRA,
    SSD_SHAPES,
    SSDLITE_EXTRA,
    num_anchors,
)

#: Of ImageNet, as torchvision normalises images of three channels; of others, one half each.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: torchvision's for SSDlite.
SSDLITE_NORM = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)

_STAGES = (
    (r"backbone\.", "neck"),
    (r"rpn\.", "RPN"),
    (r"head\.classification_head", "class head"),
    (r"head\.regression_head|roi_heads\.box", "box head"),
    (r"roi_heads\.mask", "mask head"),
)
_BODY = "backbone.body."


class Detector:
    """What ours have beside torchvision's: the config, and the rows that layers belong to."""

    config: configs.DetectorConfig
    backbone: Any

    def stage_of(self, layer_name: str) -> str:
        """The row that a layer belongs to, as in the plan."""
        if layer_name.startswith(_BODY):
            return str(self.backbone.body.stage_of(layer_name.removeprefix(_BODY)))
        return next((stage for pattern, stage in _STAGES if re.match(pattern, layer_name)), "head")


class Levels(nn.Module):
    """A backbone and what makes further maps of its own: (N, C, H, W) to maps by name, finest first."""

    def __init__(self, body: Backbone) -> None:
        super().__init__()
        self.body = body

    def named(self, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        return OrderedDict((str(number), x) for number, x in enumerate(maps))


class Pyramid(Levels):
    """Maps of one width, by a feature pyramid."""

    def __init__(self, body: Backbone, channels: int, extra: ExtraFPNBlock) -> None:
        super().__init__(body)
        self.fpn = FeaturePyramidNetwork(body.out_channels, channels, extra)
        self.out_channels = channels

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Images (N, C, H, W) to maps (N, out_channels, h, w)."""
        maps: dict[str, Tensor] = self.fpn(self.named(self.body(images)))
        return maps


class ExtraMaps(Levels):
    """The backbone's maps and smaller ones, each made of the one before it."""

    def __init__(self, body: Backbone, extra: Sequence[nn.Module], out_channels: Sequence[int]) -> None:
        super().__init__(body)
        self.extra = nn.ModuleList(extra)
        self.out_channels = [*body.out_channels, *out_channels]

    def maps(self, images: Tensor) -> list[Tensor]:
        maps = self.body(images)
        for block in self.extra:
            maps.append(block(maps[-1]))
        return list(maps)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Images (N, C, H, W) to maps (N, out_channels[i], h, w)."""
        return self.named(self.maps(images))


class PredictionBlocks(ExtraMaps):
    """The same, each behind a residual block; the finest comes twice."""

    def __init__(self, body: Backbone, extra: Sequence[nn.Module], out_channels: Sequence[int]) -> None:
        super().__init__(body, extra, out_channels)
        self.blocks = nn.ModuleList(PredictionBlock(channels) for channels in self.out_channels)
        self.out_channels = [PELEE_WIDTH] * len(SHAPES)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = [block(x) for block, x in zip(self.blocks, self.maps(images), strict=True)]
        return self.named([maps[0], *maps])


class PredictionBlock(nn.Module):
    """Pelee's: 1×1 beside 1×1 → 3×3 → 1×1, (N, C, H, W) to (N, 256, H, W). Source: layer_utils.py, res_block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = PELEE_WIDTH // 2
        self.shortcut = Conv2dNormActivation(channels, PELEE_WIDTH, 1, activation_layer=None)
        self.branch = nn.Sequential(
            Conv2dNormActivation(channels, half, 1),
            Conv2dNormActivation(half, half, 3),
            Conv2dNormActivation(half, PELEE_WIDTH, 1, activation_layer=None),
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.shortcut(x) + self.branch(x))
        return out


def as_backbone(config: configs.BackboneConfig) -> Backbone:
    """The network of a config, up to the deepest of its maps."""
    return create_backbone(config.backbone, out_indices=config.out_indices)


def _resizing(config: configs.DetectorConfig) -> dict[str, Any]:
    """How torchvision's detectors bring images to the config's own size, and normalise them."""
    size, channels = checks.image_size(config.image_size), config.in_channels
    mean, deviation = (MEAN, DEVIATION) if channels == 3 else ((0.5,) * channels,) * 2
    return {
        "min_size": min(size),
        "max_size": max(size),
        "image_mean": list(mean),
        "image_std": list(deviation),
    }


def _dense_pyramid(config: configs.DensePyramidConfig) -> Pyramid:
    body, channels = as_backbone(config), config.fpn_channels
    extra = LastLevelP6P7(channels if config.p6_from == "P5" else body.out_channels[-1], channels)
    extra.use_P5 = config.p6_from == "P5"  # which torchvision tells by the channels alone
    return Pyramid(body, channels, extra)


class RetinaNet(Detector, detection.RetinaNet):  # type: ignore[misc]
    """Source: `detectors.config.RetinaNetConfig`."""

    def __init__(self, config: configs.RetinaNetConfig) -> None:
        scales = [2 ** (step / 3) for step in range(3)]
        sizes = tuple(tuple(int(side * scale) for scale in scales) for side in config.anchor_sides)
        anchors = AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * len(sizes))
        super().__init__(_dense_pyramid(config), config.num_classes, anchor_generator=anchors, **_resizing(config))
        self.config = config


class FCOS(Detector, detection.FCOS):  # type: ignore[misc]
    """Source: `detectors.config.FCOSConfig`."""

    def __init__(self, config: configs.FCOSConfig) -> None:
        sides = config.anchor_sides
        anchors = AnchorGenerator(tuple((side,) for side in sides), ((1.0,),) * len(sides))
        super().__init__(_dense_pyramid(config), config.num_classes, anchor_generator=anchors, **_resizing(config))
        self.config = config


def _proposing(config: configs.FasterRCNNConfig) -> dict[str, Any]:
    sides = config.anchor_sides
    anchors = AnchorGenerator(tuple((side,) for side in sides), ((0.5, 1.0, 2.0),) * len(sides))
    return _resizing(config) | {
        "rpn_anchor_generator": anchors,
        "rpn_post_nms_top_n_test": config.proposals,
        "box_roi_pool": _pooling(config, 7),
    }


def _pooling(config: configs.FasterRCNNConfig, side: int) -> MultiScaleRoIAlign:
    """What takes boxes out of the pyramid's maps, but for the last, which is for the RPN alone."""
    return MultiScaleRoIAlign([str(level) for level in range(len(config.taps))], side, sampling_ratio=2)


class FasterRCNN(Detector, detection.FasterRCNN):  # type: ignore[misc]
    """Source: `detectors.config.FasterRCNNConfig`."""

    def __init__(self, config: configs.FasterRCNNConfig) -> None:
        pyramid = Pyramid(as_backbone(config), config.fpn_channels, LastLevelMaxPool())
        super().__init__(pyramid, config.num_classes, **_proposing(config))
        self.config = config


class MaskRCNN(Detector, TorchvisionMaskRCNN):  # type: ignore[misc]
    """Source: `detectors.config.MaskRCNNConfig`."""

    def __init__(self, config: configs.MaskRCNNConfig) -> None:
        pyramid = Pyramid(as_backbone(config), config.fpn_channels, LastLevelMaxPool())
        more = _proposing(config) | {"box_detections_per_img": config.detections, "mask_roi_pool": _pooling(config, 14)}
        super().__init__(pyramid, config.num_classes, **more)
        self.config = config


def _smaller(
    config: configs.DetectorConfig, extra: Sequence[tuple[int, int, int, int]]
) -> tuple[list[nn.Module], list[int]]:
    """What makes the maps behind the backbone's, 1×1 → 3×3 each, and their channels."""
    made: list[nn.Module] = []
    before = config.taps[-1].num_chs
    for inner, channels, stride, padding in extra:
        first, second = nn.Conv2d(before, inner, 1), nn.Conv2d(inner, channels, 3, stride, padding)
        made.append(nn.Sequential(first, nn.ReLU(inplace=True), second, nn.ReLU(inplace=True)))
        before = channels
    return made, [channels for _, channels, _, _ in extra]


class SSD(Detector, ssd.SSD):  # type: ignore[misc]
    """Source: `detectors.config.SSDConfig`."""

    def __init__(self, config: configs.SSDConfig) -> None:
        maps = ExtraMaps(as_backbone(config), *_smaller(config, SSD_EXTRA))
        boxes = DefaultBoxGenerator([[*each] for each in SSD_SHAPES], scales=SSD_SCALES)
        head = SSDHead(maps.out_channels, num_anchors(SSD_SHAPES), config.num_classes)
        super().__init__(maps, boxes, _fixed(config), config.num_classes, head=head, **_normalising(config))
        self.config = config


#: Sides of the boxes of each map, as shares of the image; torchvision, models/detection/ssd.py.
SSD_SCALES = [0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05]
#: The same of Pelee: 10 %, and 20 to 88 % in steps of 17; train_voc.py.
PELEE_SCALES = [0.10, 0.20, 0.37, 0.54, 0.71, 0.88, 1.05]


def _fixed(config: configs.DetectorConfig) -> tuple[int, int]:
    """Width and height, as torchvision's SSD takes them."""
    height, width = checks.image_size(config.image_size)
    return width, height


def _normalising(config: configs.DetectorConfig) -> dict[str, Any]:
    found = _resizing(config)
    return {name: found[name] for name in ("image_mean", "image_std")}


class SSDLite(Detector, ssd.SSD):  # type: ignore[misc]
    """Source: `detectors.config.SSDLiteConfig`."""

    def __init__(self, config: configs.SSDLiteConfig) -> None:
        body = as_backbone(config)
        unit = partial(Conv2dNormActivation, norm_layer=SSDLITE_NORM, activation_layer=nn.ReLU6)
        extra, before = [], body.out_channels[-1]
        for channels in SSDLITE_EXTRA:
            half = channels // 2
            extra.append(
                nn.Sequential(unit(before, half, 1), unit(half, half, 3, 2, groups=half), unit(half, channels, 1))
            )
            before = channels
        maps = ExtraMaps(body, extra, SSDLITE_EXTRA)
        boxes = DefaultBoxGenerator([[*each] for each in SHAPES], min_ratio=0.2, max_ratio=0.95)
        head = SSDLiteHead(maps.out_channels, num_anchors(SHAPES), config.num_classes, SSDLITE_NORM)
        super().__init__(maps, boxes, _fixed(config), config.num_classes, head=head, **_normalising(config))
        self.config = config


class PeleeHead(nn.Module):
    """1×1 convolutions: maps to boxes and classes of all anchors, (N, anchors, 4) and (N, anchors, classes)."""

    def __init__(self, in_channels: Sequence[int], anchors: Sequence[int], num_classes: int) -> None:
        super().__init__()
        self.regression_head = SSDScoringHead(_predictors(in_channels, anchors, 4), 4)
        self.classification_head = SSDScoringHead(_predictors(in_channels, anchors, num_classes), num_classes)

    def forward(self, maps: list[Tensor]) -> dict[str, Tensor]:
        return {"bbox_regression": self.regression_head(maps), "cls_logits": self.classification_head(maps)}


def _predictors(in_channels: Sequence[int], anchors: Sequence[int], values: int) -> nn.ModuleList:
    found = nn.ModuleList()
    for channels, number in zip(in_channels, anchors, strict=True):
        conv = nn.Conv2d(channels, number * values, 1)
        nn.init.xavier_uniform_(conv.weight)
        nn.init.constant_(conv.bias, 0)  # type: ignore[arg-type]
        found.append(conv)
    return found


class Pelee(Detector, ssd.SSD):  # type: ignore[misc]
    """Source: `detectors.config.PeleeConfig`."""

    def __init__(self, config: configs.PeleeConfig) -> None:
        maps = PredictionBlocks(as_backbone(config), *_smaller(config, PELEE_EXTRA))
        boxes = DefaultBoxGenerator([[*each] for each in SHAPES], scales=PELEE_SCALES)
        head = PeleeHead(maps.out_channels, num_anchors(SHAPES), config.num_classes)
        super().__init__(maps, boxes, _fixed(config), config.num_classes, head=head, **_normalising(config))
        self.config = config
