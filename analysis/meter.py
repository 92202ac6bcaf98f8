"""The meter: the only place where an operation or a byte is counted, by the rules of `analysis.ops`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from analysis.costs import OpCost
from analysis.ops import OPS
from analysis.precision import DTYPE_BYTES, parse_dtype
from analysis.quantities import Counted
from archs.errors import UnknownOpError
from archs.layer import Layer


class _LayerCost(NamedTuple):
    layer: Layer
    #: By the rule of its op, with the learnable scalars that op and shapes do not imply.
    cost: OpCost
    element_bytes: int


class LayerCost(_LayerCost, Counted):
    """A layer and what is counted of it."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class Totals(Counted):
    """What is counted of some layers together: for the whole batch, at inference."""

    cost: OpCost
    element_bytes: int


def add_up(costs: Iterable[LayerCost]) -> OpCost:
    """The costs of layers in sum."""
    return OpCost(*map(sum, zip(*[cost.cost for cost in costs], strict=True)))


def cost_layer(layer: Layer, dtype: str = "float32") -> LayerCost:
    """What one layer costs. Raises: UnknownOpError: the meter has no rule for the op."""
    return cost_layers((layer,), dtype)[0]


def cost_layers(
    layers: Iterable[Layer], dtype: str = "float32", *, allow_uncounted: bool = False
) -> tuple[LayerCost, ...]:
    """What each layer costs, with bytes at the given dtype.

    Raises:
        UnknownOpError: the meter has no rule for an op, unless such layers are allowed to cost nothing.
        ConfigError: `dtype` is not one of `DTYPE_BYTES`.
    """
    size = element_bytes(dtype)
    costs = []
    for layer in layers:
        op = OPS.get(layer.op)
        if op is None and not allow_uncounted:
            raise UnknownOpError(layer.op, layer.name)
        cost = op.cost(layer) if op else OpCost()
        if layer.extra_params or layer.extra_reads:
            params, read = cost.params + layer.extra_params, cost.elements_read + layer.extra_reads
            cost = cost._replace(params=params, elements_read=read)
        costs.append(tuple.__new__(LayerCost, (layer, cost, size)))  # in half the time of LayerCost(…)
    return tuple(costs)


def element_bytes(dtype: str) -> int:
    """Bytes of one element. Raises: ConfigError: an unknown dtype."""
    return DTYPE_BYTES[parse_dtype(dtype)]
