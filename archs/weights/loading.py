"""What came of loading weights."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from os import PathLike
from typing import Any

from archs.errors import WeightsError, WeightsWarning, abbreviate
from archs.registry import get_family
from archs.weights.files import read_exported_config, read_state_dict
from archs.weights.fitting import Checkpoint, allowed_differences, check_fit, check_unseen, nearest_layout
from archs.weights.hub import locate_weights


@dataclass(frozen=True)
class LoadReport:
    """Which tensors of a network were loaded from where, and which were not, and why."""

    #: The file or hub name, as it was given.
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


def load_weights(model: Any, weights: str | PathLike[str]) -> LoadReport:
    """Fill a network of the registry from a file or a hub name, as `create_model(weights=...)` does.

    Warns:
        WeightsWarning: a part of the network keeps its initialisation.

    Raises:
        ConfigError, WeightsError, MissingPackageError: the weights do not fit; the network is unchanged.
    """
    expected = model.state_dict()
    if any(tensor.is_meta for tensor in expected.values()):
        raise WeightsError("A network on the meta device has no memory to load weights into.")
    checkpoint = _read_checkpoint(model, weights)
    reasons = allowed_differences(checkpoint.tensors, expected)
    check_fit(checkpoint, model.config, expected, left_out=reasons)
    check_unseen(checkpoint, model.config)
    usable = {key: checkpoint.tensors[key] for key in expected if key in checkpoint.tensors and key not in reasons}
    model.load_state_dict(usable, strict=False)
    report = _report(checkpoint, tuple(usable), reasons)
    if report.left_out:
        warnings.warn(str(report), WeightsWarning, stacklevel=3)
    return report


def _read_checkpoint(model: Any, weights: str | PathLike[str]) -> Checkpoint:
    source, path = str(weights), locate_weights(weights, model.config)
    state = read_state_dict(path)
    layout = nearest_layout(get_family(model.config.family).weights.layouts, state, model.state_dict())
    tensors, ignored = {}, set(state)
    for key, ours in layout.ours(state).items():
        if ours in tensors:
            raise WeightsError(f"{source} holds {abbreviate(ours)} twice, the second time as {abbreviate(key)}.")
        tensors[ours] = state[key]
        ignored.remove(key)
    unseen = {**read_exported_config(path), **layout.implies}
    return Checkpoint(source, layout, state, tensors, tuple(sorted(ignored)), unseen)


def _report(checkpoint: Checkpoint, loaded: tuple[str, ...], left_out: dict[str, str]) -> LoadReport:
    reasons = [
        f"{' and '.join(key for key in left_out if left_out[key] == reason)} not loaded, because {reason}"
        for reason in dict.fromkeys(left_out.values())
    ]
    if checkpoint.ignored:
        reasons.append(f"{len(checkpoint.ignored)} tensors outside {checkpoint.layout.root}* ignored")
    return LoadReport(
        checkpoint.source, checkpoint.layout.title, loaded, tuple(left_out), checkpoint.ignored, tuple(reasons)
    )
