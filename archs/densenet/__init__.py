"""DenseNet, DenseNet-B, DenseNet-C and DenseNet-BC (arXiv:1608.06993), and the networks that they made known."""

from dataclasses import replace

from archs.densenet.config import DenseNetConfig
from archs.densenet.family import FAMILY
from archs.densenet.plan import plan_densenet
from archs.registry import register_arch, register_family

__all__ = ["DenseNetConfig", "plan_densenet"]

PAPER = "Huang et al., Densely Connected Convolutional Networks, arXiv:1608.06993"
OSA = "Lee et al., VoVNet, arXiv:1904.09730, section 3: DenseNet-40 with OSA modules for dense blocks"


def cifar(depth: int, growth_rate: int) -> DenseNetConfig:
    """Three blocks of n plain layers, L = 3n + 4: 16 channels from the stem and θ = 1 (paper, section 3)."""
    return DenseNetConfig(
        growth_rate=growth_rate,
        block_config=((depth - 4) // 3,) * 3,
        num_init_features=16,
        bn_size=None,
        compression=1.0,
        stem="cifar",
        num_classes=10,
        image_size=32,
    )


def cifar_bc(growth_rate: int, block_config: tuple[int, ...]) -> DenseNetConfig:
    """Bottlenecks and compression, L = 6n + 4 in three blocks: 2k channels from the stem (paper, section 3)."""
    return DenseNetConfig(
        growth_rate=growth_rate,
        block_config=block_config,
        num_init_features=2 * growth_rate,
        stem="cifar",
        num_classes=10,
        image_size=32,
    )


def dive_into_deep_learning() -> DenseNetConfig:
    """Four blocks of four plain layers on grey 96×96 images; its convolutions have a bias."""
    return DenseNetConfig(
        block_config=(4, 4, 4, 4), bn_size=None, conv_bias=True, num_classes=10, in_channels=1, image_size=96
    )


register_family(FAMILY)

register_arch("densenet121", DenseNetConfig(), source=f"{PAPER}, Table 1", named_depth=121)
register_arch(
    "densenet161",
    DenseNetConfig(growth_rate=48, block_config=(6, 12, 36, 24), num_init_features=96),
    source="torchvision densenet161; the authors' Lua code (k = 48)",
    named_depth=161,
)
for depth, blocks in ((169, (6, 12, 32, 32)), (201, (6, 12, 48, 32)), (264, (6, 12, 64, 48))):
    register_arch(
        f"densenet{depth}", DenseNetConfig(block_config=blocks), source=f"{PAPER}, Table 1", named_depth=depth
    )
for depth, k in ((40, 12), (100, 12), (100, 24)):
    register_arch(f"densenet{depth}_k{k}", cifar(depth, k), source=f"{PAPER}, Table 2", named_depth=depth)
for depth, k in ((100, 12), (250, 24), (190, 40)):
    variant = cifar_bc(k, block_config=((depth - 4) // 6,) * 3)
    register_arch(f"densenetbc{depth}_k{k}", variant, source=f"{PAPER}, Table 2", named_depth=depth)
register_arch(
    "densenetbc40_k12",
    cifar_bc(12, (6, 6, 6)),
    source=f"{PAPER}, section 3, for L = 40",
    named_depth=40,
)
register_arch(
    "densenet_cifar",
    cifar_bc(12, (6, 12, 24, 16)),
    source="DenseNet-121's four blocks on CIFAR with k = 12, as in widely copied code (kuangliu/pytorch-cifar)",
    named_depth=121,
)
register_arch(
    "densenet121_cifar_k32",
    cifar_bc(32, (6, 12, 24, 16)),
    source="DenseNet-121's four blocks on CIFAR with its own k = 32, as tutorials write it",
    named_depth=121,
)
register_arch(
    "densenet121_xray",
    DenseNetConfig(in_channels=1, num_classes=18),
    source="mlmed/torchxrayvision, densenet121-res224-all: grey chest X-rays, 18 findings",
    named_depth=121,
)
#: No source states the width of 12 layers: with 23 channels the MACs are DenseNet-40's (267 M against 265 M), and the
#: memory access cost falls from 3.68 to 2.50 M elements, as the paper says (3.7 to 2.5 M).
register_arch(
    "osa40_12",
    replace(cifar(40, 23), links="one_shot"),
    source=f"{OSA}: 12 layers per module, with 23 channels (inferred)",
    named_depth=40,
)
register_arch(
    "osa40_5x43",
    replace(cifar(40, 43), links="one_shot", block_config=(5, 5, 5)),
    source=f"{OSA}: 5 layers of 43 channels per module",
)
register_arch(
    "densenet_d2l",
    dive_into_deep_learning(),
    source="Zhang et al., Dive into Deep Learning, section 8.7 (DenseNet)",
    named_depth=21,
)
