"""Networks of timm and torchvision beside ours: counted through the trace, checked against the module and PyTorch."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import analysis
import archs
from analysis.targets import list_library
from tests.support.exhaustive import representatives

#: One or more of each family: timm's file, then its networks.
TIMM = {
    "byoanet": "bat_resnext26ts botnet26t_256 halonet26t lambda_resnet26t",
    "byobnet": "gcresnet33ts mobileone_s0 repvgg_a0",
    "cait": "cait_xxs24_224",
    "convit": "convit_tiny",
    "convmixer": "convmixer_768_32",
    "convnext": "convnext_atto convnext_tiny convnextv2_tiny",
    "crossvit": "crossvit_9_240",
    "cspnet": "cs3darknet_m cspresnet50",
    "davit": "davit_tiny",
    "deit": "deit_tiny_patch16_224",
    "densenet": "densenet121",
    "dla": "dla34",
    "dpn": "dpn68",
    "edgenext": "edgenext_small",
    "efficientformer": "efficientformer_l1",
    "efficientnet": "efficientnet_b0 efficientnetv2_rw_t mnasnet_100 mobilenetv2_100",
    "eva": "eva02_tiny_patch14_224",
    "fasternet": "fasternet_t0",
    "fastvit": "fastvit_t8",
    "focalnet": "focalnet_tiny_srf",
    "ghostnet": "ghostnet_100 ghostnetv2_100",
    "hgnet": "hgnetv2_b0",
    "hrnet": "hrnet_w18_small",
    "inception": "inception_v3 inception_v4 inception_resnet_v2 inception_next_tiny",
    "levit": "levit_128",
    "maxxvit": "coatnet_0_rw_224 maxvit_tiny_tf_224",
    "metaformer": "poolformer_s12",
    "mixer": "mixer_s16_224 resmlp_12_224",
    "mobilenetv3": "lcnet_050 mobilenetv3_large_100 mobilenetv4_conv_small",
    "mobilevit": "mobilevit_s mobilevitv2_050",
    "nasnet": "nasnetalarge",
    "nfnet": "dm_nfnet_f0 nf_resnet50",
    "pvt": "pvt_v2_b0",
    "rdnet": "rdnet_tiny",
    "regnet": "regnetx_002 regnety_032 regnetz_b16",
    "repghost": "repghostnet_100",
    "repvit": "repvit_m1",
    "res2net": "res2net50_26w_4s",
    "resnest": "resnest14d",
    "resnet": "ecaresnet50t resnet18 resnet50 resnext50_32x4d seresnet50",
    "resnetv2": "resnetv2_50",
    "rexnet": "rexnet_100",
    "selecsls": "selecsls42",
    "sknet": "skresnet18",
    "starnet": "starnet_s1",
    "swin": "swin_tiny_patch4_window7_224 swinv2_tiny_window8_256",
    "tresnet": "tresnet_m",
    "vgg": "vgg11_bn",
    "vit": "vit_tiny_patch16_224 vit_relpos_small_patch16_224",
    "volo": "volo_d1_224",
    "vovnet": "eca_vovnet39b vovnet39a",
    "xception": "xception41",
    "xcit": "xcit_nano_12_p16_224",
}
TIMM_NAMES = [f"timm/{name}" for names in TIMM.values() for name in names.split()]
#: The first of each family.
TIMM_FAMILIES = [f"timm/{names.split()[0]}" for names in TIMM.values()]
TORCHVISION_NAMES = [
    f"torchvision/{name}"
    for name in (
        *("alexnet", "convnext_tiny", "densenet121", "efficientnet_v2_s", "googlenet", "inception_v3", "maxvit_t"),
        *("mnasnet0_5", "mobilenet_v3_small", "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1"),
        *("swin_v2_t", "vgg11", "vit_b_32", "wide_resnet50_2"),
    )
]


#: Every trace is counted twice anyway.
SOME_NAMES = TIMM_FAMILIES[::9] + TORCHVISION_NAMES[::8]


def test_the_list_is_broad():
    assert len(TIMM) >= 30
    assert len(TIMM_NAMES) >= 60


@pytest.mark.long
@pytest.mark.parametrize("target", representatives(SOME_NAMES, TIMM_NAMES + TORCHVISION_NAMES))
def test_counts_equal_the_module_and_pytorch(target):
    summary = analysis.summarize(target, image_size=None)
    module = summary.target.module.to("meta").requires_grad_(False)
    with FlopCounterMode(display=False) as counter:
        module(torch.empty(1, 3, *summary.image_size, device="meta"))
    assert summary.flops == counter.get_total_flops()
    assert summary.params == sum(parameter.numel() for parameter in module.parameters())


def test_same_figures_as_our_own_densenet():
    names = ["densenet121", "torchvision/densenet121", "timm/densenet121"]
    ours, *theirs = (analysis.summarize(name) for name in names)
    for other in theirs:
        assert (other.params, other.macs, other.activations) == (ours.params, ours.macs, ours.activations)


def test_an_op_without_a_rule_is_refused_or_listed():
    class Spectrum(torch.nn.Module):
        def forward(self, image):
            return torch.fft.fft(image).real

    with pytest.raises(archs.UnknownOpError, match="'fft_fft'"):
        analysis.summarize(Spectrum(), 8)
    summary = analysis.summarize(Spectrum(), 8, allow_uncounted=True)
    assert [layer.op for layer in summary.uncounted] == ["fft_fft"]
    assert not summary.verified


def test_a_pretrained_tag_is_part_of_the_name():
    assert analysis.summarize("timm/resnet18.a1_in1k").macs == analysis.summarize("timm/resnet18").macs


def test_own_image_size():
    assert analysis.summarize("timm/inception_v3", image_size=None).image_size == (299, 299)


@pytest.mark.parametrize(
    ("target", "nearest"),
    [("timm/resnet5", "'timm/resnet50'"), ("torchvision/densenet12", "'torchvision/densenet121'")],
)
def test_unknown_name_suggests_the_nearest(target, nearest):
    with pytest.raises(archs.UnknownArchError, match=f"There is no architecture '{target}'.*{nearest}"):
        analysis.summarize(target)


def test_names_are_those_of_the_libraries():
    assert len(list_library("timm")) > 1000
    assert "torchvision/resnet50" in list_library("torchvision")
    assert not any("segmentation" in name or "quantized" in name for name in list_library("torchvision"))


@pytest.mark.parametrize(
    "function",
    [
        archs.plan_layers,
        analysis.summarize,
        analysis.compare,
        analysis.memory,
        analysis.predict,
        analysis.benchmark,
        analysis.Workload,
        analysis.cross_check,
        analysis.optimize_for_inference,
    ],
)
def test_networks_are_seen_at_their_own_size_unless_told_otherwise(function):
    assert inspect.signature(function).parameters["image_size"].default is None


def test_a_network_for_small_images_is_counted_at_small_images():
    counted = analysis.summarize("densenet_cifar")
    assert counted.image_size == (32, 32)
    assert counted.macs == 125_341_440
