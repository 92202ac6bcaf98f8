"""The number in a network's name: which weighted layers its papers count, and how they add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.targets import Target, resolve_target
from archs.densenet import DenseNetConfig
from archs.layer import Layer
from archs.peleenet import PeleeNetConfig
from archs.registry import get_spec, list_archs
from archs.vovnet import VoVNetConfig


@dataclass(frozen=True)
class Depth:
    """How deep a network is."""

    #: All convolutions, and all fully connected layers.
    conv: int
    fully_connected: int
    #: The layers that the family's papers count.
    total: int
    #: How `total` adds up.
    formula: str
    #: What each term of the formula stands for.
    terms: str
    #: The depth in the published name, None where there is none.
    named: int | None

    @property
    def note(self) -> str:
        """One sentence where the name and the count differ, else empty."""
        if self.named in (None, self.total):
            return ""
        return f"The name says {self.named}, but the paper's own table adds up to {self.total}."


def count_depth(target: Any) -> Depth:
    """Count the weighted layers of a network as the papers of its family do.

    DenseNets count the classifier (121 = 1 + 2×58 + 3 + 1). VoVNets do not, nor eSE attention, nor a channel
    reduction, and a depthwise-separable pair is one layer (39 = 3 + 6×6). PeleeNet has no depth in its name and, like
    every other network, gets all its convolutions and fully connected layers.

    Raises:
        DenseScopeError: a bad target, in one sentence.
    """
    resolved = resolve_target(target)
    return depth_of_layers(resolved, resolved.own_layers())


def depth_of_layers(target: Target, layers: Sequence[Layer]) -> Depth:
    """`count_depth` for a network whose layers are at hand."""
    conv = [layer for layer in layers if layer.op == "conv2d"]
    fully_connected = sum(layer.op == "linear" for layer in layers)
    total = len(conv) + fully_connected
    if isinstance(target.config, VoVNetConfig):
        total = sum(not _is_uncounted_in_vovnet(layer) for layer in conv)
    if target.config is None:
        formula, terms = f"{len(conv)} + {fully_connected}", "convolutions + fully connected layers"
    else:
        formula, terms = _FORMULAS[target.family](target.config)
    named = get_spec(target.name).named_depth if target.name in list_archs() else None
    return Depth(len(conv), fully_connected, total, f"{formula} = {total}", terms, named)


def _is_uncounted_in_vovnet(layer: Layer) -> bool:
    """eSE, channel reduction, and the first half of a depthwise-separable pair."""
    return ".attn." in layer.name or ".conv_reduction." in layer.name or layer.name.endswith(".conv_dw")


def _densenet_formula(config: DenseNetConfig) -> tuple[str, str]:
    layers, transitions = sum(config.block_config), len(config.block_config) - 1
    if config.bn_size is None:
        return f"1 + {layers} + {transitions} + 1", "stem + dense layers + transitions + classifier"
    return f"1 + 2×{layers} + {transitions} + 1", "stem + 2 × dense layers (1×1, 3×3) + transitions + classifier"


def _peleenet_formula(config: PeleeNetConfig) -> tuple[str, str]:
    layers, transitions = sum(config.block_config), len(config.block_config)
    return f"4 + 5×{layers} + {transitions} + 1", "stem + 5 × two-way dense layers + transitions + classifier"


def _vovnet_formula(config: VoVNetConfig) -> tuple[str, str]:
    modules, convs = sum(config.block_per_stage), config.layer_per_block + 1
    return f"3 + {modules}×{convs}", "stem + OSA modules × (3×3 convolutions + aggregation)"


_FORMULAS: dict[str | None, Callable[[Any], tuple[str, str]]] = {
    "densenet": _densenet_formula,
    "peleenet": _peleenet_formula,
    "vovnet": _vovnet_formula,
}
