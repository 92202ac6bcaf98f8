"""Runs whose time is known: the published throughput figures, with the layers of their networks without torch."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from analysis.facts import DATA, get_device, list_devices, published
from analysis.hardware.predict.kernels import Program, program
from analysis.precision import PRECISIONS, parse_arithmetic
from analysis.targets import Target, resolve_target
from archs.layer import Layer
from archs.planning import plan_layers
from archs.registry import get_config, is_registered

TRACES = DATA / "traced_layers.json.gz"
#: The networks that calibration and targets are about, and none of any other family: those put predictions to the test.
FAMILY = ("timm/densenet*", "timm/vovnet*", "timm/ese_vovnet*")
#: Smaller batches are not used: they came about because the memory ended.
MIN_BATCH_SIZE = 256


#: Executions that the model knows.
EXECUTIONS = ("eager", "compiled")
#: The data sheet of a device that sources name otherwise, or leave open.
_SHEETS = {
    "Jetson AGX Orin": "Jetson AGX Orin 64GB",
    "V100 (variant not stated)": "V100 SXM2 16GB",
    "Tesla V100": "V100 SXM2 16GB",
    "Core i9-10940X (CPU)": "Core i9-10940X",
    "Core i7-12700H (CPU)": "Core i7-12700H",
}
#: What a copy of images from pageable memory moves in a second: some benchmarks time it along.
PAGEABLE_BYTES_PER_S = 6e9


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
    software: str = ""
    #: Whether the source states the layout; where it doesn't, PyTorch's default is taken.
    states_layout: bool = True
    #: Whether autocast chooses the precision; else the whole network is in it.
    autocast: bool = True
    #: Seconds in which the source's time includes the copy of the batch from the host.
    copy_seconds: float = 0.0

    @property
    def in_family(self) -> bool:
        return is_in_family(self.network)

    def program(self) -> Program:
        """Its kernels."""
        return _program(self.network, self.image_size, self.execution, PRECISIONS[self.precision].element_bytes == 2)


def is_in_family(network: str) -> bool:
    """Whether a published network belongs to those that the model is made for."""
    return any(fnmatchcase(network, pattern) for pattern in FAMILY)


#: Whose figures calibrate, and from which software on.
CALIBRATING = {"RTX 3090": "PyTorch 2.4.0", "RTX 4090": "PyTorch 2.9.1", "RTX 5090": "PyTorch 2.9.1"}


def load_runs() -> list[TimedRun]:
    """The published throughputs that calibrate and put to the test: each card's newest, in float16, at a batch of
    `MIN_BATCH_SIZE` or more."""
    return [
        run
        for run in published_runs()
        if run.software.startswith(CALIBRATING.get(run.device, "-"))
        and run.batch_size >= MIN_BATCH_SIZE
        and run.precision == "float16"
    ]


@cache
def published_runs() -> tuple[TimedRun, ...]:
    """Every published throughput of a GPU by PyTorch whose data sheet and layers are known."""
    rows: list[dict[Any, Any]] = published("throughput").to_dict("records")
    return tuple(
        run_of(row)
        for row in rows
        if row["execution"] in EXECUTIONS
        and sheet_of(row["device"]) in list_devices()
        and not get_device(sheet_of(row["device"])).is_cpu
        and has_layers(row["network"], int(row["image_size"]))
    )


def sheet_of(device: str) -> str:
    """The name of the data sheet of a device that a source names."""
    return _SHEETS.get(device, device)


def run_of(row: dict[Any, Any]) -> TimedRun:
    """A published figure in images/s, with what its source tells of the run."""
    device, batch, size = get_device(sheet_of(row["device"])), int(row["batch_size"]), int(row["image_size"])
    arithmetic = parse_arithmetic(re.split(r" \(| or | with", row["precision"])[0])
    copied = "copy of the batch" in row["note"] or "with the copies" in row["note"]
    return TimedRun(
        row["network"],
        device.name,
        size,
        batch,
        row["layout"] if row["layout"] in ("nchw", "nhwc") else "nchw",
        row["execution"],
        batch / row["value"],
        arithmetic if arithmetic in device.precisions else "float32",
        row["software"],
        row["layout"] in ("nchw", "nhwc"),
        not re.search("half|master", row["precision"]),
        batch * 3 * size**2 * 4 / PAGEABLE_BYTES_PER_S if copied else 0.0,
    )


#: timm's networks that the registry has by another name.
_OTHER_NAMES = {"vovnet39a": "vovnet39", "vovnet57a": "vovnet57", "tv_densenet121": "densenet121"}
#: Networks of libraries that the registry has, but for those of the name that differ.
_LIBRARIES = ("timm", "torchvision", "pytorchcv")
_NOT_OURS = ("timm/densenet264",)


def is_planned(network: str) -> bool:
    """Whether the layers come from the registry, as timm's do; those of other networks are shipped as traced once."""
    return is_registered(registered_name(network)) and network not in _NOT_OURS


def registered_name(network: str) -> str:
    """What the registry calls a published network; of others, the name in its library.

    >>> registered_name("timm/vovnet39a"), registered_name("timm/resnet50")
    ('vovnet39', 'resnet50')
    """
    library, _, name = network.rpartition("/")
    return _OTHER_NAMES.get(name, name) if library in ("", *_LIBRARIES) else network


@cache
def _program(network: str, image_size: int, execution: str, half: bool) -> Program:
    return program(layers_of(network, image_size), execution, half)


def has_layers(network: str, image_size: int) -> bool:
    """Whether a published network's layers at an image size are known without torch."""
    return is_planned(network) or (network, image_size) in _traces()


def layers_of(network: str, image_size: int) -> Sequence[Layer]:
    """The layers of a network at batch 1; for the published ones without torch."""
    if is_planned(network):
        return plan_layers(get_config(registered_name(network)), image_size)
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
