"""Training steps whose time is known: the published figures, with what their sources tell of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from analysis.facts import list_devices, published
from analysis.hardware.predict.backward import Step, step
from analysis.hardware.predict.kernels import program
from analysis.hardware.predict.spreads import regime
from analysis.hardware.predict.timed_runs import TimedRun, has_layers, layers_of, run_of, sheet_of
from analysis.precision import PRECISIONS

#: What sources call software from 2022 on that serves newer cards better.
_NEWER = re.compile(r"PyTorch 1\.13|PyTorch 2|NGC PyTorch 2")


@dataclass(frozen=True)
class TrainedRun(TimedRun):
    """A network on a device, and the seconds that a training step took."""

    #: "sgd", or "none" where the source updates no weights.
    optimizer: str = "sgd"
    #: Who measured it.
    source: str = ""

    def step(self) -> Step:
        """Its kernels."""
        half = PRECISIONS[self.precision].element_bytes == 2
        return _step(self.network, self.image_size, half, self.optimizer)

    @property
    def has_newer_software(self) -> bool:
        return _NEWER.search(self.software) is not None

    @property
    def setup(self) -> str:
        """The machine and software, which share one host."""
        return f"{self.device}, {self.source}, {self.software}"

    @property
    def device_at_precision(self) -> str:
        return at_precision(self.device, self.precision)


def at_precision(device: str, precision: str) -> str:
    """A device as training tells it apart: with its matrix units or in float32, TF32 included."""
    return f"{device}, {'16' if PRECISIONS[precision].element_bytes == 2 else '32'} bits"


def step_key(device: str, precision: str, layout: str, batch_size: int) -> str:
    """What known errors of steps are told apart by."""
    return f"{at_precision(device, precision)}, {layout}, {regime(batch_size)} batches"


@cache
def _step(network: str, image_size: int, half: bool, optimizer: str) -> Step:
    return step(program(layers_of(network, image_size), "eager", half), half, optimizer)


@cache
def published_steps() -> tuple[TrainedRun, ...]:
    """Every published training figure whose batch, data sheet and layers are known."""
    frame = published("training")
    rows: list[dict[Any, Any]] = frame[frame["batch_size"].notna()].to_dict("records")
    return tuple(
        _run(row)
        for row in rows
        if sheet_of(row["device"]) in list_devices() and has_layers(row["network"], int(row["image_size"]))
    )


def _run(row: dict[Any, Any]) -> TrainedRun:
    optimizer = "none" if "no optimiser step" in row["note"] else "sgd"
    return TrainedRun(**vars(run_of(row)), optimizer=optimizer, source=row["source"].partition("@")[0])
