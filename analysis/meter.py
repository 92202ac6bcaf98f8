"""The meter: the only place where an operation or a byte is counted, by the rules of `analysis.ops`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analysis.costs import uncounted
from analysis.ops import OPS
from archs.errors import ConfigError, UnknownOpError
from archs.layer import Layer

#: Bytes of one element.
DTYPE_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}


class LayerCost(NamedTuple):
    """A layer and every quantity of the meter, in the order of `analysis.quantities`."""

    layer: Layer
    params: int
    macs: int
    flops: int
    elementwise_ops: int
    memory_access_cost: int
    bytes_read: int
    bytes_written: int
    activations: int

    @property
    def bytes_moved(self) -> int:
        return self.bytes_read + self.bytes_written

    @property
    def arithmetic_intensity(self) -> float:
        """FLOPs per byte moved."""
        return self.flops / self.bytes_moved if self.bytes_moved else 0.0


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
        rule = op.cost if op else uncounted
        params, macs, elementwise, access, read, written, activations = rule(layer)
        if layer.extra_params:
            params += layer.extra_params
            read += max(0, layer.extra_params)
        costs.append(
            LayerCost(layer, params, macs, 2 * macs, elementwise, access, read * size, written * size, activations)
        )
    return tuple(costs)


def element_bytes(dtype: str) -> int:
    """Bytes of one element. Raises: ConfigError: an unknown dtype."""
    try:
        return DTYPE_BYTES[dtype]
    except (KeyError, TypeError):
        raise ConfigError("dtype", dtype, f"one of {', '.join(map(repr, DTYPE_BYTES))}") from None
