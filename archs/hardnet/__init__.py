"""HarDNet (arXiv:1909.00948): links to the layers 2^j back only, for less memory traffic."""

from dataclasses import replace

from archs.hardnet.config import HarDNetConfig
from archs.hardnet.family import FAMILY
from archs.hardnet.plan import plan_hardnet
from archs.registry import register_arch, register_family

__all__ = ["HarDNetConfig", "plan_hardnet"]

register_family(FAMILY)

SOURCE = "Chao et al., HarDNet, arXiv:1909.00948; PingoLH/Pytorch-HarDNet, hardnet.py"

HARDNET68 = HarDNetConfig()
HARDNET39 = replace(
    HARDNET68,
    stem_channels=(24, 48),
    layers_per_block=(4, 16, 8, 4),
    growth_rates=(16, 20, 64, 160),
    multiplier=1.6,
    transition_channels=(96, 320, 640, 1024),
    downsample=(1, 1, 1, 0),
)
HARDNET85 = replace(
    HARDNET68,
    stem_channels=(48, 96),
    layers_per_block=(8, 16, 16, 16, 16, 4),
    growth_rates=(24, 24, 28, 36, 48, 256),
    transition_channels=(192, 256, 320, 480, 720, 1280),
    downsample=(1, 0, 1, 0, 1, 0),
)

register_arch("hardnet68", HARDNET68, source=SOURCE, named_depth=68)
register_arch("hardnet85", HARDNET85, source=SOURCE, named_depth=85)
for depth, variant in ((39, HARDNET39), (68, HARDNET68)):
    register_arch(f"hardnet{depth}ds", replace(variant, depthwise=True), source=SOURCE, named_depth=depth)
