"""PP-HGNet and PP-HGNetV2 (PaddlePaddle/PaddleClas): one-shot aggregation made for GPUs."""

from dataclasses import replace
from typing import Any

from archs.hgnet.config import HGNetConfig
from archs.hgnet.family import FAMILY
from archs.hgnet.plan import plan_hgnet
from archs.registry import register_arch, register_family

__all__ = ["HGNetConfig", "plan_hgnet"]

register_family(FAMILY)

V1 = HGNetConfig(version="v1", stem_channels=(48, 48, 96), kernels=(3, 3, 3, 3), light=(0, 0, 0, 0))
V2 = HGNetConfig()
AFFINE = replace(V2, learnable_affine=True)

FIELDS = ("stem_channels", "mid_channels", "out_channels", "blocks", "layers")
NETWORKS: tuple[Any, ...] = (
    ("hgnet_tiny", V1, (48, 48, 96), (96, 128, 160, 192), (224, 448, 512, 768), (1, 1, 2, 1), 5),
    ("hgnet_small", V1, (64, 64, 128), (128, 160, 192, 224), (256, 512, 768, 1024), (1, 1, 2, 1), 6),
    ("hgnet_base", V1, (96, 96, 160), (192, 224, 256, 288), (320, 640, 960, 1280), (1, 2, 3, 2), 7),
    ("hgnetv2_b0", AFFINE, (16, 16), (16, 32, 64, 128), (64, 256, 512, 1024), (1, 1, 2, 1), 3),
    ("hgnetv2_b1", AFFINE, (24, 32), (32, 48, 96, 192), (64, 256, 512, 1024), (1, 1, 2, 1), 3),
    ("hgnetv2_b2", AFFINE, (24, 32), (32, 64, 128, 256), (96, 384, 768, 1536), (1, 1, 3, 1), 4),
    ("hgnetv2_b3", AFFINE, (24, 32), (32, 64, 128, 256), (128, 512, 1024, 2048), (1, 1, 3, 1), 5),
    ("hgnetv2_b4", V2, (32, 48), (48, 96, 192, 384), (128, 512, 1024, 2048), (1, 1, 3, 1), 6),
    ("hgnetv2_b5", V2, (32, 64), (64, 128, 256, 512), (128, 512, 1024, 2048), (1, 2, 5, 2), 6),
    ("hgnetv2_b6", V2, (48, 96), (96, 192, 384, 768), (192, 512, 1024, 2048), (2, 3, 6, 3), 6),
)

for name, base, *numbers in NETWORKS:
    variant = replace(base, **dict(zip(FIELDS, numbers, strict=True)))
    file = "pp_hgnet.py" if base is V1 else "pp_hgnet_v2.py"
    register_arch(name, variant, source=f"PaddlePaddle/PaddleClas, {file}; timm/models/hgnet.py")
