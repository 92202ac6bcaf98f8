"""The number in a network's name: which weighted layers its papers count, and how they add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class Term(NamedTuple):
    """One summand of a depth, and the layers that it counts."""

    #: As the formula writes it: "2×58".
    text: str
    meaning: str
    layers: tuple[Layer, ...]


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
    terms = depth_terms(target, layers)
    total = sum(len(term.layers) for term in terms)
    return Depth(
        conv=sum(layer.op == "conv2d" for layer in layers),
        fully_connected=sum(layer.op == "linear" for layer in layers),
        total=total,
        formula=f"{' + '.join(term.text for term in terms)} = {total}",
        terms=" + ".join(term.meaning for term in terms),
        named=get_spec(target.name).named_depth if target.name in list_archs() else None,
    )


def depth_terms(target: Target, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """The summands of a network's depth, each with the layers that it counts, in execution order."""
    config = target.config
    weighted = counted_layers(target.family, layers)
    if isinstance(config, DenseNetConfig):
        return _densenet_terms(config, weighted)
    if isinstance(config, PeleeNetConfig):
        return _peleenet_terms(config, weighted)
    if isinstance(config, VoVNetConfig):
        return _vovnet_terms(config, weighted)
    conv, linear = (tuple(layer for layer in weighted if layer.op == op) for op in ("conv2d", "linear"))
    return Term(str(len(conv)), "convolutions", conv), Term(str(len(linear)), "fully connected layers", linear)


def counted_layers(family: str | None, layers: Sequence[Layer]) -> list[Layer]:
    """The layers that the papers of a family count: convolutions and fully connected layers, fewer in VoVNets."""
    weighted = [layer for layer in layers if layer.op in ("conv2d", "linear")]
    if family != VoVNetConfig.family:
        return weighted
    return [layer for layer in weighted if layer.op == "conv2d" and not _is_uncounted_in_vovnet(layer)]


def _densenet_terms(config: DenseNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    dense_layers = sum(config.block_config)
    if config.bn_size is None:
        blocks = Term(str(dense_layers), "dense layers", _within("dense block", layers))
    else:
        blocks = Term(f"2×{dense_layers}", "2 × dense layers (1×1, 3×3)", _within("dense block", layers))
    return (
        Term("1", "stem", _within("stem", layers)),
        blocks,
        Term(str(len(config.block_config) - 1), "transitions", _within("transition", layers)),
        Term("1", "classifier", _within("head", layers)),
    )


def _peleenet_terms(config: PeleeNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    dense_layers = sum(config.block_config)
    return (
        Term("4", "stem", _within("stem", layers)),
        Term(f"5×{dense_layers}", "5 × two-way dense layers", _within("dense block", layers)),
        Term(str(len(config.block_config)), "transitions", _within("transition", layers)),
        Term("1", "classifier", _within("head", layers)),
    )


def _vovnet_terms(config: VoVNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    modules, convs = sum(config.block_per_stage), config.layer_per_block + 1
    meaning = "OSA modules × (3×3 convolutions + aggregation)"
    return (
        Term("3", "stem", _within("stem", layers)),
        Term(f"{modules}×{convs}", meaning, _within("OSA stage", layers)),
    )


def _is_uncounted_in_vovnet(layer: Layer) -> bool:
    """eSE, channel reduction, and the first half of a depthwise-separable pair."""
    return ".attn." in layer.name or ".conv_reduction." in layer.name or layer.name.endswith(".conv_dw")


def _within(stages: str, layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers of all stages whose name begins so."""
    return tuple(layer for layer in layers if layer.stage.startswith(stages))
