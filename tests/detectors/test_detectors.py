"""Detectors: the plan, the trace and PyTorch's dispatcher tell the same, and the same as their authors."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import analysis
from analysis.trace.detectors import steps_of
from analysis.trace.stand_in import Weightless
from archs.errors import ConfigError, DenseScopeError, UnknownFieldError
from detectors import KINDS, PARTS, create_detector, plan_detector, resolve_detector
from tests.support.exhaustive import representatives

BACKBONES = ("peleenet", "vovnet39", "densenet121", "hardnet68", "cspresnet50", "hgnetv2_b0")
GRID = [f"{kind}/{backbone}" for kind, backbone in product(KINDS, BACKBONES)]
#: Each kind and each backbone once or twice.
SOME = [f"{kind}/{BACKBONES[index % len(BACKBONES)]}" for index, kind in enumerate(KINDS)]
SIZES = {"backbone": ((224, 224), (256, 320)), "pelee": ((304, 304), (304, 336)), "ssd": ((300, 300), (320, 384))}
PYRAMIDS = ((320, 320), (256, 384))


PYRAMIDAL = ("retinanet", "fcos", "faster_rcnn", "mask_rcnn")


def module_of(config):
    with Weightless():
        return create_detector(config).eval()


@pytest.mark.parametrize("name", representatives(SOME, GRID))
def test_plan_trace_and_dispatcher_agree(name):
    config = resolve_detector(name)
    module = module_of(config)
    for number, size in enumerate(SIZES.get(config.kind, PYRAMIDS), start=1):
        planned, traced = (analysis.summarize(config, size, number, route=route) for route in ("plan", "trace"))
        assert [cost.layer for cost in planned.layers] == [cost.layer for cost in traced.layers]
        assert planned.notes == traced.notes
        assert planned.params == traced.params == sum(parameter.numel() for parameter in module.parameters())
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            (steps_of(module) or module)(torch.empty(number, config.in_channels, *size, device="meta"))
        assert counter.get_total_flops() == 2 * planned.macs


@pytest.mark.parametrize(
    ("classes", "published_params", "params", "published_macs", "macs"),
    [
        # arXiv:1804.06882, tables 5 and 7, on VOC and on COCO; pooling as in Caffe
        (21, 5.43e6, 5_425_892, 1.21e9, 1_204_968_960),
        (81, 5.98e6, 5_981_012, 1.29e9, 1_283_950_080),
    ],
)
def test_pelee_is_the_authors(classes, published_params, params, published_macs, macs):
    found = analysis.summarize(resolve_detector("pelee/peleenet", num_classes=classes))
    assert (found.params, found.macs) == (params, macs)
    assert found.params == pytest.approx(published_params, rel=1e-3)
    assert found.macs == pytest.approx(published_macs, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "size", "gmacs"),
    [
        # torch.utils.flop_counter on torchvision's detectors around the same backbones, in another process
        ("retinanet/peleenet", 320, 16.742081024),
        ("retinanet/vovnet39", 800, 189.275),
        ("retinanet/densenet121", 320, 21.655),
        ("faster_rcnn/vovnet39", 800, 172.114),
        ("faster_rcnn/densenet121", 320, 30.976),
        ("fcos/vovnet39", 800, 165.941),
        ("mask_rcnn/vovnet39", 800, 225.321),
    ],
)
def test_measured_elsewhere(name, size, gmacs):
    assert analysis.summarize(name, size).macs / 1e9 == pytest.approx(gmacs, abs=5e-4)


def test_the_papers_argument():
    """arXiv:1904.09730: at a detector's size DenseNet-201 moves three times VoVNet-39's bytes, with fewer MACs."""
    dense, osa = (analysis.summarize(name, (800, 1344), head=False) for name in ("densenet201", "vovnet39"))
    assert round(dense.bytes_moved / 1e9, 1) == 14.6
    assert round(osa.bytes_moved / 1e9, 1) == 4.6
    assert round(osa.macs / dense.macs, 2) == 1.65


def test_parts_add_up():
    found = analysis.summarize("faster_rcnn/peleenet", 320)
    parts = found.by_part()
    assert tuple(parts["part"]) == PARTS
    assert parts["macs"].sum() == found.macs
    assert analysis.summarize("backbone/peleenet", 320).macs == parts["macs"][0]
    assert {"stem", "transition 3", "neck", "RPN", "box head"} < set(found.by_stage()["stage"])


def test_torchvisions_own_detectors_have_the_same_heads():
    """What stands behind the backbone is torchvision's, layer by layer."""
    ours = analysis.summarize("fcos/densenet121", (320, 320))
    theirs = analysis.summarize("torchvision/fcos_resnet50_fpn", (320, 320), in_channels=3)
    heads = [
        [(cost.layer.name, cost.macs) for cost in found.layers if cost.layer.name.startswith("head.")]
        for found in (ours, theirs)
    ]
    assert [name for name, _ in heads[0]] == [name for name, _ in heads[1]]


