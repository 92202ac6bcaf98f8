"""Dual path networks, DPN (arXiv:1707.01629): residual and dense connections side by side."""

from dataclasses import replace

from archs.dpn.config import DPNConfig
from archs.dpn.family import FAMILY
from archs.dpn.plan import plan_dpn
from archs.registry import register_arch, register_family

__all__ = ["DPNConfig", "plan_dpn"]

register_family(FAMILY)

TIMM = "huggingface/pytorch-image-models, timm/models/dpn.py"
SOURCE = f"Chen et al., Dual Path Networks, arXiv:1707.01629; {TIMM}"

DPN68 = DPNConfig(small=True, init_channels=10, base_width=128, blocks=(3, 4, 12, 3), increments=(16, 32, 32, 64))
DPN48B = replace(DPN68, blocks=(3, 4, 6, 3), split_last=True, activation="silu")

register_arch("dpn48b", DPN48B, source=TIMM, named_depth=48)
register_arch("dpn68", DPN68, source=SOURCE, named_depth=68)
register_arch("dpn68b", replace(DPN68, split_last=True), source=SOURCE, named_depth=68)
register_arch("dpn92", DPNConfig(), source=SOURCE, named_depth=92)
for depth, init_channels, base_width, groups, blocks, increments in (
    (98, 96, 160, 40, (3, 6, 20, 3), (16, 32, 32, 128)),
    (107, 128, 200, 50, (4, 8, 20, 3), (20, 64, 64, 128)),
    (131, 128, 160, 40, (4, 8, 28, 3), (16, 32, 32, 128)),
):
    variant = DPNConfig(
        init_channels=init_channels, base_width=base_width, groups=groups, blocks=blocks, increments=increments
    )
    register_arch(f"dpn{depth}", variant, source=SOURCE, named_depth=depth)
