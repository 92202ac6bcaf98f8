"""What of torchvision's detectors is counted: all that image sizes settle, up to the boxes that images lead to.

Nothing of torchvision is imported: a detector is known by whose `forward()` it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from archs.errors import TraceError
from archs.layer import Pair
from detectors import DetectorConfig
from detectors.config import POST_PROCESSING

Steps = Callable[[Any], Any]


def steps_of(module: nn.Module) -> Steps | None:
    """What runs in place of a detector's forward(): images, (N, C, H, W) or a list of (C, H, W), to outputs of heads.

    None for all other modules, and for detectors of torchvision's whose user wrote a forward() of their own.

    Raises (when it runs): TraceError: a detector that trains.
    """
    home = getattr(module.forward, "__module__", None) or ""
    if not (home.startswith("torchvision.models.detection.") and hasattr(module, "transform")):
        return None
    return partial(_two_stages if home.endswith(".generalized_rcnn") else _one_stage, module)


class AsCounted(nn.Module):
    """What is counted of a detector, as a module: images (N, C, H, W) to outputs of heads."""

    def __init__(self, detector: nn.Module, steps: Steps) -> None:
        super().__init__()
        self.detector, self._steps = detector, steps

    def forward(self, images: Tensor) -> Any:
        return self._steps(images)


def as_counted(module: nn.Module) -> nn.Module:
    """A module that runs what is counted of another: itself, unless that is a detector."""
    steps = steps_of(module)
    return module if steps is None else AsCounted(module, steps)


def words_of(module: Any) -> str:
    """What the figures of a detector leave out, and what they assume; "" for all other modules."""
    if steps_of(module) is None:
        return ""
    if not hasattr(module, "roi_heads"):
        return f"Post-processing is left out: {POST_PROCESSING}"
    heads = module.roi_heads
    later = [name for name in ("mask", "keypoint") if getattr(heads, f"{name}_roi_pool") is not None]
    boxes = f"the box head is counted for {module.rpn.post_nms_top_n():,} proposals an image"
    rest = f", the {' and '.join(later)} head for {heads.detections_per_img:,} detections" if later else ""
    return f"What depends on values is left out: {POST_PROCESSING}; {boxes}{rest}"


def _maps(detector: Any, images: Any) -> tuple[list[Pair], dict[str, Tensor]]:
    """The sizes of the images, and their feature maps.

    Others' detectors resize and join them first; ours (`detectors`) take what reaches the backbone.
    """
    is_ours = isinstance(getattr(detector, "config", None), DetectorConfig)
    if detector.training and not is_ours:
        raise TraceError("a detector that trains takes targets, on which its steps depend")
    if is_ours:
        sizes, tensors = [tuple(images.shape[2:])] * len(images), images
    else:
        resized, _ = detector.transform(images)
        sizes, tensors = resized.image_sizes, resized.tensors
    maps = detector.backbone(tensors)
    return sizes, {"0": maps} if isinstance(maps, Tensor) else maps


def _one_stage(detector: Any, images: Any) -> Any:
    _, maps = _maps(detector, images)
    return detector.head(list(maps.values()))


def _two_stages(detector: Any, images: Any) -> Any:
    sizes, maps = _maps(detector, images)
    rpn, heads, dtype = detector.rpn, detector.roi_heads, next(iter(maps.values())).dtype
    outputs = [rpn.head(list(maps.values()))]

    def run(name: str, boxes: int) -> None:
        x = getattr(heads, f"{name}_roi_pool")(maps, [_boxes(rpn, boxes, size).to(dtype) for size in sizes], sizes)
        x = getattr(heads, f"{name}_head")(x)
        outputs.append(getattr(heads, f"{name}_predictor")(x))

    sampler = heads.fg_bg_sampler
    sampled = sampler.batch_size_per_image
    run("box", sampled if detector.training else rpn.post_nms_top_n())
    for name in ("mask", "keypoint"):
        if getattr(heads, f"{name}_roi_pool") is not None:
            run(name, int(sampled * sampler.positive_fraction) if detector.training else heads.detections_per_img)
    return outputs


def _boxes(rpn: Any, number: int, image_size: tuple[int, int]) -> Tensor:
    """Squares that stand for what the network finds, (number, 4): as many of each size as its anchors have."""
    anchors = getattr(rpn.anchor_generator, "sizes", ((128,),))
    sides = torch.tensor([min(side, *image_size) for level in anchors for side in level], dtype=torch.float32)
    corners = sides.repeat(-(-number // len(sides)))[:number, None].expand(-1, 2)
    return torch.cat((torch.zeros_like(corners), corners), 1)
