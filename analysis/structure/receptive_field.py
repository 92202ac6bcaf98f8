"""How much of the image one element of a layer's output sees, and how far apart neighbouring elements look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple

from analysis.ops import OPS, REDUCTION, find_op, op_kind
from archs.layer import CONSTANT, Layer

#: The side of what sees the whole image.
WHOLE = inf
#: Ops that move or mix positions in a way that is not followed.
_MOVES = ("cumsum", "interpolate", "upsampling", "fold")
#: Copies that leave every element where it is, as long as maps keep their size.
_KEEPS = ("channel_shuffle", "clone", "copy", "index_select")


class Seen(NamedTuple):
    """What one element of a map sees."""

    #: Of the square, in pixels; `WHOLE` behind a global pooling.
    side: float
    #: Pixels between the squares of neighbouring elements.
    jump: int


def receptive_fields(layers: Iterable[Layer]) -> dict[str, Seen]:
    """What one element of each layer's output sees of the image, edges aside; without layers that are not followed.

    Along each path (k − 1) times the strides before it is added for every kernel; the largest path counts. What
    attention multiplies by and what statistics of maps add is left out: they see the whole image.

    Of the layers of one branch alone, the same of what the branch is given: two 3×3 see 5×5.

    Source: Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019.

    >>> from archs import plan_layers
    >>> branch = [layer for layer in plan_layers("peleenet") if ".denselayer1.branch2" in layer.name]
    >>> receptive_fields(branch[:9])["features.denseblock1.denselayer1.branch2c.relu"]
    Seen(side=5, jump=1)
    """
    seen: dict[str, Seen | None] = {}
    for layer in layers:
        seen[layer.name] = _seen(layer, [seen.get(name, Seen(1, 1)) for name in layer.inputs if name != CONSTANT])
    return {name: one for name, one in seen.items() if one}


def _seen(layer: Layer, sources: Sequence[Seen | None]) -> Seen | None:
    """From what its inputs see; None where that is not followed."""
    known = [one for one in sources if one]
    if layer.op not in OPS or len(known) < len(sources) or not known:
        return None
    kind = op_kind(layer)
    if _sees_all(layer, kind):
        return Seen(WHOLE, 1)
    if kind == "arithmetic":
        known = [one for one in known if one.side != WHOLE] or known
    side, jump = max(known)
    if layer.kernel and layer.stride and "transpose" not in layer.op:
        reach = max((k - 1) * d for k, d in zip(layer.kernel, layer.dilation or (1,) * len(layer.kernel), strict=True))
        return Seen(side + reach * jump, jump * max(layer.stride))
    in_place = layer.input_shapes[0][2:] == layer.output_shape[2:]
    if kind in ("normalisation", "activation", "arithmetic", "concat", "linear"):
        followed = find_op(layer.op).fusion != REDUCTION or kind == "normalisation"
        return Seen(side, jump) if followed and not any(word in layer.op for word in _MOVES) else None
    return Seen(side, jump) if layer.op == "pad" or (layer.op in _KEEPS and in_place) else None


def _sees_all(layer: Layer, kind: str) -> bool:
    """Whether one element is made of all positions: global pooling, attention, a classifier of flattened maps."""
    one = len(layer.output_shape) == 2 or layer.output_shape[2:] == (1, 1)
    pools = layer.op == "global_avg_pool" or (find_op(layer.op).fusion == REDUCTION and kind == "arithmetic" and one)
    return pools or kind == "matrix product" or (layer.op == "linear" and len(layer.input_shapes[0]) == 2)


def receptive_field(layers: Iterable[Layer]) -> int:
    """Side, in pixels, of what one element of the last map sees, before all of it is pooled."""
    return int(max((one.side for one in receptive_fields(layers).values() if one.side != WHOLE), default=1))
