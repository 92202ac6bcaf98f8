"""What sets DenseNets apart: how their paper counts, writes and draws them, and where they are searched."""

from __future__ import annotations

from collections.abc import Sequence

from archs.densenet.config import DenseNetConfig
from archs.densenet.plan import plan_densenet, stem_tap, taps
from archs.family import (
    Counting,
    Family,
    Landmarks,
    Layout,
    Look,
    Notation,
    Prose,
    Searching,
    Term,
    Training,
    VariantStyle,
    Weights,
    summands,
    within,
)
from archs.layer import Layer


def depth_terms(config: DenseNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """The classifier counts: 121 = 1 + 2×58 + 3 + 1."""
    dense_layers = sum(config.block_config)
    text, meaning = str(dense_layers), "dense layers"
    if config.bn_size is not None:
        text, meaning = f"2×{dense_layers}", "2 × dense layers (1×1, 3×3)"
    stem = within("stem", layers)
    return (
        Term(str(len(stem)), "stem", stem),
        Term(text, meaning, within("dense block", layers)),
        Term(str(len(config.block_config) - 1), "transitions", within("transition", layers)),
        Term("1", "classifier", within("head", layers)),
    )


def reads(config: DenseNetConfig) -> str:
    """What a dense layer reads: of few links, how many features at most."""
    if config.links == "all":
        return ""
    if config.links == "one_shot":
        return "the one before it alone"
    most = max(len(config.sources(number)) for number in range(1, max(config.block_config) + 1))
    return f"at most {most} of the features before it"


def blocks(config: DenseNetConfig) -> str:
    growth = f"each of which adds k = {config.growth_rate} channels"
    links = f" and reads {reads(config)}" if reads(config) else ""
    if config.links == "one_shot":
        links += ", all joined at the end of a block"
    return f"{sum(config.block_config)} dense layers{summands(config.block_config)}, {growth}{links}"


def channels(config: DenseNetConfig) -> str:
    k = config.growth_rate
    read = reads(config) or f"k = {k} channels more than the one before it"
    width = config.bn_size and f", squeezes them to {config.bn_size}k = {config.bn_size * k} with a 1×1 convolution"
    few = bool(reads(config))
    keep = f"keeps {'all that it reads' if few else 'them all'} (θ = 1)"
    if config.compression < 1:
        keep = f"keeps θ = {config.compression:g} of {'what it reads' if few else 'them'}"
    return f"Each dense layer reads {read}{width or ''} and adds k = {k}; each transition {keep}."


def landmarks(config: DenseNetConfig) -> Landmarks:
    k, theta = config.growth_rate, f"θ = {config.compression:g}" if config.compression < 1 else ""
    read = f"reads {reads(config) or f'k = {k} more in each layer'}"
    if config.bn_size is None:
        return Landmarks({"convolution k×k": read}, theta)
    width = f"{config.bn_size}k = {config.bn_size * k}"
    kinds = {
        "convolution 1×1": f"{read}, makes {width}",
        "convolution k×k": f"reads {width}, makes k = {k}",
    }
    return Landmarks(kinds, theta)


def pooling(transition_pool: str) -> str:
    return f"transitions have {'no' if transition_pool == 'none' else transition_pool} pooling"


def makes_features(layer: Layer) -> bool:
    """Whether a layer makes the k new features of a dense layer."""
    return layer.op == "conv2d" and layer.kernel == (3, 3) and layer.stage.startswith("dense block")


_CIFAR_LAYERS = (2, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32, 41)
_WIDTHS = {"bn_size": (1, 2, 3, 4, 6), "compression": (0.25, 0.375, 0.5, 0.625, 0.75)}

SPACES = {
    "densenet-bc-cifar": (
        "densenetbc100_k12",
        {
            "block_config[0]": _CIFAR_LAYERS,
            "block_config[1]": _CIFAR_LAYERS,
            "block_config[2]": _CIFAR_LAYERS,
            "growth_rate": (8, 12, 16, 20, 24, 32, 40),
            "num_init_features": (16, 24, 32, 48, 64, 80),
            **_WIDTHS,
        },
    ),
    "densenet-bc-imagenet": (
        "densenet121",
        {
            "block_config[0]": (2, 3, 4, 6, 8),
            "block_config[1]": (4, 6, 8, 12, 16),
            "block_config[2]": (8, 12, 16, 24, 32, 36, 48, 64),
            "block_config[3]": (4, 8, 12, 16, 24, 32, 48),
            "growth_rate": (12, 16, 20, 24, 28, 32, 36, 40, 48),
            "num_init_features": (32, 48, 64, 80, 96),
            **_WIDTHS,
        },
    ),
}

FAMILY = Family(
    "densenet",
    "DenseNet",
    DenseNetConfig,
    plan_densenet,
    "archs.densenet.modules:DenseNet",
    taps=taps,
    stem_tap=stem_tap,
    counting=Counting(terms=depth_terms),
    notation=Notation(unit=r".*\.denselayer\d+", channels=False, beside=("stem",)),
    prose=Prose(blocks, channels, landmarks),
    weights=Weights(
        (
            Layout("the layout of torchvision and timm"),
            Layout(
                "the layout of torchvision's published files",
                rules=((r"\.(norm|conv)\.([12])\.", r".\1\2."),),
                implies={"transition_pool": "average"},
            ),
        ),
        unseen={"transition_pool": pooling},
    ),
    training=Training(
        drops=makes_features,
        recompute="pre_activation",
        plainly=lambda config: "post-activation layers" if config.norm_order == "post_activation" else "",
        checkpoints=r"denseblock\d+",
    ),
    searching=Searching(SPACES, together=True, apart=lambda config: config.links != "all"),
    look=Look(
        slot=0,
        variant=lambda config: config.variant,
        variants={
            "DenseNet": VariantStyle("square", 0.35),
            "DenseNet-B": VariantStyle("triangle-down", 0.35),
            "DenseNet-C": VariantStyle("diamond", 0.35),
            "DenseNet-BC": VariantStyle("circle"),
            "DenseNet with OSA": VariantStyle("hexagon", 0.35),
        },
    ),
)
