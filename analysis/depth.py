"""The number in a network's name: which weighted layers its papers count, and how they add up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from analysis.ops import CONV_KINDS, op_kind
from analysis.targets import Target, resolve_target
from archs.family import Term, is_weighted
from archs.layer import Layer
from archs.registry import get_family, get_spec, list_archs


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
    #: One sentence where the name and the count differ, else empty.
    note: str = ""


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
    named, note = _named(target, layers, total)
    return Depth(
        conv=sum(op_kind(layer) in CONV_KINDS for layer in layers),
        fully_connected=sum(layer.op == "linear" for layer in layers),
        total=total,
        formula=_sum(terms, total),
        terms=" + ".join(term.meaning for term in terms),
        named=named,
        note=note,
    )


def _sum(terms: Sequence[Term], total: int) -> str:
    """How the depth adds up; alone where nothing does."""
    texts = [term.text for term in terms]
    return str(total) if texts == [str(total)] else f"{' + '.join(texts)} = {total}"


def _named(target: Target, layers: Sequence[Layer], total: int) -> tuple[int | None, str]:
    """The depth in a network's name, and why the count is another."""
    if target.name in list_archs():
        named = get_spec(target.name).named_depth
        differs = f"The name says {named}, but counted as the family's paper counts, it adds up to {total}."
        return named, "" if named in (None, total) else differs
    numbers = re.findall(r"\d+", target.name)
    left_out = 0 if target.family or not numbers else len(projections(layers))
    if not left_out or str(total - left_out) not in numbers:
        return None, ""
    which = "the projection, a 1×1 convolution" if left_out == 1 else f"{left_out} projections, 1×1 convolutions"
    note = f"The name says {total - left_out}: it leaves out {which} on shortcuts where width or stride changes."
    return total - left_out, note


def projections(layers: Sequence[Layer]) -> list[Layer]:
    """The 1×1 convolutions that fit a shortcut to the width and stride of what it is added to (arXiv:1512.03385)."""
    made_by = {layer.name: layer for layer in layers}
    found = []
    for layer in layers:
        if layer.op == "add" and len(layer.inputs) == 2:
            one, other = ([*_back(tensor, made_by)] for tensor in layer.inputs)
            found += [*_projection(one, other), *_projection(other, one)]
    return found


def _back(tensor: str, made_by: Mapping[str, Layer]) -> Iterator[Layer]:
    """The layer that makes a tensor, and those before it, each by its first input."""
    while tensor in made_by:
        yield made_by[tensor]
        tensor = made_by[tensor].inputs[0] if made_by[tensor].inputs else ""


def _projection(shortcut: Sequence[Layer], branch: Sequence[Layer]) -> Iterator[Layer]:
    """The convolution of a shortcut that reads, perhaps pooled, what a branch of several convolutions begins with."""
    told = [layer for layer in shortcut if layer.op not in ("batch_norm", "avg_pool2d")]
    if len(told) < 2 or told[0].op != "conv2d" or told[0].kernel != (1, 1):
        return
    conv, before, *_ = told
    changes = conv.stride != (1, 1) or conv.input_shapes[0][1] != conv.output_shape[1]
    own = list(takewhile(lambda layer: layer != before, branch))
    convolutions = [layer for layer in own if layer.op == "conv2d"]
    if changes and len(own) < len(branch) and len(convolutions) > 1:
        yield conv


def depth_terms(target: Target, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """The summands of a network's depth, each with the layers that it counts, in execution order."""
    weighted = counted_layers(target.family, layers)
    terms = get_family(target.family).counting.terms if target.family else None
    if terms:
        return terms(target.config, weighted)
    conv = tuple(layer for layer in weighted if op_kind(layer) in CONV_KINDS)
    linear = tuple(layer for layer in weighted if layer.op == "linear")
    found = Term(str(len(conv)), "convolutions", conv), Term(str(len(linear)), "fully connected layers", linear)
    return tuple(term for term in found if term.layers) or found[:1]


def counted_layers(family: str | None, layers: Sequence[Layer]) -> list[Layer]:
    """The layers that the papers of a family count: convolutions and fully connected layers, fewer in VoVNets."""
    counts = get_family(family).counting.counts if family else is_weighted
    return [layer for layer in layers if counts(layer)]
