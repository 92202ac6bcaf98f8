"""PeleeNet (arXiv:1804.06882)."""

from archs.peleenet.config import PeleeNetConfig
from archs.peleenet.plan import plan_peleenet
from archs.registry import Family, register_arch, register_family

__all__ = ["PeleeNetConfig", "plan_peleenet"]

register_family(Family("peleenet", "PeleeNet", PeleeNetConfig, plan_peleenet, "archs.peleenet.modules:PeleeNet"))

register_arch(
    "peleenet",
    PeleeNetConfig(),
    source="Wang et al., Pelee, arXiv:1804.06882, Table 1; Robert-JunWang/PeleeNet, peleenet.py",
)
