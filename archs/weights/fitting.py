"""Whether the tensors of a file are those of a network: all of them, or one sentence says why not.

Two parts may differ: the classifier (another number of classes, or none at all) and the first convolution (other
input channels).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archs.config import declared
from archs.errors import WeightsError, abbreviate
from archs.family import Layout
from archs.registry import get_family
from archs.weights.names import fitting_names, title_of

if TYPE_CHECKING:
    from torch import Tensor

    State = Mapping[str, Tensor]

#: How many keys of a kind a sentence shows.
SHOWN_KEYS = 3
#: A counter of batch norm that old and frozen layers lack and inference never reads.
COUNTER = ".num_batches_tracked"


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a file, by its own keys and by ours."""

    source: str
    layout: Layout
    state: State
    tensors: State
    #: Keys of the file that lie outside the network.
    ignored: tuple[str, ...]
    #: What is known of the fields of its network that no tensor shows (`archs.family.Weights`).
    unseen: Mapping[str, Any]


def nearest_layout(layouts: Sequence[Layout], keys: Iterable[str], expected: Iterable[str]) -> Layout:
    """The layout that turns the most keys of a file into expected ones; the first of equals."""
    keys, wanted = list(keys), set(expected)
    return max(layouts, key=lambda layout: len(wanted.intersection(layout.ours(keys).values())))


def allowed_differences(found: State, expected: State) -> dict[str, str]:
    """Keys of the parts that may differ and do, and why they cannot be loaded."""
    first, *_, weight, bias = expected
    reasons: dict[str, str] = {}
    if weight not in found and bias not in found:
        reasons |= dict.fromkeys((weight, bias), "the file has no classifier")
    elif weight in found and _differ_only_at(0, found[weight], expected[weight]):
        theirs, ours = len(found[weight]), len(expected[weight])
        reasons |= dict.fromkeys((weight, bias), f"the file has {theirs} classes, not {ours}")
    if first in found and _differ_only_at(1, found[first], expected[first]):
        theirs, ours = found[first].shape[1], expected[first].shape[1]
        reasons[first] = f"the file reads images of {theirs} channels, not {ours}"
    return reasons


def _differ_only_at(axis: int, left: Tensor, right: Tensor) -> bool:
    unequal = [index for index, (a, b) in enumerate(zip(left.shape, right.shape, strict=False)) if a != b]
    return left.ndim == right.ndim and unequal == [axis]


def check_fit(checkpoint: Checkpoint, config: Any, expected: State, left_out: Container[str]) -> None:
    """Raises: WeightsError: a tensor is missing, unexpected or of another shape; which network would fit, if any."""
    found = checkpoint.tensors
    missing = [repr(key) for key in expected if key not in found and not key.endswith(COUNTER) and key not in left_out]
    unexpected = [abbreviate(key) for key in found if key not in expected]
    misshapen = [
        f"{key!r} ({_size(found[key])}, not {_size(expected[key])})"
        for key in expected
        if key in found and key not in left_out and found[key].shape != expected[key].shape
    ]
    if missing or unexpected or misshapen:
        _say_what_fits_instead(checkpoint, config)
        problems = {"missing": missing, "unexpected": unexpected, "of another shape": misshapen}
        listed = "; ".join(f"{problem}: {_first(keys)}" for problem, keys in problems.items() if keys)
        nearest = checkpoint.layout.title
        raise WeightsError(f"{checkpoint.source} does not fit {title_of(config)}; nearest is {nearest}, with {listed}.")


def _say_what_fits_instead(checkpoint: Checkpoint, config: Any) -> None:
    title = title_of(config)
    names = fitting_names({key: tuple(tensor.shape) for key, tensor in checkpoint.state.items()})
    if names and title not in names:
        raise WeightsError(f"{checkpoint.source} holds weights of {' or '.join(names)}, which do not fit {title}.")


def check_unseen(checkpoint: Checkpoint, config: Any) -> None:
    """Raises: WeightsError: the file is of a network that differs in a field that no tensor shows."""
    for field, meaning in get_family(config.family).weights.unseen.items():
        needed, matters = checkpoint.unseen.get(field), not declared(type(config))[field].idle(config)
        if needed is not None and matters and needed != getattr(config, field):
            raise WeightsError(
                f"{checkpoint.source} ({checkpoint.layout.title}) needs {field}={needed}: it is of a network whose "
                f"{meaning(needed)}, unlike those of {title_of(config)}."
            )


def _first(keys: Sequence[str]) -> str:
    more = len(keys) - SHOWN_KEYS
    return ", ".join(keys[:SHOWN_KEYS]) + (f" and {more} more" if more > 0 else "")


def _size(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a single number"
