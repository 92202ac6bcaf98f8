"""Accelerate as the engine: devices, processes, precisions, trackers. And the log that the main process writes."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

from analysis.hardware.measure.processors import find_processor
from archs.errors import MissingPackageError, UnknownNameError, first_line
from training.engine import processes
from training.errors import TrainingError
from training.recipes import Recipe
from training.runs import Run
from training.runs.log import Row

#: How precisions are called by Accelerate.
MIXED = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
PACKAGES = ("torch", "timm", "accelerate")


def create_accelerator(
    recipe: Recipe, run: Run | None = None, *, cpu: bool = False, tracker: str | None = None
) -> Accelerator:
    """The engine for a recipe.

    Args:
        recipe: how precisely to compute.
        run: what is trained; None where nothing is kept of it.
        cpu: not to use a GPU that is there.
        tracker: what else keeps the numbers of the run.

    Raises:
        TrainingError: the device cannot compute in the recipe's precision.
        UnknownNameError, MissingPackageError: the tracker is unknown, or not installed.
    """
    if tracker:
        check_tracker(tracker)
    AcceleratorState._reset_state(reset_partial_state=True)  # else the precision of the first one in a process stays
    mixed, cpu = MIXED[recipe.precision], processes.on_cpu(cpu)
    if cpu and mixed == "fp16":  # Accelerate would compute in float32 and say nothing
        raise TrainingError("A CPU cannot train in float16: set precision to bfloat16 or float32.")
    try:
        accelerator = Accelerator(mixed_precision=mixed, cpu=cpu, log_with=tracker, project_dir=run and run.folder)
    except ValueError as error:
        raise TrainingError(
            f"This device cannot train in {recipe.precision} ({first_line(error)}): set precision to float32."
        ) from None
    if tracker and run:
        accelerator.init_trackers(run.name, {key: str(value) for key, value in recipe.to_json().items()})
    return accelerator


def check_tracker(name: str) -> None:
    """Raises: UnknownNameError, MissingPackageError: nothing that Accelerate can report to, or it is not installed."""
    if name not in LOGGER_TYPE_TO_CLASS:
        raise UnknownNameError("tracker", name, LOGGER_TYPE_TO_CLASS)
    if name not in [each.value for each in get_available_trackers()]:
        raise MissingPackageError(f"The tracker {name}", name)


def described(accelerator: Accelerator) -> Row:
    """On what a run is trained, for its record."""
    device = accelerator.device
    known = device.type in ("cpu", "cuda")
    return {
        "device": device.type,
        "machine": find_processor(device.type, "float32").machine().device_name if known else platform.machine(),
        "processes": accelerator.num_processes,
        "pid": os.getpid(),
        "versions": {package: version(package) for package in PACKAGES},
    }


class Reporter:
    """What becomes of the rows of the log, which the main process writes."""

    def __init__(self, run: Run, report: Callable[[Row], object], accelerator: Accelerator) -> None:
        self.run, self.report, self.accelerator = run, report, accelerator

    def record(self, **values: Any) -> None:
        """Change the record of the run."""
        if self.accelerator.is_main_process:
            self.run.update(**values)

    def __call__(self, kind: str, step: int, **values: Any) -> None:
        """Write a row, show it, and give its numbers to the tracker."""
        if self.accelerator.is_main_process:
            row = {"kind": kind, "step": step, **values}
            self.run.append(row)
            self.report(row)
            self.accelerator.log(values, step=step)
