"""Runs whose time is known: the published throughput figures, with the layers of their networks without torch."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from analysis.facts import DATA, published
from analysis.hardware.predict.kernels import Program, program
from analysis.precision import PRECISIONS
from analysis.targets import Target, resolve_target
from archs.layer import Layer
from archs.planning import plan_layers
from archs.registry import get_config, list_archs

TRACES = DATA / "traced_layers.json.gz"
#: The networks that calibration and targets are about, and none of any other family: those put predictions to the test.
FAMILY = ("timm/densenet*", "timm/vovnet*", "timm/ese_vovnet*")
#: Smaller batches are not used: they came about because the memory ended.
MIN_BATCH_SIZE = 256


@dataclass(frozen=True)
class TimedRun:
    """A network on a device, and the seconds that a batch took."""

    network: str
    device: str
    image_size: int
    batch_size: int
    layout: str
    execution: str
    seconds: float
    precision: str = "float16"

    @property
    def in_family(self) -> bool:
        return is_in_family(self.network)

    def program(self) -> Program:
        """Its kernels."""
        return _program(self.network, self.image_size, self.execution, PRECISIONS[self.precision].element_bytes == 2)


def is_in_family(network: str) -> bool:
    """Whether a published network belongs to those that the model is made for."""
    return any(fnmatchcase(network, pattern) for pattern in FAMILY)


def load_runs() -> list[TimedRun]:
    """Every published throughput at a batch of `MIN_BATCH_SIZE` or more."""
    rows: list[dict[Any, Any]] = published("throughput").to_dict("records")
    return [
        TimedRun(
            row["network"],
            row["device"],
            int(row["image_size"]),
            int(row["batch_size"]),
            row["layout"],
            row["execution"],
            row["batch_size"] / row["value"],
        )
        for row in rows
        if row["batch_size"] >= MIN_BATCH_SIZE
    ]


#: timm's networks that the registry has by another name.
_OTHER_NAMES = {"vovnet39a": "vovnet39", "vovnet57a": "vovnet57"}


def is_planned(network: str) -> bool:
    """Whether the layers come from the registry, as timm's do; those of other networks are shipped as traced once."""
    return _registered_name(network) in list_archs()


def _registered_name(network: str) -> str:
    name = network.removeprefix("timm/")
    return _OTHER_NAMES.get(name, name)


@cache
def _program(network: str, image_size: int, execution: str, half: bool) -> Program:
    return program(layers_of(network, image_size), execution, half)


def has_layers(network: str, image_size: int) -> bool:
    """Whether a published network's layers at an image size are known without torch."""
    return is_planned(network) or (network, image_size) in _traces()


def layers_of(network: str, image_size: int) -> Sequence[Layer]:
    """The layers of a network at batch 1; for the published ones without torch."""
    if is_planned(network):
        return plan_layers(get_config(_registered_name(network)), image_size)
    if (network, image_size) in _traces():
        return _traces()[network, image_size]
    return _layers_of_target(resolve_target(network), image_size)


def _layers_of_target(target: Target, image_size: int) -> list[Layer]:
    return target.layers((image_size, image_size), 1, target.best_route)


@cache
def _traces() -> dict[tuple[str, int], list[Layer]]:
    with gzip.open(TRACES, "rt", encoding="utf-8") as lines:
        return {(network, size): [_layer(row) for row in rows] for network, size, rows in map(json.loads, lines)}


def _layer(row: list[Any]) -> Layer:
    return Layer(*[_tuples(value) for value in row])


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def write_traces(traces: Iterable[tuple[str, int, Sequence[Layer]]]) -> None:
    """Ship the layers of networks that the registry does not have; equal layers give an equal file."""
    lines = [json.dumps([network, size, [list(layer) for layer in layers]]) for network, size, layers in traces]
    TRACES.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