@pytest.mark.parametrize("kind", representatives(["fcos", "mask_rcnn", "pelee"], [*KINDS][1:]))
def test_detectors_run_and_train(kind):
    """One step on a small backbone: a loss with gradients everywhere, then boxes within the image."""
    torch.manual_seed(0)
    size, images = (304, 2) if kind in ("pelee", "ssd") else (64, 1)  # the last maps are 1×1
    detector = create_detector(f"{kind}/peleenet", num_classes=3, image_size=size, block_config=(1, 1, 1, 1))
    target = {"boxes": torch.tensor([[8.0, 8.0, 40.0, 48.0]]), "labels": torch.tensor([1])}
    if kind == "mask_rcnn":
        target["masks"] = torch.ones(1, size, size, dtype=torch.uint8)
    images = list(torch.rand(images, 3, size, size))
    sum(detector(images, [target] * len(images)).values()).backward()
    assert all(parameter.grad is not None for parameter in detector.parameters())
    with torch.no_grad():
        found = detector.eval()(images)
    assert all((one["boxes"] >= 0).all() and (one["boxes"] <= size).all() for one in found)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: analysis.summarize("retinanet"), "named with its backbone, such as 'retinanet/vovnet39'"),
        (
            lambda: analysis.summarize("retinanett/vovnet39"),
            "no detector 'retinanett'; the nearest names are 'ret",
        ),
        (lambda: analysis.summarize("retinanet/vovnet"), "no architecture 'vovnet'"),
        (
            lambda: analysis.summarize("fcos/densenet40_k12"),
            "with maps at the strides 1, 2 and 4, but must be one with .* 8, 16 and 32, which fcos",
        ),
        (lambda: analysis.summarize("pelee/peleenet", 32), "the nearest is 257"),
        (lambda: analysis.summarize("peleenet", head=False, out_indices=(0, 9)), "some of the taps 0 to 3"),
        (lambda: analysis.summarize("peleenet", out_indices=2), r"out_indices is 2, but must be left out"),
        (lambda: resolve_detector("ssd/peleenet", out_indices=2), "out_indices is .*, but must be 3 maps for ssd"),
        (lambda: analysis.summarize("timm/resnet18", head=False), "only networks of the registry"),
        (lambda: resolve_detector("ssd/peleenet", fpn_channels=64), "has no field 'fpn_channels'"),
    ],
)
def test_errors_are_one_sentence(call, sentence):
    with pytest.raises(DenseScopeError, match=sentence):
        call()


@pytest.mark.parametrize("taps", representatives([(0, 1, 2), (1, 3)], [(0,), (3,), (0, 1, 2), (1, 3), (0, 1, 2, 3)]))
@pytest.mark.parametrize("kind", representatives(["retinanet", "mask_rcnn"], PYRAMIDAL))
def test_any_maps_may_be_read(kind, taps):
    config = resolve_detector(f"{kind}/peleenet", block_config=(1, 1, 1, 1), out_indices=taps, image_size=64)
    planned, traced = (analysis.summarize(config, 64, route=route) for route in ("plan", "trace"))
    assert [cost.layer for cost in planned.layers] == [cost.layer for cost in traced.layers]
    create_detector(config).eval()([torch.rand(3, 64, 64)])


def test_fields_of_detector_and_backbone():
    config = resolve_detector("retinanet/densenet121", growth_rate=16, num_classes=21, p6_from="C5")
    assert (config.backbone.growth_rate, config.num_classes, config.backbone.num_classes) == (16, 21, 1000)
    assert plan_detector(config, 320) == analysis.trace.tracing.record(module_of(config), (320, 320)).layers
    assert resolve_detector(config, bn_size=2).backbone.bn_size == 2
    with pytest.raises(ConfigError):
        resolve_detector("faster_rcnn/densenet121", proposals=0)
    with pytest.raises(UnknownFieldError):
        resolve_detector("retinanet/densenet121", depth=3)
