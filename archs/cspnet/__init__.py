"""CSPNet (arXiv:1911.11929), and Darknet-53 (arXiv:1804.02767), which one of them changes."""

from dataclasses import replace

from archs.cspnet.config import CSPNetConfig
from archs.cspnet.family import FAMILY
from archs.cspnet.plan import plan_cspnet
from archs.registry import register_arch, register_family

__all__ = ["CSPNetConfig", "plan_cspnet"]

register_family(FAMILY)

PAPER = "Wang et al., CSPNet, arXiv:1911.11929"
TIMM = "huggingface/pytorch-image-models, timm/models/cspnet.py"

RESNET50 = CSPNetConfig(
    stem_channels=(64,),
    stem_kernel=7,
    pool=True,
    stage="csp",
    block="bottle",
    blocks=(3, 3, 5, 2),
    strides=(1, 2, 2, 2),
    expand_ratio=2.0,
    bottle_ratio=0.5,
    cross_linear=True,
    activation="leaky_relu",
)
RESNET50D = replace(RESNET50, stem_channels=(32, 32, 64), stem_kernel=3)
RESNET50W = replace(RESNET50D, out_channels=(256, 512, 1024, 2048), expand_ratio=1.0, bottle_ratio=0.25)
DARKNET53 = CSPNetConfig(
    stem_channels=(32,),
    stem_stride=1,
    stage="dark",
    blocks=(1, 2, 8, 8, 4),
    out_channels=(64, 128, 256, 512, 1024),
    bottle_ratio=0.5,
    activation="leaky_relu",
)
CSPDARKNET53 = replace(
    DARKNET53,
    stage="csp",
    expand_ratio=(2.0, 1.0, 1.0, 1.0, 1.0),
    bottle_ratio=(0.5, 1.0, 1.0, 1.0, 1.0),
    down_growth=True,
)

for name, variant in (
    ("cspresnet50", RESNET50),
    ("cspresnet50d", RESNET50D),
    ("cspresnet50w", RESNET50W),
    ("cspresnext50", replace(RESNET50W, stem_channels=(64,), stem_kernel=7, bottle_ratio=1.0, groups=32)),
    ("cspdarknet53", CSPDARKNET53),
):
    register_arch(name, variant, source=f"{PAPER}; {TIMM}")
register_arch("darknet53", DARKNET53, source=f"Redmon and Farhadi, YOLOv3, arXiv:1804.02767; {TIMM}", named_depth=53)

for size, width, blocks in (
    ("s", 32, (1, 3, 4, 1)),
    ("m", 48, (2, 4, 6, 2)),
    ("l", 64, (3, 6, 9, 3)),
    ("x", 80, (3, 7, 11, 3)),
):
    variant = CSPNetConfig(
        stem_channels=(width // 2, width), blocks=blocks, out_channels=tuple(width * 2**stage for stage in range(1, 5))
    )
    register_arch(f"cs3darknet_{size}", variant, source=TIMM)
    register_arch(f"cs3darknet_focus_{size}", replace(variant, stem_channels=(width,), stem_kernel=6), source=TIMM)
