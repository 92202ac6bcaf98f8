"""All that the rest of the house has to know of a family: one record, kept in the family's folder.

Only name, title, config, plan and modules are needed; what else a family doesn't say, nobody claims of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from archs.config import NetworkConfig
from archs.layer import Layer
from archs.plan import Steps

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Term(NamedTuple):
    """One summand of a depth, and the layers that it counts."""

    #: As the formula writes it: "2×58".
    text: str
    meaning: str
    layers: tuple[Layer, ...]


def within(stages: str, layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """The layers of all stages whose name begins so."""
    return tuple(layer for layer in layers if layer.stage.startswith(stages))


def is_weighted(layer: Layer) -> bool:
    """Whether a layer is a convolution, a transposed one too, or fully connected."""
    return layer.op == "linear" or layer.op.startswith("conv")


class Counting(NamedTuple):
    """How the family's papers count depth."""

    counts: Callable[[Layer], bool] = is_weighted
    #: The summands, of a config and the counted layers; None: convolutions + fully connected layers.
    terms: Callable[[Any, Sequence[Layer]], tuple[Term, ...]] | None = None


class Notation(NamedTuple):
    """How the family's papers write layers down, row by row of their tables."""

    #: What the names of the layers of one repeated unit begin with, as a regular expression.
    unit: str = r".*?\.\d+(?=\.)"
    #: Output channels behind each convolution, and concatenations in front of it.
    channels: bool = True
    #: Modules that are one word, and ops that are, by what their names end with; may depend on the config.
    words: Any = _NOTHING
    #: What stands for a whole unit, of config and row: before its number, and behind. None: its layers.
    unit_words: Callable[[Any, str], tuple[str, str]] | None = None
    #: Whether a diagram holds a whole stage, since its units read each other in ways of their own.
    drawn_whole: bool = False
    #: Rows whose branches stand in one line: "1×1 conv → 3×3 conv beside 2×2 max pool".
    beside: tuple[str, ...] = ()


class Landmarks(NamedTuple):
    """The numbers of a config that a drawing of its channels points out."""

    #: What the convolutions of a kind (`analysis.ops`) read and make.
    kinds: Mapping[str, str] = _NOTHING
    #: What transitions do; empty where they keep all channels.
    transition: str = ""


def _no_text(config: Any) -> str:
    return ""


def _no_taps(config: Any) -> Sequence[str]:
    return ()


def _no_landmarks(config: Any) -> Landmarks:
    return Landmarks()


class Prose(NamedTuple):
    """What findings say of a config, with its numbers."""

    #: What the network is built of: "58 dense layers (6 + 12 + 24 + 16), each of which adds k = 32 channels".
    blocks: Callable[[Any], str] = _no_text
    #: How channels go along the depth, in one sentence.
    channels: Callable[[Any], str] = _no_text
    landmarks: Callable[[Any], Landmarks] = _no_landmarks


def summands(numbers: Sequence[int]) -> str:
    """How numbers add up, in brackets; empty for one alone.

    >>> summands((6, 12)), summands((6,))
    (' (6 + 12)', '')
    """
    return f" ({' + '.join(map(str, numbers))})" if len(numbers) > 1 else ""


def different(numbers: Iterable[int], separator: str = " or ") -> str:
    """The different numbers of a sequence, in its order.

    >>> different((32, 32, 16))
    '32 or 16'
    """
    return separator.join(map(str, dict.fromkeys(numbers)))


class Layout(NamedTuple):
    """One way in which public code names the tensors of a family's networks, and how they become ours."""

    title: str
    #: Regular expressions and what replaces them, applied in this order to turn a key into ours.
    rules: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = ()
    #: Values of `Weights.unseen` fields that the networks published in this layout have.
    implies: Mapping[str, Any] = _NOTHING

    def rename(self, key: str) -> str:
        """Our name for a key of a file."""
        for pattern, replacement in self.rules:
            key = re.sub(pattern, replacement, key)
        return key


class Weights(NamedTuple):
    """How files hold the family's weights."""

    layouts: tuple[Layout, ...] = (Layout("the layout of DenseScope"),)
    #: Fields that no tensor shows, and what sets apart the network of a value: "repeated blocks add an identity".
    unseen: Mapping[str, Callable[[Any], str]] = _NOTHING


def _never(config: Any) -> bool:
    return False


class Training(NamedTuple):
    """What is different in training."""

    #: Whether `drop_rate` acts on a layer's output; None: it acts on what the classifier reads.
    drops: Callable[[Layer], bool] | None = None
    #: How `memory_efficient` modules make tensors again (`archs.recompute`); None: the family's modules cannot.
    recompute: Literal["pre_activation", "post_activation"] | None = None
    #: Why the modules of a config make nothing again, though the family's can; empty where they do.
    plainly: Callable[[Any], str] = _no_text
    #: Which children of `features` selective checkpointing takes one by one, as a regular expression; None: none.
    checkpoints: str | None = None


class Searching(NamedTuple):
    """What searches know of the family."""

    #: Spaces by name: a registered network, and the values of the fields that are left open.
    spaces: Mapping[str, tuple[str, Mapping[str, Iterable[Any]]]] = _NOTHING
    #: Whether the plan can be walked for many configs at once: it repeats by `archs.plan.repeated` and `chained`, and
    #: does nothing else to numbers but arithmetic and comparisons. If not, configs are counted one by one.
    together: bool = False
    #: Whether a config is counted by itself all the same: its plan follows none of those laws.
    apart: Callable[[Any], bool] = _never


class VariantStyle(NamedTuple):
    """How the marks of a variant look: a symbol of Plotly, and how far the colour goes to white (+) or black (−)."""

    symbol: str = "circle"
    shade: float = 0.0


class Look(NamedTuple):
    """How charts show the family."""

    #: Its place in the palette (`views.theme.PALETTE`); None: the next that no other family has.
    slot: int | None = None
    #: The papers' name for the kind of network that a config is, a key of `variants`; None: the family's title.
    variant: Callable[[Any], str] | None = None
    variants: Mapping[str, VariantStyle] = _NOTHING


class Family(NamedTuple):
    """One family."""

    name: str
    title: str
    config_type: type[NetworkConfig]
    plan: Callable[[Any, Layer], Steps]
    #: "module:Class", imported when a module is built, so that listing and planning never import torch.
    module: str
    #: Of a config: the modules that make maps for detectors, finest first, and the one of the map at stride 2, or "".
    taps: Callable[[Any], Sequence[str]] = _no_taps
    stem_tap: Callable[[Any], str] = _no_text
    counting: Counting = Counting()
    notation: Notation = Notation()
    prose: Prose = Prose()
    weights: Weights = Weights()
    training: Training = Training()
    searching: Searching = Searching()
    look: Look = Look()
    #: Other names of the family, such as "PP-HGNet" of HGNet.
    also_called: tuple[str, ...] = ()

    def variant(self, config: Any) -> str:
        """The name for the kind of network that a config is."""
        return self.look.variant(config) if self.look.variant else self.title
