"""Number formats: how elements are stored and multiplied, under PyTorch's names, however a person spells them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from archs.errors import ConfigError, said

#: Bytes of one stored element.
DTYPE_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}


class Precision(NamedTuple):
    """In what numbers a network computes."""

    name: str
    #: What the weights are stored as.
    weights: str
    #: What the tensors between layers are stored as, where convolutions make them.
    activations: str
    #: What is multiplied: one of `ARITHMETICS`.
    arithmetic: str

    @property
    def is_mixed(self) -> bool:
        """Whether PyTorch's autocast chooses, operation by operation ("amp")."""
        return self.weights != self.activations

    @property
    def element_bytes(self) -> int:
        """Of the tensors between layers."""
        return DTYPE_BYTES[self.activations]


#: "tf32" stores 32 bits and multiplies 19 of them on tensor cores; "float32" multiplies all.
PRECISIONS = {
    precision.name: precision
    for precision in (
        Precision("float32", "float32", "float32", "float32"),
        Precision("tf32", "float32", "float32", "tf32"),
        Precision("float16", "float16", "float16", "float16"),
        Precision("bfloat16", "bfloat16", "bfloat16", "bfloat16"),
        Precision("amp float16", "float32", "float16", "float16"),
        Precision("amp bfloat16", "float32", "bfloat16", "bfloat16"),
    )
}
#: What data sheets state peaks for, and in which words.
ARITHMETICS = {"float32": "fp32", "tf32": "tf32", "float16": "fp16", "bfloat16": "bf16"}
_OTHER_SPELLINGS = {"fp64": "float64", "double": "float64", "single": "float32", "float": "float32", "half": "float16"}
_OTHER_SPELLINGS |= {spelling: name for name, spelling in ARITHMETICS.items()}


def spelled(value: object) -> str:
    """A number format as it is shown, whether or not there is such a one.

    >>> spelled("fp16"), spelled("AMP_bf16"), spelled("torch.float32"), spelled("fp4")
    ('float16', 'amp bfloat16', 'float32', 'fp4')
    """
    words = said(value)[:100].lower().removeprefix("torch.").replace("_", " ").replace("-", " ").split()
    return " ".join(_OTHER_SPELLINGS.get(word, word) for word in words)


def parse_precision(value: object) -> Precision:
    """How a network is run. Raises: ConfigError: there is no such precision."""
    return PRECISIONS[_choice("precision", value, spelled(value), PRECISIONS)]


def parse_arithmetic(value: object) -> str:
    """What is multiplied, one of `ARITHMETICS`. Raises: ConfigError: there is no such precision.

    >>> parse_arithmetic("fp16"), parse_arithmetic("amp float16")
    ('float16', 'float16')
    """
    name = spelled(value)
    return _choice("precision", value, PRECISIONS[name].arithmetic if name in PRECISIONS else name, ARITHMETICS)


def parse_dtype(value: object, allowed: Iterable[str] = tuple(DTYPE_BYTES)) -> str:
    """What an element is stored as, one of `DTYPE_BYTES`. Raises: ConfigError: there is no such dtype.

    >>> parse_dtype("fp16"), parse_dtype("tf32")
    ('float16', 'float32')
    """
    name = spelled(value)
    return _choice("dtype", value, PRECISIONS[name].activations if name in PRECISIONS else name, allowed)


def _choice(field: str, value: object, name: str, allowed: Iterable[str]) -> str:
    if name not in allowed:
        raise ConfigError(field, value, f"one of {', '.join(map(repr, allowed))}")
    return name
