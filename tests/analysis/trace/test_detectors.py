"""Detectors of torchvision are counted up to the boxes that images lead to."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import analysis
from analysis.targets import list_detectors
from analysis.trace.tracing import record
from archs.errors import TraceError
from tests.support.exhaustive import representatives

detection = pytest.importorskip("torchvision.models.detection")
models = pytest.importorskip("torchvision.models")
ops = pytest.importorskip("torchvision.ops")

SMALL = {"min_size": 96, "max_size": 160, "num_classes": 5}
#: A builder, and what keeps it small; `SMALL` for those that take a size.
BUILDERS = {
    "retinanet_resnet50_fpn": SMALL,
    "fcos_resnet50_fpn": SMALL,
    "ssd300_vgg16": {"num_classes": 5},
    "ssdlite320_mobilenet_v3_large": {"num_classes": 5},
    "fasterrcnn_mobilenet_v3_large_320_fpn": SMALL,
    "fasterrcnn_resnet50_fpn_v2": SMALL | {"rpn_post_nms_top_n_test": 40},
    "maskrcnn_resnet50_fpn": SMALL | {"rpn_post_nms_top_n_test": 40, "box_detections_per_img": 7},
    "keypointrcnn_resnet50_fpn": SMALL | {"rpn_post_nms_top_n_test": 40, "box_detections_per_img": 3},
}


def build(name):
    options = BUILDERS[name] | ({"num_keypoints": 17} if name.startswith("keypoint") else {})
    return getattr(detection, name)(weights=None, weights_backbone=None, **options).eval()


def flops_of_parts(detector, images):
    """FLOPs by torch's counter of the parts that the detector itself would run, the heads of boxes on maps of zeros."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        resized, _ = detector.transform(images)
        maps = detector.backbone(resized.tensors)
        maps = {"0": maps} if isinstance(maps, torch.Tensor) else maps
        if not hasattr(detector, "rpn"):
            detector.head(list(maps.values()))
            return counter.get_total_flops()
        detector.rpn.head(list(maps.values()))
        heads = detector.roi_heads
        for part, boxes in (
            ("box", detector.rpn.post_nms_top_n()),
            ("mask", heads.detections_per_img),
            ("keypoint", heads.detections_per_img),
        ):
            pool = getattr(heads, f"{part}_roi_pool")
            if pool is not None:
                pooled = torch.zeros(len(images) * boxes, detector.backbone.out_channels, *pool.output_size)
                getattr(heads, f"{part}_predictor")(getattr(heads, f"{part}_head")(pooled))
    return counter.get_total_flops()


@pytest.mark.parametrize("name", representatives([*list(BUILDERS)[::6], "maskrcnn_resnet50_fpn"], BUILDERS))
def test_flops_are_those_of_the_parts_and_the_detector_still_runs(name):
    detector, sizes = build(name), ((90, 120), (100, 70))
    images = [torch.rand(3, *size) for size in sizes]
    found = analysis.summarize(detector, input=[(3, *size) for size in sizes])
    assert found.verified
    assert (found.batch_size, found.image_size) == (2, sizes[0])
    assert found.flops == flops_of_parts(detector, images)
    assert found.params == sum(parameter.numel() for parameter in detector.parameters())
    assert "non-maximum suppression" in found.notes[0]
    with torch.no_grad():
        assert detector(images)[0].keys() >= {"boxes", "scores", "labels"}


def test_notes_say_how_many_boxes_are_counted():
    (note,) = analysis.summarize(build("maskrcnn_resnet50_fpn"), image_size=96).notes
    assert note == (
        "What depends on values is left out: anchors, the decoding of boxes and non-maximum suppression are not "
        "counted; the box head is counted for 40 proposals an image, the mask head for 7 detections."
    )


SIZES = [(50, 301), (333, 77), (96, 128), (480, 640)]


@pytest.mark.parametrize("size", representatives(SIZES[:2], SIZES))
@pytest.mark.parametrize("name", ["retinanet_resnet50_fpn", "ssdlite320_mobilenet_v3_large"])
def test_images_are_resized_as_the_detector_does(name, size):
    detector = build(name)
    resized, _ = detector.transform([torch.rand(3, *size)] * 2)
    layers = [cost.layer for cost in analysis.summarize(detector, size, batch_size=2, verify=False).layers]
    first = next(layer for layer in layers if layer.name.startswith("backbone"))
    assert first.input_shapes[0] == tuple(resized.tensors.shape)
    assert all("constant" not in layer.inputs for layer in layers if layer.op == "conv2d")


#: Where torchvision's own count, of real images, is one of as many boxes.
AS_PUBLISHED = (
    "fasterrcnn_resnet50_fpn",
    "fasterrcnn_resnet50_fpn_v2",
    "fcos_resnet50_fpn",
    "maskrcnn_resnet50_fpn_v2",
    "retinanet_resnet50_fpn",
    "retinanet_resnet50_fpn_v2",
    "ssd300_vgg16",
    "ssdlite320_mobilenet_v3_large",
)


@pytest.mark.parametrize("name", representatives(AS_PUBLISHED[2::5], AS_PUBLISHED))
def test_macs_are_those_that_torchvision_publishes(name):
    published = models.get_model_weights(name).DEFAULT.meta["_ops"] if "v2" in name else None
    published = published or next(iter(models.get_model_weights(name))).meta["_ops"]
    assert f"torchvision/{name}" in list_detectors()
    assert analysis.summarize(f"torchvision/{name}").macs / 1e9 == pytest.approx(published, abs=6e-3)


class Own(detection.RetinaNet):
    """A detector whose user wrote its forward()."""

    def forward(self, images):
        return self.head(list(self.backbone(images).values()))


def test_a_forward_of_ones_own_runs_as_it_is():
    detector = build("retinanet_resnet50_fpn")
    detector.__class__ = Own
    found = analysis.summarize(detector, image_size=64)
    assert found.verified
    assert not found.notes
    assert not any(cost.layer.stage == "transform" for cost in found.layers)


class Wrapped(nn.Module):
    def __init__(self, detector):
        super().__init__()
        self.detector = detector

    def forward(self, x):
        return self.detector(x)


def test_what_hides_a_detector_is_refused_in_a_sentence():
    with pytest.raises(TraceError, match="what a mask keeps depends on the values of a tensor"):
        analysis.summarize(Wrapped(build("retinanet_resnet50_fpn")), image_size=96)


def test_training_is_refused_in_a_sentence():
    with pytest.raises(TraceError, match="a detector that trains takes targets"):
        record(build("retinanet_resnet50_fpn"), (96, 96), training=True)


class Pools(nn.Module):
    def __init__(self, samples):
        super().__init__()
        self.pool = ops.RoIAlign((3, 5), spatial_scale=0.5, sampling_ratio=samples)

    def forward(self, maps, boxes):
        return self.pool(maps, boxes)


def test_pooling_of_boxes_is_the_mean_of_bilinear_samples():
    stated = ((2, 8, 16, 16), (7, 5))
    (pooling,) = analysis.summarize(Pools(2), input=stated).layers
    assert pooling.layer.output_shape == (7, 8, 3, 5)
    assert pooling.cost.elementwise_ops == 7 * 8 * 3 * 5 * (2 * 2) * (7 + 1)
    found = analysis.summarize(Pools(-1), input=stated, allow_uncounted=True)
    assert [layer.op for layer in found.uncounted] == ["adaptive_roi_align"]
