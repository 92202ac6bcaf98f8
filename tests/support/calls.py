"""Modules that call one function of torch, with arguments as tables of them draw them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

#: What is a parameter of the module.
WEIGHTS = ("weight", "bias")


@dataclass(frozen=True)
class Of:
    """A tensor of this shape."""

    shape: tuple[int, ...]


class Calls(nn.Module):
    """A module that calls a function with its inputs, its own parameters, and constants."""

    def __init__(self, function: Callable[..., Any], arguments: dict[str, Any], positional: int) -> None:
        super().__init__()
        self.function, self.arguments, self.positional = function, arguments, positional
        for name in WEIGHTS:
            if isinstance(arguments.get(name), Of):
                self.register_parameter(f"own_{name}", nn.Parameter(torch.rand(arguments[name].shape)))

    def inputs(self, device: str) -> tuple[Tensor, ...]:
        stated = [of for name, value in self.arguments.items() if name not in WEIGHTS for of in parts(value)]
        return tuple(torch.rand(of.shape, device=device) for of in stated)

    def forward(self, *inputs: Tensor) -> Any:
        left, values = iter(inputs), {}
        for name, value in self.arguments.items():
            if isinstance(value, str) and value in values:  # the same tensor once more
                values[name] = values[value]
            else:
                own = self._parameters.get(f"own_{name}")
                values[name] = filled(value, left) if own is None else own
        args = list(values.values())[: self.positional]
        return self.function(*args, **dict(list(values.items())[self.positional :]))


def parts(value: Any, kind: type = Of) -> list[Any]:
    """What there is of a kind in nested lists and tuples."""
    if isinstance(value, (list, tuple)):
        return [of for item in value for of in parts(item, kind)]
    return [value] if isinstance(value, kind) else []


def filled(value: Any, left: Iterator[Tensor]) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(filled(item, left) for item in value)
    return next(left) if isinstance(value, Of) else value


class Draw:
    """What the table draws from."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def __call__(self, *values: Any) -> Any:
        return self._draw(st.sampled_from(values))

    def side(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def sides(self, low: int, high: int, count: int) -> tuple[int, ...]:
        return tuple(self.side(low, high) for _ in range(count))

    def per_axis(self, low: int, high: int, axes: int) -> Any:
        """One number, or one per axis."""
        return self(self.side(low, high), self.sides(low, high, axes))

    def maps(self, axes: int, channels: int = 0, low: int = 3) -> Of:
        """(N, C, …), rarely without N."""
        batch = self.sides(1, 2, self(1, 1, 1, 0))
        return of(*batch, channels or self.side(1, 4), *self.sides(low, (9, 8, 5)[axes - 1], axes))


def of(*sides: int) -> Of:
    return Of(sides)


#: A function, and arguments that it takes.
Case = tuple[Callable[..., Any], dict[str, Any]]


def spoilt(value: Any, draw: Draw) -> Any:
    """The same with one of its numbers, one side, or the number of its axes changed."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return draw(value + 1, value + 2, value + 7, value - 1, value - 3, 1)
    if isinstance(value, Of):
        shape = tuple(max(side, 1) for side in spoilt(value.shape, draw))
        ranks = (value.shape[1:], (2, *value.shape), (*value.shape, 1)) if len(shape) > 1 else ()
        return Of(draw(shape, *ranks))
    if not isinstance(value, (list, tuple)) or not value:
        return value
    place = draw(*range(len(value)))
    return type(value)([*value[:place], spoilt(value[place], draw), *value[place + 1 :]])


#: What torch's own functions take for an argument beside its name.
ALSO = {"input": ("x", "a", "x1"), "other": ("x2",), "dim": ("axis",), "keepdim": ("keepdims",)}


def call(case: Case, draw: Draw, *, by_place: bool = False) -> Calls:
    """A module of a case, some spoilt, some under NumPy's names, with any number of arguments by their place."""
    function, arguments = case
    if draw(False, False, True):
        chosen = draw(*arguments)
        arguments[chosen] = spoilt(arguments[chosen], draw)
    if draw(False, False, True):
        arguments = {draw(key, *ALSO.get(key, ())): value for key, value in arguments.items()}
    return Calls(function, arguments, len(arguments) if by_place else draw(*range(len(arguments) + 1)))
