"""PeleeNet (arXiv:1804.06882)."""

from archs.peleenet.config import PeleeNetConfig
from archs.peleenet.family import FAMILY
from archs.peleenet.plan import plan_peleenet
from archs.registry import register_arch, register_family

__all__ = ["PeleeNetConfig", "plan_peleenet"]

register_family(FAMILY)

register_arch(
    "peleenet",
    PeleeNetConfig(),
    source="Wang et al., Pelee, arXiv:1804.06882, Table 1; Robert-JunWang/PeleeNet, peleenet.py",
)
