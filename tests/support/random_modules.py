"""Random small modules as program text.

A module grows line by line: a line is drawn from `module_lines.txt`, run, and kept if PyTorch accepts it. So shapes are
valid by construction, and a module that is counted wrongly prints as a program to run again.
"""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import prune  # noqa: F401
from torch.utils.checkpoint import checkpoint

#: What may be drawn for a tensor, by its rank; the file says how it is written.
LINES: dict[str, list[str]] = {
    ranks: lines.strip().split("\n")
    for ranks, lines in re.findall(
        r"^# (.*)\n((?:.+\n)*)", Path(__file__).with_name("module_lines.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
}
SHAPES = [(2, 3, 12, 10), (1, 3, 9, 9), (3, 3, 8, 16)] * 3 + [(2, 4, 8), (2, 6, 7), (3, 8), (1, 2, 5, 8, 8)]


class Residual(nn.Module):
    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class Dense(Residual):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.body(x)], 1)


@torch.jit.script
def scripted_gram(x):
    return torch.matmul(x, x.transpose(-1, -2))


@torch.jit.script
def scripted_act(x):
    return x * torch.sigmoid(x)


NAMES: dict[str, Any] = {
    **{"torch": torch, "nn": nn, "F": F, "P": nn.Parameter, "B": nn.Buffer, "checkpoint": checkpoint},
    **{"Residual": Residual, "Dense": Dense, "scripted_gram": scripted_gram, "scripted_act": scripted_act},
}


@dataclass(frozen=True)
class Program:
    """A module as text, and the shapes of its arguments by name: `x`, and of some `y`."""

    seed: int
    shapes: dict[str, tuple[int, ...]]
    attributes: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        init = "\n        ".join(("super().__init__()", *self.attributes))
        head = (
            f"class Net(nn.Module):  # seed {self.seed}, input {self.shapes}\n    def __init__(self):\n        {init}"
        )
        return "\n        ".join((f"{head}\n    def forward(self, {', '.join(self.shapes)}):", *self.lines))

    def build(self) -> nn.Module:
        names = dict(NAMES)
        exec(str(self), names)
        torch.manual_seed(self.seed)
        return names["Net"]()

    def inputs(self) -> list[Tensor]:
        random_numbers = torch.Generator().manual_seed(self.seed)
        return [torch.rand(shape, generator=random_numbers) for shape in self.shapes.values()]

    def runs(self) -> bool:
        """Whether PyTorch runs it, in training and in evaluation."""
        try:
            with warnings.catch_warnings(action="ignore"):
                self.build().train()(*self.inputs())
                self.build().eval()(*self.inputs())
        except Exception:
            return False
        return True

    def spoilt(self, dice: random.Random) -> Program:
        """The same program with one number of its attributes changed."""
        text = "\n".join(self.attributes)
        numbers = list(re.finditer(r"(?<![\w.])\d+(?![\w.])", text))
        if not numbers:
            return self
        start, end = dice.choice(numbers).span()
        changed = text[:start] + str(int(text[start:end]) + dice.choice([1, 2, 5])) + text[end:]
        other = replace(self, attributes=tuple(changed.split("\n")))
        try:
            other.build()
        except Exception:  # there is no such module
            return self
        return other

    def smaller(self) -> Iterator[Program]:
        """The programs with one line less, or with a line that hands on what it read."""
        for number in range(len(self.attributes)):
            yield replace(self, attributes=_without(self.attributes, number))
        for number, line in enumerate(self.lines):
            if not line.startswith("return"):
                yield replace(self, lines=_without(self.lines, number))
            short = re.sub(r"(\w+ =|return) .*?\b(t\d+|x|y)\b.*", r"\1 \2", line)
            if len(short) < len(line):
                yield replace(self, lines=_without(self.lines, number, short))
            if copied := re.fullmatch(r"(\w+) = (\w+)", line):
                later = tuple(re.sub(rf"\b{copied[1]}\b", copied[2], line) for line in self.lines[number + 1 :])
                yield replace(self, lines=self.lines[:number] + later)


