"""The vocabulary in which the layer plans are written.

A plan is a generator that walks a config the way the paper's table does. `x = yield stage.conv2d(name, x, ...)`
adds one layer and goes on with its output: a `Layer` stands for the tensor that it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from math import prod
from typing import Any, Literal, NamedTuple

from archs.layer import CONSTANT, INPUT, Layer, Pair, Shape, ceil_pool_size, conv_size

#: A piece of a plan: yields layers, is sent each one back, and returns the layer whose output it hands on.
Steps = Generator[Layer, Layer, Layer]


class Repetition(NamedTuple):
    """A part of a plan that many configs walk at once (`analysis.search`), each a number of times of its own."""

    count: Any
    steps: Callable[..., Steps]
    law: Literal["linear", "quadratic", "chained"]
    #: What the first of chained steps reads.
    x: Layer | None = None


def repeated(count: int, steps: Callable[[int], Steps], law: Literal["linear", "quadratic"]) -> Steps:
    """`steps(count)`: a part that repeats something `count` times.

    Args:
        count: how often.
        steps: the part, of that number.
        law: how costs go on, for whoever walks the plan for many counts at once. "linear": all repetitions between the
            first and the last are alike; "quadratic": each reads what all before it have made.
    """
    return steps(count) if isinstance(count, int) else _handed_over(Repetition(count, steps, law))


def chained(count: int, step: Callable[[int, Layer], Steps], x: Layer) -> Steps:
    """`step(1, x)` and so on to `step(count, x)`, each of which reads what the one before it hands on."""
    if not isinstance(count, int):
        return (yield from _handed_over(Repetition(count, step, "chained", x)))
    for number in range(1, count + 1):
        x = yield from step(number, x)
    return x


def _handed_over(repetition: Any) -> Steps:
    """Leave a repetition to the walker; a plan of one config never does."""
    return (yield repetition)


#: More layers than anybody has trained, and as many as take a fraction of a second to plan and to count.
MAX_LAYERS = 20_000
#: What stands for a part of a tensor instead of the layer that made it.
PART = "part"


class UnfitImageError(Exception):
    """Internal: the network cannot take this image size; `archs.planning` makes a `ConfigError` of it."""


class TooDeepError(Exception):
    """Internal: the network has more than `MAX_LAYERS` layers; `archs.planning` makes a `ConfigError` of it."""


def image(channels: int, size: Pair, batch_size: int) -> Layer:
    """The network's input, (N, C, H, W), in the guise of the layer that would have made it."""
    return Layer(INPUT, INPUT, INPUT, (), (), (batch_size, channels, *size))


def part(x: Layer, first: int, channels: int) -> Layer:
    """Some channels of a tensor, from the first: a view, which costs nothing and is no layer; who reads it reads x."""
    n, _, *sides = x.output_shape
    return x._replace(op=PART, output_shape=(n, channels, *sides), offsets=(first,))


def _offsets(*xs: Layer) -> tuple[int, ...]:
    """The first channel of each tensor, where one of them is a part."""
    for x in xs:
        if x.op == PART:
            return tuple([x.offsets[0] if x.op == PART else 0 for x in xs])
    return ()


def joined(stage: Stage, scope: str, features: Sequence[Layer]) -> Steps:
    """Their concatenation; one alone is read as it is."""
    return features[0] if len(features) == 1 else (yield stage.concat(f"{scope}.concat", features))


def collect(steps: Steps) -> list[Layer]:
    """Run a plan to its end and list its layers in execution order. Raises: TooDeepError."""
    layers: list[Layer] = []
    try:
        layer = next(steps)
        while len(layers) < MAX_LAYERS:
            layers.append(layer)
            layer = steps.send(layer)
    except StopIteration:
        return layers
    raise TooDeepError


