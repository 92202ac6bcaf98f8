"""Which registered network a published name stands for, where it is the same network; None elsewhere."""

from __future__ import annotations

import re
from typing import Any

#: Sources whose networks of the same name are built differently from ours.
OTHER_NETWORKS = ("gau-nernst", "1e100", "zgcr")

_PATTERNS = (
    (r"densenet-?(121|161|169|201)", "densenet{}"),
    (r"densenet-?(264)(?:-32)?", "densenet{}"),
    (r"(ese_vovnet(?:19b_slim_dw|19b_dw|19b_slim|19b|39b|57b|99b))", "{}"),
    (r"vovnet-?(39|57)a?", "vovnet{}"),
    (r"vovnet-?(27)-slim", "vovnet{}_slim"),
    (r"(peleenet)", "{}"),
)
#: (network, depth, growth rate) in the papers' CIFAR tables.
_CIFAR = {
    ("DenseNet", "40", 12): "densenet40_k12",
    ("DenseNet", "100", 12): "densenet100_k12",
    ("DenseNet", "100", 24): "densenet100_k24",
    ("DenseNet-BC", "100", 12): "densenetbc100_k12",
    ("DenseNet-BC", "250", 24): "densenetbc250_k24",
    ("DenseNet-BC", "190", 40): "densenetbc190_k40",
}


def arch_of(network: str, source: str, scope: Any = None) -> str | None:
    """The registered name of an ImageNet classifier: timm/densenet121, densenet121.tv_in1k, DenseNet-121.

    timm's vovnet39a and vovnet57a lack two and five identity additions of the authors' networks; they count as these.
    """
    if any(word in source for word in OTHER_NETWORKS) or (isinstance(scope, str) and scope != "classifier inference"):
        return None
    name = network.removeprefix("timm/").partition(".")[0].lower()
    for pattern, arch in _PATTERNS:
        if match := re.fullmatch(pattern, name):
            return arch.format(match[1])
    return None


def cifar_arch_of(row: dict[str, Any]) -> str | None:
    """The registered name of a CIFAR network; pytorchcv's without bottleneck halve their channels and are others."""
    model = row["model"]
    if model.startswith("pytorchcv DenseNet-BC-"):
        model = "DenseNet-BC"
    return _CIFAR.get((model, str(row["depth"]), row["growth_rate"]))
