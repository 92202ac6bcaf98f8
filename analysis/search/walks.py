"""What many configs cost, by walking the plan of their family once for all of them.

A plan is arithmetic on shapes, and so is the meter: both work on columns as they do on numbers. What is repeated a
different number of times by each config is walked a few times, and the rest follows exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from analysis.depth import counted_layers
from analysis.meter import Totals, add_up, cost_layers
from analysis.quantities import ADDITIVE_QUANTITIES
from analysis.search.columns import Column, Configs, Integers, column
from archs.densenet import plan as densenet
from archs.layer import Layer
from archs.peleenet import plan as peleenet
from archs.plan import Stage, Steps, collect
from archs.vovnet import plan as vovnet

#: What is counted of each config, in the order of the rows of `Piece.costs`.
WALKED = (*ADDITIVE_QUANTITIES, "depth")


class NoChannelsError(Exception):
    """Internal: a convolution would make no channels, so that the configs are no networks."""


class Piece(NamedTuple):
    """A part of a plan: what it hands on, and its costs of shape (quantities, configs) or (quantities, 1)."""

    output: Layer
    costs: Integers


def walk(configs: Configs, image: Layer) -> Integers:
    """The costs of configs, of shape (quantities, configs): quantities as in `WALKED`, bytes for elements of one byte.

    Raises:
        MixedError: they take different branches of the plan.
        NoChannelsError, UnfitImageError: they are no networks.
    """
    return _WALKS[configs.family](configs, image)


def walk_densenets(configs: Any, image: Layer) -> Integers:
    x, costs = _walk(configs, densenet.stem(configs, image))
    last = len(configs.block_config)
    for number, num_layers in enumerate(configs.block_config, start=1):
        block = _dense_block(configs, number, num_layers, x)
        x, costs = block.output, costs + block.costs
        if number < last:
            transition = _walk(configs, densenet.transition(configs, number, x))
            x, costs = transition.output, costs + transition.costs
    return costs + _walk(configs, densenet.head(configs, x)).costs


def _dense_block(configs: Any, number: int, num_layers: Column, x: Layer) -> Piece:
    """A block of n layers, from blocks of one, two and three.

    Each layer reads what all before it made: the costs are a polynomial of degree 2 in n, which Newton's forward
    differences continue exactly, and the channels one of degree 1.
    """
    one, two, three = (_walk(configs, densenet.dense_block(configs, number, layers, x)) for layers in (1, 2, 3))
    more = column(num_layers - 1)
    slope, curve = two.costs - one.costs, three.costs - 2 * two.costs + one.costs
    channels, wider = one.output.output_shape[1], two.output.output_shape[1]
    output = _with_channels(one.output, channels + more * (wider - channels))
    return Piece(output, one.costs + more * slope + more * (more - 1) // 2 * curve)


def walk_peleenets(configs: Any, image: Layer) -> Integers:
    x, costs = _walk(configs, peleenet.stem_block(configs, image))
    last = len(configs.block_config) - 1
    for index in range(last + 1):
        block = _two_way_dense_block(configs, index, x)
        transition = _walk(configs, peleenet.transition(index, block.output, pool=index < last))
        x, costs = transition.output, costs + block.costs + transition.costs
    return costs + _walk(configs, peleenet.head(configs, x)).costs


def _two_way_dense_block(configs: Any, index: int, x: Layer) -> Piece:
    """Layer after layer, since bottlenecks that are kept narrow follow no polynomial; each counts where it exists."""
    stage, num_layers = Stage(f"dense block {index + 1}"), configs.block_config[index]
    costs: Any = 0
    channels: Any = x.output_shape[1]
    for number in range(1, int(num_layers.max()) + 1):
        exists = number <= num_layers
        x, layer = _walk(configs, peleenet.two_way_dense_layer(configs, index, stage, f"denselayer{number}", x))
        costs = costs + exists * layer
        channels = column(np.where(exists, x.output_shape[1], channels))
    return Piece(_with_channels(x, channels), costs)


def walk_vovnets(configs: Any, image: Layer) -> Integers:
    x, costs = _walk(configs, vovnet.stem(configs, image))
    for index, modules in enumerate(configs.block_per_stage):
        stage = _osa_stage(configs, index, modules, x)
        x, costs = stage.output, costs + stage.costs
    return costs + _walk(configs, vovnet.head(configs, x)).costs


def _osa_stage(configs: Any, index: int, modules: Column, x: Layer) -> Piece:
    """A stage of n modules, from stages of one, two and three: between the first and the last, all are alike."""
    stages = [configs.replaced(block_per_stage=(number,) * (index + 1)) for number in (1, 2, 3)]
    one, two, three = (_walk(configs, vovnet.osa_stage(stage, index, x)) for stage in stages)
    many = two.costs + (modules - 2) * (three.costs - two.costs)
    return Piece(three.output, np.where(modules == 1, one.costs, many))


_WALKS: dict[str, Callable[[Any, Layer], Integers]] = {
    "densenet": walk_densenets,
    "peleenet": walk_peleenets,
    "vovnet": walk_vovnets,
}


def _walk(configs: Configs, steps: Steps) -> Piece:
    """One part of a plan, walked and metered."""
    layers = collect(steps)
    if any(layer.op == "conv2d" and layer.output_shape[1] == 0 for layer in layers):
        raise NoChannelsError
    totals = Totals(cost=add_up(cost_layers(layers, "int8")), element_bytes=1)
    depth = len(counted_layers(configs.family, layers))
    rows = np.broadcast_arrays(*(np.atleast_1d(np.asarray(getattr(totals, key))) for key in ADDITIVE_QUANTITIES), depth)
    return Piece(layers[-1], np.stack(rows))


def _with_channels(layer: Layer, channels: Any) -> Layer:
    n, _, *sides = layer.output_shape
    shape: Any = (n, column(channels), *sides)
    return layer._replace(output_shape=shape)
