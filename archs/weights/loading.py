"""What came of loading weights: whether they are those of the network, all of them, or one sentence says why not.

Two parts may differ: the classifier (another number of classes, or none at all) and the first convolution (other
input channels).
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archs.config import declared
from archs.described import read_description
from archs.errors import WeightsError, WeightsWarning, abbreviate
from archs.registry import get_family
from archs.weights.files import is_safetensors, read_content
from archs.weights.hub import locate_weights
from archs.weights.names import fitting_names, title_of
from archs.weights.places import Place, State, find_network, prefixes

if TYPE_CHECKING:
    from torch import Tensor


#: How many keys of a kind a sentence shows.
SHOWN_KEYS = 3
#: A counter of batch norm that old and frozen layers lack and inference never reads.
COUNTER = ".num_batches_tracked"


@dataclass(frozen=True)
class Checkpoint:
    """Where in a file the tensors are, and the tensors by our keys."""

    source: str
    place: Place
    #: Places where the file has the network once more, such as running averages of its weights.
    copies: Sequence[Place]
    tensors: State
    #: What is known of the fields of its network that no tensor shows (`archs.family.Weights`).
    unseen: Mapping[str, Any]

    @property
    def shown(self) -> str:
        """What sentences call it."""
        return f"{self.source} ({self.place})" if str(self.place) else self.source


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
    of_other_numbers = [
        f"{key!r} ({_numbers(found[key])}, not {_numbers(expected[key])})"
        for key in expected
        if key in found and key not in left_out and not _alike(found[key], expected[key])
    ]
    if of_other_numbers and not (missing or unexpected or misshapen):
        raise WeightsError(f"{checkpoint.shown} holds other numbers than weights are: {_first(of_other_numbers)}.")
    if missing or unexpected or misshapen:
        _say_what_fits_instead(checkpoint, config)
        problems = {"missing": missing, "unexpected": unexpected, "of another shape": misshapen}
        listed = "; ".join(f"{problem}: {_first(keys)}" for problem, keys in problems.items() if keys)
        foreign = [prefix for prefix in _prefixes(checkpoint) if not any(key.startswith(prefix) for key in expected)]
        shared = f"; most of its keys begin with {abbreviate(foreign[0])}" if foreign else ""
        layout = checkpoint.place.layout.title
        raise WeightsError(
            f"{checkpoint.shown} does not fit {title_of(config)}; nearest is {layout}, with {listed}{shared}."
        )


def _say_what_fits_instead(checkpoint: Checkpoint, config: Any) -> None:
    title = title_of(config)
    state = checkpoint.place.state
    for prefix in _prefixes(checkpoint):
        names = fitting_names({key.removeprefix(prefix): tuple(tensor.shape) for key, tensor in state.items()})
        if names and title not in names:
            raise WeightsError(f"{checkpoint.shown} holds weights of {' or '.join(names)}, which do not fit {title}.")


def _prefixes(checkpoint: Checkpoint) -> list[str]:
    """What most keys begin with, up to a dot; the empty prefix first."""
    state = checkpoint.place.state
    return prefixes(state, len(state) // 2 + 1)


def check_unseen(checkpoint: Checkpoint, config: Any) -> None:
    """Raises: WeightsError: the file is of a network that differs in a field that no tensor shows."""
    for field, meaning in get_family(config.family).weights.unseen.items():
        needed, matters = checkpoint.unseen.get(field), not declared(type(config))[field].idle(config)
        if needed is not None and matters and needed != getattr(config, field):
            raise WeightsError(
                f"{checkpoint.shown} ({checkpoint.place.layout.title}) needs {field}={needed}: it is of a network "
                f"whose {meaning(needed)}, unlike those of {title_of(config)}."
            )


def _alike(found: Tensor, expected: Tensor) -> bool:
    """Whether numbers are floating-point where weights are, and whole where counters are: int8 and bool mean others."""
    if expected.is_floating_point():
        return found.is_floating_point()
    return not (found.is_floating_point() or _numbers(found) == "bool")


def _numbers(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _first(keys: Sequence[str]) -> str:
    more = len(keys) - SHOWN_KEYS
    return ", ".join(keys[:SHOWN_KEYS]) + (f" and {more} more" if more > 0 else "")


def _size(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a single number"


@dataclass(frozen=True)
class LoadReport:
    """Which tensors of a network were loaded from where, and which were not, and why."""

    #: The file or hub name, as it was given, and where in the file the network lies: "w.pth, below 'model'".
    source: str
    #: Title of the layout that the file's keys have.
    layout: str
    #: Keys of the network that now hold the file's values.
    loaded: tuple[str, ...]
    #: Keys of the network that keep their initialisation.
    left_out: tuple[str, ...]
    #: Keys of the file that belong to something around the network, such as a detector.
    ignored: tuple[str, ...]
    #: Why tensors were left out or ignored, one clause each.
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        clauses = (f"{len(self.loaded)} tensors loaded from {self.source} ({self.layout})", *self.reasons)
        return "; ".join(clauses) + "."


def load_weights(model: Any, weights: str | PathLike[str], whole: State | None = None) -> LoadReport:
    """Fill a network of the registry from a file or a hub name, as `create_model(weights=...)` does.

    Args:
        model: the network, or a backbone of it.
        weights: as in `create_model`.
        whole: the tensors of the network that a backbone is of, all of which the file may have; None: the model's own.

    Warns:
        WeightsWarning: a part of the network keeps its initialisation.

    Raises:
        ConfigError, WeightsError, MissingPackageError: the weights do not fit; the network is unchanged.
    """
    own = model.state_dict()
    expected = own if whole is None else whole
    if any(tensor.is_meta for tensor in expected.values()):
        raise WeightsError("A network on the meta device has no memory to load weights into.")
    checkpoint = _read_checkpoint(model.config, expected, weights)
    reasons = allowed_differences(checkpoint.tensors, expected)
    outside = [key for key in expected if key not in own]
    check_fit(checkpoint, model.config, expected, left_out={*reasons, *outside})
    check_unseen(checkpoint, model.config)
    reasons = {key: reason for key, reason in reasons.items() if key not in outside}
    usable = [key for key in expected if key in checkpoint.tensors and key not in {*reasons, *outside}]
    model.load_state_dict({key: checkpoint.tensors[key] for key in usable}, strict=False)
    report = _report(checkpoint, tuple(usable), reasons, outside)
    if report.left_out:
        warnings.warn(str(report), WeightsWarning, stacklevel=3)
    return report


def _read_checkpoint(config: Any, expected: State, weights: str | PathLike[str]) -> Checkpoint:
    source, path = str(weights), locate_weights(weights, config)
    layouts = get_family(config.family).weights.layouts
    place, copies = find_network(read_content(path), repr(str(path)), layouts, expected)
    tensors: dict[str, Tensor] = {}
    for key, ours in place.ours.items():
        if ours in tensors:
            raise WeightsError(f"{source} holds {abbreviate(ours)} twice, the second time as {abbreviate(key)}.")
        tensors[ours] = place.state[key]
    unseen = {**_told_fields(path), **place.layout.implies}
    return Checkpoint(source, place, copies, tensors, unseen)


def _told_fields(path: Path) -> Mapping[str, Any]:
    """The config that stands beside the tensors of a file; empty where none does."""
    try:
        config = json.loads(read_description(path).get("config", "{}")) if is_safetensors(path) else {}
    except (ValueError, RecursionError, TypeError):
        return {}
    return config if isinstance(config, dict) else {}


def _report(
    checkpoint: Checkpoint, loaded: tuple[str, ...], left_out: dict[str, str], outside: Sequence[str]
) -> LoadReport:
    reasons = [
        f"{' and '.join(key for key in left_out if left_out[key] == reason)} not loaded, because {reason}"
        for reason in dict.fromkeys(left_out.values())
    ]
    place = checkpoint.place
    if outside and outside[-1] in checkpoint.tensors:
        reasons.append("these are a classifier's weights: a detector trained from them starts with random heads")
    if place.ignored:
        tensors = "1 tensor" if len(place.ignored) == 1 else f"{len(place.ignored)} tensors"
        reasons.append(f"{tensors} outside {place.prefix}* ignored")
    reasons += [f"its copy {copy} not read" for copy in checkpoint.copies]
    source, layout = ", ".join(filter(None, (checkpoint.source, str(place)))), place.layout.title
    return LoadReport(source, layout, loaded, tuple(left_out), place.ignored, tuple(reasons))
