"""Layers in the notation of the papers' tables: `[1×1 conv, 3×3 conv] × 6`.

The notation follows from the records: a stage falls into the modules that it repeats and the layers between them, each
of them is written down, and equal neighbours become one with a count. A family only says which modules those are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from typing import Any, NamedTuple

from analysis.ops import CONV_KINDS, find_op, op_kind
from archs.family import Notation
from archs.layer import Layer, Sides
from archs.registry import get_family

#: Stands in a text where the number of repetitions goes.
_COUNT = "\0"
#: In front of what reads a concatenation.
_CONCAT = "concat & "


class Part(NamedTuple):
    """Neighbouring layers that one line of a table stands for."""

    text: str
    layers: tuple[Layer, ...]


def parts(layers: Sequence[Layer], config: Any = None) -> list[Part]:
    """The parts of a stage, in execution order; together they hold each layer once.

    Args:
        layers: of one stage, in execution order.
        config: of the network, None where it has none.
    """
    notation = get_family(config.family).notation if config else Notation()
    if callable(notation.words):
        notation = notation._replace(words=notation.words(config))
    found: list[Part] = []
    for module, group in groupby(layers, key=lambda layer: _module(layer, notation)):
        members = tuple(group)
        found += [Part(_module_text(members, config, notation), members)] if module else _singles(members, notation)
    if layers[0].stage in notation.beside and any(layer.op == "concat" for layer in layers):
        found = _beside(found)
    found = [_repeated(list(run)) for _, run in groupby(found, key=lambda part: part.text)]
    return _with_silent(found) or [Part(", ".join(dict.fromkeys(layer.op for layer in layers)), tuple(layers))]


def _module(layer: Layer, notation: Notation) -> str | None:
    """The repeated module that a layer belongs to."""
    match = re.match(notation.unit, layer.name)
    return match[0] if match else None


def _module_text(layers: Sequence[Layer], config: Any, notation: Notation) -> str:
    """One repeated module, `_COUNT` where its number goes."""
    if notation.unit_words:
        return _COUNT.join(notation.unit_words(config, layers[0].stage))
    separator = "; " if notation.channels else ", "
    words = [part.text for part in _singles(layers, notation) if part.text]
    if len(words) <= 1 and config is None:  # any numbered module, such as a convolution with its normalisation
        return "".join(words)
    return f"[{separator.join(folded(words, separator))}]{_COUNT}"


def _singles(layers: Sequence[Layer], notation: Notation) -> list[Part]:
    """One part for each layer, separable convolution or word; those that tables leave out have no text."""
    found: list[Part] = []
    prefix = ""
    for members in _together(layers, notation):
        text = _word(members[0], notation) or _text(members, notation)
        found.append(Part(f"{prefix}{text}" if text else "", members))
        if text or members[-1].op == "concat":
            prefix = "" if text or not notation.channels else _CONCAT
    return found


def _together(layers: Sequence[Layer], notation: Notation) -> list[tuple[Layer, ...]]:
    """The layers of one word and of one separable convolution together, the others each on its own."""
    groups: list[tuple[Layer, ...]] = []
    for layer in layers:
        before = groups[-1][-1] if groups else None
        word = _word(layer, notation)
        if before and (is_separable(before, layer) or (word and word == _word(before, notation))):
            groups[-1] += (layer,)
        else:
            groups.append((layer,))
    return groups


def _text(members: Sequence[Layer], notation: Notation) -> str:
    if len(members) > 1:
        return separable_text(members[0], members[1], channels=notation.channels)
    return layer_text(members[0], channels=notation.channels)


def _word(layer: Layer, notation: Notation) -> str | None:
    """The one word for a layer, or for the module that it stands in, by what its name ends with."""
    name = f".{layer.name}"
    names = name, name.rpartition(".")[0]
    return next((word for end, word in notation.words.items() if any(each.endswith(f".{end}") for each in names)), None)


def _beside(found: Sequence[Part]) -> list[Part]:
    """A row of two branches: the convolutions and the pool that read the same tensor, in one line."""
    told = {index: part.layers[0] for index, part in enumerate(found) if part.text}
    pool = next(index for index, layer in told.items() if op_kind(layer) == "pooling")
    first = next(index for index, layer in told.items() if layer.inputs == told[pool].inputs)
    last = next(index for index in told if index > pool)
    branches = found[first:last]
    convs = " → ".join(part.text for part in found[first:pool] if part.text)
    text = f"{convs} beside {found[pool].text}"
    return [*found[:first], Part(text, tuple(layer for part in branches for layer in part.layers)), *found[last:]]


def folded(texts: Sequence[str], separator: str) -> list[str]:
    """Texts with repetitions written once, behind them their number.

    >>> folded(["a", "a", "b", "c", "b", "c"], ", ")
    ['a × 2', '[b, c] × 2']
    """
    written, position = [], 0
    while position < len(texts):
        rest = texts[position:]
        period, times = max(_repetitions(rest), key=lambda found: (found[0] * found[1], -found[0]))
        text = separator.join(folded(rest[:period], separator)) if times > 1 else rest[0]
        bracketed = f"[{text}]" if period > 1 else text
        written.append(f"{bracketed} × {times}" if times > 1 else text)
        position += period * times
    return written


def _repetitions(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(period, times) of every repetition that the texts begin with; at the least the first text, once."""
    yield 1, 1
    for period in range(1, len(texts) // 2 + 1):
        times = 1
        while texts[times * period : (times + 1) * period] == texts[:period]:
            times += 1
        if times > 1:
            yield period, times


def _repeated(run: Sequence[Part]) -> Part:
    """Equal neighbours as one part with their number; a module's number is told even where it is 1."""
    text, count = run[0].text, f" × {len(run)}"
    if text and _COUNT not in text and len(run) > 1:
        text += _COUNT
    return Part(text.replace(_COUNT, count), tuple(layer for part in run for layer in part.layers))


def _with_silent(found: Sequence[Part]) -> list[Part]:
    """Parts without text join the one before them; the first ones, and a concatenation told there, the one behind."""
    merged: list[Part] = []
    waiting: tuple[Layer, ...] = ()
    for part, behind in zip_longest(found, found[1:], fillvalue=Part("", ())):
        if part.text:
            merged.append(Part(part.text, (*waiting, *part.layers)))
            waiting = ()
            continue
        told = behind.text.startswith(_CONCAT)
        end = next((n for n, layer in enumerate(part.layers) if told and layer.op == "concat"), len(part.layers))
        if merged:
            merged[-1] = Part(merged[-1].text, merged[-1].layers + part.layers[:end])
            waiting = part.layers[end:]
        else:
            waiting += part.layers
    return merged


def layer_text(layer: Layer, *, channels: bool = True) -> str:
    """One layer in words; empty for those that tables leave out: normalisation, activation and the like."""
    kind = op_kind(layer)
    if kind not in CONV_KINDS:
        return _notation(layer)
    text = _notation(layer, "depthwise " if kind == "depthwise" else "", layer.output_shape[1] if channels else None)
    return f"{text}, {layer.groups} groups" if text and layer.groups > 1 and kind != "depthwise" else text


def is_separable(depthwise: Layer, pointwise: Layer) -> bool:
    """Whether two layers make one depthwise-separable convolution, with nothing in between."""
    return (
        op_kind(depthwise) == "depthwise"
        and op_kind(pointwise) == "convolution 1×1"
        and pointwise.inputs == (depthwise.name,)
    )


def separable_text(depthwise: Layer, pointwise: Layer, *, channels: bool = True) -> str:
    """A depthwise-separable convolution in words."""
    return _notation(depthwise, "separable ", pointwise.output_shape[1] if channels else None)


def _notation(layer: Layer, adjective: str = "", channels: int | None = None) -> str:
    """The op's notation, filled in, with what else a table tells of the layer."""
    notation = find_op(layer.op).notation
    if not notation:
        return ""
    text = notation.format(
        window=_by(layer.kernel), size=_by(layer.input_shapes[0][-2:]), features=layer.output_shape[-1], kind=adjective
    )
    strides = tuple(dict.fromkeys(layer.stride or (1,)))
    return ", ".join(
        [
            text,
            *([] if channels is None else [str(channels)]),
            *([] if strides == (1,) else [f"stride {_by(strides)}"]),
        ]
    )


def _by(sides: Sides | None) -> str:
    return "×".join(map(str, sides or ()))
