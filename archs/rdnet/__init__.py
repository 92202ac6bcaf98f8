"""RDNet (DenseNets Reloaded, arXiv:2403.19588): dense concatenation again, wide and shallow, with modern blocks."""

from typing import Any

from archs.rdnet.config import RDNetConfig
from archs.rdnet.family import FAMILY
from archs.rdnet.plan import plan_rdnet
from archs.registry import register_arch, register_family

__all__ = ["RDNetConfig", "plan_rdnet"]

register_family(FAMILY)

#: Stem channels, growth rates, and the stages in front of which a transition downsamples.
NETWORKS: dict[str, tuple[int, Any, tuple[int, ...]]] = {
    "rdnet_tiny": (64, (64, 104, *[128] * 4, 224), (2, 3, 7)),
    "rdnet_small": (72, (64, *[128] * 8, *[240] * 2), (2, 3, 10)),
    "rdnet_base": (120, (96, 128, *[168] * 7, *[336] * 2), (2, 3, 10)),
    "rdnet_large": (144, (128, 192, *[256] * 8, *[360] * 2), (2, 3, 11)),
}

for name, (channels, growth_rates, downsampled) in NETWORKS.items():
    stages = range(1, len(growth_rates) + 1)
    variant = RDNetConfig(
        init_channels=channels,
        growth_rates=growth_rates,
        downsample=tuple(int(stage in downsampled) for stage in stages),
        ese=tuple(int(stage > 2) for stage in stages),
    )
    register_arch(name, variant, source="Kim et al., arXiv:2403.19588, section 3; naver-ai/rdnet, rdnet.py")