class Stage:
    """One row of the paper's table; its methods make the layers that belong to that row."""

    def __init__(self, name: str) -> None:
        self.name = name

    def conv2d(
        self,
        name: str,
        x: Layer,
        out_channels: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        groups: int = 1,
        bias: bool = False,
        padding: int | None = None,
    ) -> Layer:
        """Convolution; its padding is the usual ⌊kernel/2⌋ unless it is given."""
        n, _, h, w = shape = x.output_shape
        padding = kernel // 2 if padding is None else padding
        if stride == 1 and kernel == 2 * padding + 1:
            out = (n, out_channels, h, w)
        else:
            out = (
                n,
                out_channels,
                conv_size(h, kernel, stride, padding),
                conv_size(w, kernel, stride, padding),
            )
            if out[2] < 1 or out[3] < 1:
                raise UnfitImageError(f"{name} would have nothing left to see")
        return Layer(
            name,
            "conv2d",
            self.name,
            (x.name,),
            (shape,),
            out,
            (kernel, kernel),
            (stride, stride),
            (padding, padding),
            (1, 1),
            groups,
            bias,
            offsets=_offsets(x),
        )

    def pool2d(
        self,
        op: str,
        name: str,
        x: Layer,
        kernel: int,
        stride: int,
        padding: int = 0,
        output_size: Callable[..., int] = conv_size,
    ) -> Layer:
        n, c, h, w = x.output_shape
        out = (n, c, output_size(h, kernel, stride, padding), output_size(w, kernel, stride, padding))
        if out[2] < 1 or out[3] < 1:
            raise UnfitImageError(f"{name} would have nothing left to pool")
        return Layer(
            name,
            op,
            self.name,
            (x.name,),
            (x.output_shape,),
            out,
            (kernel, kernel),
            (stride, stride),
            (padding, padding),
            (1, 1) if op == "max_pool2d" else None,
            offsets=_offsets(x),
        )

    def max_pool2d(
        self, name: str, x: Layer, kernel: int, stride: int, padding: int = 0, *, ceil_mode: bool = False
    ) -> Layer:
        size = ceil_pool_size if ceil_mode else conv_size
        return self.pool2d("max_pool2d", name, x, kernel, stride, padding, size)

    def avg_pool2d(self, name: str, x: Layer, kernel: int, stride: int, *, ceil_mode: bool = False) -> Layer:
        return self.pool2d("avg_pool2d", name, x, kernel, stride, 0, ceil_pool_size if ceil_mode else conv_size)

    def global_avg_pool(self, name: str, x: Layer) -> Layer:
        n, c, _, _ = x.output_shape
        return Layer(
            name, "global_avg_pool", self.name, (x.name,), (x.output_shape,), (n, c, 1, 1), offsets=_offsets(x)
        )

    def batch_norm(self, name: str, x: Layer) -> Layer:
        shape = x.output_shape
        return Layer(name, "batch_norm", self.name, (x.name,), (shape,), shape, bias=True, offsets=_offsets(x))

    def layer_norm(self, name: str, x: Layer) -> Steps:
        """Over the channels of each pixel. A trace sees them as the last axis, and the views around it not at all."""
        n, c, h, w = x.output_shape
        shape, weights = (n, h, w, c), 2 * c
        made = yield Layer(
            *(name, "layer_norm", self.name, (x.name,), (shape,), shape),
            bias=True,
            extra_params=weights,
            extra_reads=weights,
        )
        return made._replace(output_shape=x.output_shape)

    def elementwise(self, op: str, name: str, x: Layer) -> Layer:
        """An op (`analysis.ops`) whose output is as large as its input: an activation, a shuffle of channels."""
        return Layer(name, op, self.name, (x.name,), (x.output_shape,), x.output_shape, offsets=_offsets(x))

    def relu(self, name: str, x: Layer) -> Layer:
        return self.elementwise("relu", name, x)

    def hardsigmoid(self, name: str, x: Layer) -> Layer:
        return self.elementwise("hardsigmoid", name, x)

    def index_select(self, name: str, x: Layer, channels: int) -> Layer:
        """A copy of so many of the channels, by a list of their numbers."""
        n, _, h, w = x.output_shape
        return Layer(name, "index_select", self.name, (x.name,), (x.output_shape,), (n, channels, h, w))

    def concat(self, name: str, xs: Sequence[Layer]) -> Layer:
        """Concatenation along the channels."""
        shapes = tuple([x.output_shape for x in xs])
        n, _, height, width = shapes[0]
        channels = 0
        for _, c, h, w in shapes:
            if h != height or w != width:
                raise UnfitImageError(f"{name} would have to join maps of {height}×{width} and {h}×{w}")
            channels += c
        names = tuple([x.name for x in xs])
        out = (n, channels, height, width)
        return Layer(name, "concat", self.name, names, shapes, out, offsets=_offsets(*xs))

    def add(self, name: str, a: Layer, b: Layer) -> Layer:
        return self._pairwise("add", name, a, b)

    def mul(self, name: str, a: Layer, b: Layer) -> Layer:
        return self._pairwise("mul", name, a, b)

    def _pairwise(self, op: str, name: str, a: Layer, b: Layer) -> Layer:
        shapes = (a.output_shape, b.output_shape)
        out: Shape = tuple(map(max, *shapes))
        return Layer(name, op, self.name, (a.name, b.name), shapes, out, offsets=_offsets(a, b))

    def scaled(self, name: str, x: Layer, weights: Shape) -> Layer:
        """Multiplication by learnable scalars of a shape such as (1, C, 1, 1)."""
        return self._with_weights("mul", name, x, weights)

    def shifted(self, name: str, x: Layer, weights: Shape) -> Layer:
        """Addition of learnable scalars of a shape such as (1, C, 1, 1)."""
        return self._with_weights("add", name, x, weights)

    def _with_weights(self, op: str, name: str, x: Layer, weights: Shape) -> Layer:
        shape = x.output_shape
        return Layer(name, op, self.name, (x.name, CONSTANT), (shape, weights), shape, extra_params=prod(weights))

    def pad(self, name: str, x: Layer, right: int, below: int) -> Layer:
        """Columns and rows of zeros."""
        n, c, h, w = x.output_shape
        return Layer(name, "pad", self.name, (x.name,), (x.output_shape,), (n, c, h + below, w + right))

    def linear(self, name: str, x: Layer, out_features: int, *, bias: bool = True) -> Layer:
        """Fully connected layer on flattened input, (N, C·H·W) to (N, out_features)."""
        n, *features = x.output_shape
        return Layer(name, "linear", self.name, (x.name,), ((n, prod(features)),), (n, out_features), bias=bias)
