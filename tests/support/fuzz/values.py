"""Values that no argument is meant for, of every kind that has ever hurt."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import MagicMock

import numpy as np

INTEGER_TYPES = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64)


def _raise(*_: Any) -> Any:
    raise RuntimeError("whatever an object does when it is asked")


def broken(*methods: str, base: type = object) -> Any:
    """An object whose special methods raise."""
    made = type("Broken", (base,), dict.fromkeys(methods, _raise))
    return made()


def endless() -> Iterator[int]:
    yield from itertools.count()


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def inside_itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


class Lying(int):
    """An integer that answers nothing."""

    __le__ = __lt__ = __ge__ = __gt__ = __eq__ = __ne__ = __add__ = __mul__ = __repr__ = __str__ = __bool__ = _raise
    __hash__ = int.__hash__


class LyingText(str):
    """A word that answers nothing."""

    __eq__ = __ne__ = __len__ = __iter__ = __contains__ = __repr__ = __str__ = lower = strip = encode = _raise  # type: ignore[assignment]
    __hash__ = str.__hash__


WORDS = [
    *("", " ", "\0", "a\nb", "\ud800", "‮", "%s %n {0} {x!r}", "<img src=//x>", "](http://x)", "'; --", "*" * 300),
    *("[" * 300, "../../etc/passwd", "/", "/dev/zero", "/dev/stdin", "nowhere.json", "nowhere.safetensors", "~"),
    *("run:", "run:../x", "run:nobody", "timm/", "timm/\0", "timm/nobody", "torchvision/", "torchvision/../x"),
    *("backbone/", "backbone/densenet121", "retinanet/nobody", "nobody/densenet121", "densenet121", "DENSENET121"),
    *("nan", "inf", "1e400", "-1", "0", "0x10", "１２", "9" * 5000, "224x", "x" * 1_000_000, "é" * 100_000),
]
NUMBERS = [
    *(0, -1, 1, 2, 255, 65537, 2**31, 2**63, 2**64, 10**18, -(10**18), 10**400, -(10**400), 10**5000),
    *(0.0, -0.0, 0.5, 1.0, 1e-300, 5e-324, 1e308, math.nan, math.inf, -math.inf, True, False, 1j),
    *(Decimal("1e9999"), Decimal("NaN"), Fraction(1, 3), np.float32("nan"), np.float16(1), np.bool_(True)),
    *(np.datetime64("NaT"), np.complex64(1j), np.longdouble(1)),
]


def _tensors(random: Random) -> Any:
    import torch

    one = torch.zeros(1)
    return random.choice(
        [
            *(
                one,
                torch.tensor(3),
                torch.tensor(True),
                torch.ones(2, 3),
                one.expand(10**12),
                torch.ones(3).to_sparse(),
            ),
            *(torch.empty(10**12, device="meta"), torch.empty((), device="meta"), one.requires_grad_(), torch.float32),
            *(torch.nn.Module, torch.nn.Identity(), torch.Size([1]), torch.device("meta")),
        ]
    )


def _arrays(random: Random) -> Any:
    kind = random.choice(INTEGER_TYPES)
    return random.choice(
        [
            *(kind(random.randrange(128)), np.array(3, kind), np.array([1, 2], kind), np.zeros((2, 2)), np.zeros(0)),
            *(
                np.broadcast_to(np.int8(1), 10**12),
                np.broadcast_to(np.int8(1), (1, 10**9)),
                np.array(["a"]),
                np.str_("a"),
            ),
            *(
                np.array([None, {}], object),
                np.array("densenet121"),
                kind,
                np.dtype(kind),
                np.void(b"ab"),
                np.ma.masked,
            ),
            *(np.recarray((1,), [("a", int)]), memoryview(b"abc"), bytearray(3)),
        ]
    )


def _objects(random: Random) -> Any:
    make: list[Callable[[], Any]] = [
        lambda: broken("__repr__", "__str__"),
        lambda: broken("__eq__", "__hash__"),
        lambda: broken("__eq__", "__hash__", "__repr__", "__str__", "__len__", "__iter__", "__bool__", "__index__"),
        lambda: broken("__iter__"),
        lambda: broken("__len__", base=list),
        lambda: broken("__iter__", "__getitem__", "keys", "items", base=dict),
        lambda: broken("__fspath__"),
        lambda: broken("__index__", "__float__", "__int__"),
        lambda: broken("__getattr__"),
        lambda: broken("tolist", "__array__"),
        lambda: type("str", (), {})(),
        lambda: type("N" * 100_000, (), {})(),
        lambda: Lying(5),
        lambda: LyingText("densenet121"),
        MagicMock,
        lambda: MagicMock(spec=random.choice([str, int, float, bool, list, tuple, dict, Path])),
        lambda: type("Odd", (), {"__str__": lambda _: 3, "__repr__": lambda _: None, "__format__": _raise})(),
        lambda: broken("__getitem__", "__iter__", "__len__", base=random.choice([tuple, list, dict, set])),
        lambda: type("Real", (float,), dict.fromkeys(("__float__", "__str__", "__lt__", "__le__"), _raise))(0.5),
        endless,
        lambda: itertools.repeat("macs"),
        lambda: (_raise() for _ in range(3)),
        inside_itself,
        lambda: nested(50_000),
        lambda: {"a": {"b": nested(2000)}},
        lambda: lambda: None,
        lambda: print,
        lambda: math,
        lambda: ValueError("x"),
        lambda: datetime(2026, 1, 1),
        lambda: Path("\0"),
        lambda: Path("/dev/zero"),
        lambda: Path("nowhere"),
        lambda: Ellipsis,
        lambda: NotImplemented,
        object,
    ]
    return random.choice(make)()


def _collections(random: Random) -> Any:
    return random.choice(
        [
            *(
                range(10**12),
                range(10**30),
                range(0),
                range(3),
                [],
                (),
                {},
                set(),
                [None],
                [[]],
                [[1], [2]],
                (1,),
                [1, 2],
            ),
            *([0] * 300_000, ["a"] * 300_000, {"a": 1}, {1: 2}, {None: None}, {"macs": (None, None)}, {"x" * 10**6: 1}),
            *(b"", b"abc", b"\xff" * 1000, frozenset({1}), {"growth_rate": range(10**12)}, [math.nan], [10**400]),
            *([(1, 2), (3, 4)], [True], ["densenet121", 7], dict.fromkeys(range(100_000))),
        ]
    )


def _classes(random: Random) -> Any:
    from archs.densenet import DenseNetConfig

    return random.choice([int, str, list, dict, type, object, float, bool, np.ndarray, Path, DenseNetConfig, range])


def hostile(random: Random) -> Any:
    """A value of any kind."""
    kinds: list[Callable[[Random], Any]] = [_objects, _collections, _arrays, _classes, _tensors]
    kinds += [lambda random: random.choice(NUMBERS), lambda random: random.choice(WORDS), lambda _: None]
    return random.choices(kinds, (4, 4, 3, 1, 2, 4, 4, 1))[0](random)
