"""What is said of published figures beside their values: doubts, and which of our networks they are of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from archs.registry import list_archs

#: (pattern of the network, pattern of the source, pattern of the metric, note); empty patterns fit everything.
_NOTES = (
    (r"vovnet(39|57)a", "", "", "timm leaves out the identity additions that the authors' code has"),
    (
        r"ese_vovnet",
        "",
        "",
        "timm has eSE in the last module of a stage only; the authors' detection code has it in every module",
    ),
    (r"densenet264d", "", "", "timm's network with k = 48 and a deep stem, not the paper's DenseNet-264"),
    (
        r"DenseNet-?264",
        "",
        "params|flops",
        "sources give 33.37 M (PaddleClas), 31.79 M (ECA-Net, units of 2^20) and 27.21 M (Darknet, unexplained)",
    ),
    (r"DenseNet-264", "", "top1", "sources give 22.15 (paper), 22.1 (README), 22.0 (PaddleClas), 22.2 (Darknet)"),
    (
        "",
        "Lua|liuzhuang13",
        "top1",
        "the paper's table and the README differ by up to 0.2 (169: 23.80 and 23.6; 201: 22.58 and 22.5)",
    ),
    (
        r"densenet(121|161|169|201)",
        "torchvision|results-imagenet",
        "top1",
        "the same torchvision weights give different errors in torchvision, timm and the VoVNet README",
    ),
    (
        r"VoVNet-?(39|57)",
        "",
        "top1",
        "the recipe moves VoVNet's accuracy by two points: 39 from 76.77 (authors) to 78.82, 57 from 77.73 to 79.86",
    ),
    (
        r"VoVNet-?(39|57)$",
        r"VoVNet\.pytorch",
        "top",
        "of the authors' code, which adds identity connections that the paper's network and ours lack",
    ),
    (r"PeleeNet$", "", "top1", "72.6 (README), 72.08 (its weight file's name), 70.59 (pytorchcv), 70.7 (Darknet)"),
    ("", "Keras|keras", "params", "includes the running statistics of batch norm"),
    ("", "gau-nernst", "params", "without the classifier"),
    ("", "ECA-Net", "params", "in units of 2^20, by our inference"),
    (
        "",
        r"VoVNet\.pytorch",
        "seconds",
        "the README names batch 128 and batch 256 elsewhere, but no batch for its timing",
    ),
    (
        r"DenseNet-201",
        r"VoVNet\.pytorch",
        "seconds",
        "slower than DenseNet-161 with 44 % fewer MACs: speaks for a small batch",
    ),
    ("", "1904.09730", "flops_per_s", "GFLOP/s = FLOPs × images/s"),
    ("", "1904.09730", "", "the device of the paper's detector tables is not visible in what could be read"),
    (r"Pelee", "1904.09730", "images_per_s", "35 images/s on a desktop GPU is below the authors' 120 on a TX2"),
    (r"DenseNet-BC-100", "efficient_densenet", "", "the naive baselines of the two frameworks differ almost by two"),
    (
        r"pytorchcv (X-)?DenseNet-\d",
        "",
        "",
        "halves the channels at each transition also without bottleneck: smaller than the paper's network",
    ),
    (r"^(Pelee|PeleeNet)", "Pelee", "images_per_s", "neither precision nor batch is stated"),
    (r"RDNet-T", "", "params", "22 M (README), 24 M (model card), 23.86 M (timm)"),
    (
        r"HarDNet-?(39|68|85)",
        "",
        "top1",
        "top-1 of 68, 85, 39DS, 68DS: 76.5, 78.0, 72.1, 74.3 (authors), 75.46, 77.44, 71.33, 73.62 (PaddleClas), "
        "76.49, 78.00, 73.17, 75.45 (pytorchcv)",
    ),
    (r"HarDNet39_ds", "PaddleClas", "params", "includes the running statistics of batch norm"),
    (
        r"(?i)csp-?darknet-?53",
        "",
        "top1",
        "77.2 (authors), 77.25 (PaddleClas), 80.08 (timm, at 256): the recipe, not the architecture",
    ),
    (r"(?i)csp-?resnet-?50", "", "top1", "76.6 (authors) and 79.58 (timm): the recipe, not the architecture"),
    (r"(?i)csp-?resnext-?50", "", "top1", "77.9 (authors) and 80.55 (timm): the recipe, not the architecture"),
    (
        r"CSPResNe.?t-?50$",
        "WongKinYiu/",
        "",
        "of the authors' cfg, whose first stage and pool differ from timm's network and ours",
    ),
    ("", "WongKinYiu/Cross", "params", "without the scale and shift of batch norm"),
    (r"(?i)hgnetv2_b\d|(?i:_ssld)|\.ssld", "", "top", "distilled: not to be set beside plain training"),
    (r"(?i)hgnetv2_b0", "", "top1", "77.77 (PaddleClas), 77.36 (timm's evaluation of the same weights)"),
    (
        r"(?i)hgnetv2_b[0-3]",
        "",
        "images_per_s|seconds",
        "its learnable affine blocks cost no time where they are fused (TensorRT, torch.compile), but do in eager mode",
    ),
    (r"DPN-?98|dpn98", "", "top1", "79.85 (authors), 79.66 (timm), 81.56 (pytorchcv's own training)"),
    (
        r"dpn(68b|92|107)\.mx",
        "",
        "top",
        "as accurate as the authors' weights that are pretrained on ImageNet-5k, which these seem to be",
    ),
    (
        r"DPN-?68",
        "",
        "params|flops",
        "2.5 GFLOPs (authors), 2.33 GMACs counted; PaddleClas's older page has 4.03 and 10.78 M, its newer 2.35 and "
        "12.68 M",
    ),
    (
        r"(?i)^DPN-?68$",
        "PaddleClas",
        "seconds",
        "PaddleClas changed its V100 time over time: 11.8, 8.18, later 2.82 ms",
    ),
    (
        r"HarDNet39_ds",
        "PaddleClas",
        "seconds",
        "PaddleClas changed its V100 times over time: 1.40, 2.30, 3.33 ms, later 1.12, 1.54, 2.00",
    ),
    (r"PPHGNet_tiny", "PaddleClas", "seconds", "PaddleClas changed its V100 time over time: 1.77, later 1.72 ms"),
    (r"HarDNet", "Pytorch-HarDNet", "seconds", "milliseconds at another image size than the GMACs beside them"),
    (r"RDNet", "segmentation", "params|flops", "repeats the detection table"),
)
_DEVICE_NOTES = {
    "RTX 5090": "float16 with float32 accumulation; 419 TFLOP/s with float16 accumulation is often copied for it",
    "RTX 4090": "float16 with float32 accumulation, half the rate of float16 accumulation (330 TFLOP/s)",
    "RTX 3090": "float16 with float32 accumulation, half the rate of float16 accumulation (142 TFLOP/s)",
    "RTX 2080 Ti": "float16 with float32 accumulation, half the rate of float16 accumulation (107.6 TFLOP/s)",
    "L4": "the data sheet names no accumulator: float32 accumulation may run at half the rate given; 58 or 60 SMs",
    "L40S": "the data sheet names no accumulator: float32 accumulation may run at half the rate given; "
    "sources give 48 and 96 MB of L2, 300 and 350 W",
    "A100 SXM 80GB": "L2: 40 MB (SXM) is used; a list of PCIe cards gives 80 MB",
    "A10": "the data sheet names no accumulator",
    "V100 SXM2 16GB": "300 W (NVIDIA) against 250 W (TechPowerUp)",
    "V100 SXM2 32GB": "300 W (NVIDIA) against 250 W (TechPowerUp)",
    "H100 SXM": "the preliminary figures were 60 and 1000 TFLOP/s",
    "H200 SXM": "4800 against 4890 GB/s",
    "T4": "320 against 300 GB/s",
    "Jetson AGX Orin 64GB": "sources give 4 and 6 MB of L2: left out",
    "Jetson TX2": "58.4 to 59.7 GB/s by source",
}


def note_of(fact: Mapping[str, Any]) -> str:
    """Every doubt that fits a fact."""
    if fact["metric"] == "device":
        return _DEVICE_NOTES.get(fact["device"], "")
    texts = (fact["network"], fact["source"], fact["metric"])
    return "; ".join(
        note
        for *patterns, note in _NOTES
        if all(re.search(pattern, str(text)) for pattern, text in zip(patterns, texts, strict=True))
    )


#: Sources whose networks of the same name are built differently from ours.
OTHER_NETWORKS = ("gau-nernst", "1e100", "zgcr")

#: Recipes that change the network that is evaluated.
OTHER_RECIPES = r"mean-max pooling|Mish"

_PATTERNS = (
    (r"densenet-?(121|161|169|201)", "densenet{}"),
    (r"densenet-?(264)(?:-32)?", "densenet{}"),
    (r"(ese_vovnet(?:19b_slim_dw|19b_dw|19b_slim|19b|39b|57b|99b))", "{}"),
    (r"vovnet-?(39|57)a?", "vovnet{}"),
    (r"vovnet-?(27)-slim", "vovnet{}_slim"),
    (r"(peleenet)", "{}"),
    (r"hardnet-?(39|68|85)_?(ds)?", "hardnet{}{}"),
    (r"(?:pp)?(hgnet_(?:tiny|small|base)|hgnetv2_b[0-6])(?:_ssld)?", "{}"),
    (r"rdnet_(tiny|small|base|large)", "rdnet_{}"),
    (r"(cspresne(?:t50[dw]?|xt50)|cs3darknet_(?:focus_)?[smlx])", "{}"),
    (r"(csp)?-?darknet-?53", "{}darknet53"),
    (r"condensenet-74 \(c=g=(4|8)\)", "condensenet74_c{0}_g{0}"),
    (r"condensenet(v2)-([abc])", "condensenet{}_{}"),
    (r"dpn-?(48b|68b?|92|98|107|131)", "dpn{}"),
)
#: (network, depth, growth rate) in the papers' CIFAR tables.
_CIFAR: dict[Any, str] = {
    ("DenseNet", "40", 12): "densenet40_k12",
    ("DenseNet", "100", 12): "densenet100_k12",
    ("DenseNet", "100", 24): "densenet100_k24",
    ("DenseNet-BC", "100", 12): "densenetbc100_k12",
    ("DenseNet-BC", "250", 24): "densenetbc250_k24",
    ("DenseNet-BC", "190", 40): "densenetbc190_k40",
    **{("CondenseNet", str(n), "8-16-32"): f"condensenet{n}_cifar" for n in (50, 74, 86, 98, 110, 122)},
    ("CondenseNet", "182", "12-24-48"): "condensenet182_cifar",
}


def arch_of(network: str, source: str, scope: Any = None, recipe: Any = None) -> str | None:
    """The registered name of an ImageNet classifier: timm/densenet121, densenet121.tv_in1k, DenseNet-121.

    The authors' VoVNet-39 and -57, of the same names, have two and five identity additions that ours and timm's lack.
    """
    if any(word in source for word in OTHER_NETWORKS) or (isinstance(scope, str) and scope != "classifier inference"):
        return None
    if re.search(OTHER_RECIPES, str(recipe)):
        return None
    name = network.removeprefix("timm/").partition(".")[0].lower()
    for pattern, arch in _PATTERNS:
        if match := re.fullmatch(pattern, name):
            found = arch.format(*(group or "" for group in match.groups()))
            return found if found in list_archs() else None
    return None


def cifar_arch_of(row: dict[str, Any]) -> str | None:
    """The registered name of a CIFAR network; pytorchcv's without bottleneck halve their channels and are others."""
    model = row["model"]
    if model.startswith("pytorchcv DenseNet-BC-"):
        model = "DenseNet-BC"
    found = _CIFAR.get((model, str(row["depth"]), row["growth_rate"]))
    return found if found in list_archs() else None