def _without(lines: tuple[str, ...], number: int, *instead: str) -> tuple[str, ...]:
    return (*lines[:number], *instead, *lines[number + 1 :])


def program(seed: int) -> Program:
    """The module of a seed: 2 to 8 drawn lines that PyTorch runs; every tenth has a number spoilt, and may not run."""
    dice = random.Random(seed)
    while True:
        shapes = {name: dice.choice(SHAPES) for name in ("x", "y")[: dice.choice([1] * 9 + [2])]}
        drawn = Program(seed, shapes, *_draw(dice, {name: torch.rand(shape) for name, shape in shapes.items()}))
        if drawn.runs():
            return drawn.spoilt(dice) if seed % 10 == 9 else drawn


def _draw(dice: random.Random, tensors: dict[str, Tensor]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Lines of `__init__` and of `forward`, each run once as it was drawn."""
    names = NAMES | {"self": nn.Module().train()}
    attributes, lines, used = [], [], []
    wanted = dice.randint(2, 8)
    for _ in range(10 * wanted):
        x = dice.choice([list(tensors)[-1]] * 3 + list(tensors))
        if used and dice.random() < 0.08:  # a module or a parameter that is used again
            template = dice.choice(used)
        else:
            template = dice.choice(
                dice.choice([lines for ranks, lines in LINES.items() if str(tensors[x].ndim) in ranks])
            )
        made = [f"self.m{len(attributes) + i} = {part}" for i, part in enumerate(re.findall("«(.*?)»", template))]
        numbers = iter(range(len(attributes), 99))
        call = re.sub("«.*?»", lambda _, numbers=numbers: f"self.m{next(numbers)}", template)
        sizes = _sizes(dice, x, tensors)
        made = [_choose(dice, one.format(**sizes)) for one in made]
        *before, value = _choose(dice, call.format(**sizes)).split("; ")
        if re.fullmatch(r"self\.m\d+\(\w+\)", value) and dice.random() < 0.05:
            value = f"checkpoint({value[:-1].replace('(', ', ')}, use_reentrant={dice.choice([True, False])})"
        target = x if dice.random() < 0.4 else f"t{len(lines)}"
        guard = "with torch.no_grad(): " if dice.random() < 0.03 else ""
        try:
            with warnings.catch_warnings(action="ignore"):
                exec("\n".join((*made, *before, f"{guard}result = {value}")), names | tensors, found := {})
        except Exception:
            continue
        result = found["result"]
        if not (isinstance(result, Tensor) and 1 <= result.ndim <= 5 and 0 < result.numel() < 20_000):
            continue
        del result
        tensors.pop(target, None)
        tensors[target] = found.pop("result")
        attributes += made
        if made:
            used.append(call)
        lines += [*before, f"{guard}{target} = {value}"]
        if len(lines) >= wanted:
            break
    attributes += [f"self.m{i}.requires_grad_(False)" for i in range(len(attributes)) if dice.random() < 0.06]
    attributes += ["self.unused = nn.Linear(3, 4)"] * (dice.random() < 0.15)
    last = list(tensors)[-1]
    other = dice.choice(list(tensors))
    lines.append(f"return {dice.choice([last] * 6 + [f'{last}, {other}', f'dict(a={last}, b={other})'])}")
    return tuple(attributes), tuple(lines)


def _sizes(dice: random.Random, x: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    shape, out = tensors[x].shape, dice.choice([1, 2, 3, 4, 6, 8])
    c = shape[1] if len(shape) > 1 else shape[0]
    alike = [name for name, tensor in tensors.items() if tensor.shape == shape]
    divisors = [d for d in range(1, c + 1) if c % d == 0]
    group = dice.choice([d for d in divisors if gcd(c, out) % d == 0])
    return {"x": x, "y": dice.choice(alike), "c": c, "w": shape[-1], "o": out, "p": dice.choice(divisors), "g": group}


def _choose(dice: random.Random, text: str) -> str:
    return re.sub(r"\[([^\[\]]*\|[^\[\]]*)\]", lambda found: dice.choice(found[1].split("|")), text)
