"""CondenseNet (arXiv:1711.09224) and CondenseNetV2 (arXiv:2104.04382), in the form that runs at inference."""

from dataclasses import replace

from archs.condensenet.config import CondenseNetConfig
from archs.condensenet.family import FAMILY
from archs.condensenet.plan import plan_condensenet
from archs.registry import register_arch, register_family

__all__ = ["CondenseNetConfig", "plan_condensenet"]

register_family(FAMILY)

SOURCE = "Huang et al., CondenseNet, arXiv:1711.09224; ShichenLiu/CondenseNet, models/condensenet_converted.py"
V2_SOURCE = "Yang et al., CondenseNetV2, arXiv:2104.04382; jianghaojun/CondenseNetV2, model/converted_condensenetv2.py"

V1 = CondenseNetConfig()
for number in (4, 8):
    variant = replace(V1, groups=number, condense_factor=number, groups_3x3=number)
    register_arch(f"condensenet74_c{number}_g{number}", variant, source=f"{SOURCE}, ImageNet", named_depth=74)

CIFAR = replace(V1, layers_per_block=(8,) * 3, growth_rates=(8, 16, 32), stem="cifar", image_size=32, num_classes=10)
for layers in (8, 12, 14, 16, 18, 20):
    depth = 6 * layers + 2
    variant = replace(CIFAR, layers_per_block=(layers,) * 3)
    register_arch(f"condensenet{depth}_cifar", variant, source=f"{SOURCE}, CIFAR", named_depth=depth)
register_arch(
    "condensenet182_cifar",
    replace(CIFAR, layers_per_block=(30,) * 3, growth_rates=(12, 24, 48)),
    source=f"{SOURCE}, CIFAR",
    named_depth=182,
)

V2 = replace(V1, reactivation=True, attention_from=4, hardswish_from=3)
for letter, groups, blocks, growths, features in (
    ("a", 8, (1, 1, 4, 6, 8), (8, 8, 16, 32, 64), 828),
    ("b", 6, (2, 4, 6, 8, 6), (6, 12, 24, 48, 96), 1024),
    ("c", 8, (4, 6, 8, 10, 8), (8, 16, 32, 64, 128), 1024),
):
    variant = replace(
        V2,
        layers_per_block=blocks,
        growth_rates=growths,
        groups=groups,
        condense_factor=groups,
        groups_3x3=groups,
        head_features=features,
    )
    register_arch(f"condensenetv2_{letter}", variant, source=V2_SOURCE)
