"""What is asked of a device: one network's inference on one batch, in one precision, layout and way of execution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from archs import checks
from archs.layer import Pair

MAX_REPEATS = 100_000


class Precision(NamedTuple):
    """In what numbers a network computes."""

    #: What the weights are stored as.
    weights: str
    #: What the tensors between layers are stored as, where convolutions make them.
    activations: str
    #: What is multiplied, as data sheets and predictions call it.
    arithmetic: str

    @property
    def is_mixed(self) -> bool:
        """Whether PyTorch's autocast chooses, operation by operation ("amp")."""
        return self.weights != self.activations


#: "tf32" stores 32 bits and multiplies 19 of them on tensor cores; "float32" multiplies all.
PRECISIONS = {
    "float32": Precision("float32", "float32", "fp32"),
    "tf32": Precision("float32", "float32", "tf32"),
    "float16": Precision("float16", "float16", "fp16"),
    "bfloat16": Precision("bfloat16", "bfloat16", "bf16"),
    "amp float16": Precision("float32", "float16", "fp16"),
    "amp bfloat16": Precision("float32", "bfloat16", "bf16"),
}


@dataclass(frozen=True)
class Workload:
    """How a network is run. Raises: ConfigError: a value that is not allowed.

    >>> Workload(batch_size=8, precision="amp float16", channels_last=True).description
    'batch 8, amp float16, nhwc, eager'
    """

    #: "cpu", "cuda" or "cuda:1".
    device: str = "cpu"
    batch_size: int = 1
    #: Side or (h, w) in pixels, kept as (h, w); None for the network's own.
    image_size: int | Pair | None = 224
    #: One of `PRECISIONS`.
    precision: str = "float32"
    channels_last: bool = False
    compile: bool = False
    #: Timed runs, after those that warm up.
    repeats: int = 20

    def __post_init__(self) -> None:
        values: dict[str, Any] = {
            "batch_size": checks.batch_size(self.batch_size),
            "image_size": None if self.image_size is None else checks.image_size(self.image_size),
            "precision": checks.choice("precision", self.precision, tuple(PRECISIONS)),
            "channels_last": checks.boolean("channels_last", self.channels_last),
            "compile": checks.boolean("compile", self.compile),
            "repeats": checks.integer("repeats", self.repeats, 1, MAX_REPEATS),
        }
        for field, value in values.items():
            object.__setattr__(self, field, value)

    @property
    def layout(self) -> str:
        """The order of a tensor's axes in memory, as published tables write it."""
        return "nhwc" if self.channels_last else "nchw"

    @property
    def execution(self) -> str:
        """Whether torch.compile fuses the layers, or each op runs as its own kernel."""
        return "compiled" if self.compile else "eager"

    @property
    def description(self) -> str:
        """One line for a table's title."""
        return f"batch {self.batch_size}, {self.precision}, {self.layout}, {self.execution}"
