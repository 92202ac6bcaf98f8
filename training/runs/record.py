"""The record of a training: a folder with what was asked for, a log that only grows, checkpoints, and weights.

run.json             network, data set, recipe, software, machine, state
log.jsonl            a line a report of a step, a line an epoch (`training.runs.log`)
last.pt, previous.pt checkpoints, while it has not finished (`training.engine.checkpoints`)
weights.safetensors  what was learned, with its config and recipe; a target as "run:NAME"
predictions.npz      what it says of the test images (`training.engine.predictions`)
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.units import join
from archs import files
from archs.design import Design, changes, parse_design
from archs.errors import UnknownNameError, require
from archs.kept import MAX_RECORD, RECORD, WEIGHTS, runs_folder
from archs.kept import check_run_name as check_name
from archs.kept import list_runs as list_runs
from detectors.design import KEY, DetectorDesign, parse_detector
from training.errors import TrainingError
from training.recipes import Recipe, recipe_from_json
from training.runs import log
from training.runs.log import Row

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
LOG, LOCK, TRASH = "log.jsonl", ".lock", ".trash"
#: "killed" is never written: a run that says it is running, while no process holds its folder, was.
STATES = ("new", "running", "finished", "stopped", "failed", "killed")

#: What of a record decides the weights.
DECISIVE = ("network", "data", "recipe", "weights")


class AveragePrecision(NamedTuple):
    """How well a detector finds things; never to be ranked with accuracies."""

    #: As COCO counts it, the mean over overlaps from 0.5 to 0.95; and at an overlap of 0.5.
    ap: float
    ap50: float


class Run:
    """One training, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            values = files.read_json(folder / RECORD, MAX_RECORD)
            if values["schema"] > SCHEMA:
                raise TrainingError(f"The run {folder.name!r} was written by a newer DenseScope.")
            parse = parse_detector if KEY in values["network"] else parse_design
            self.design: Any = parse(json.dumps(values["network"]), f"run {folder.name}")
            self.recipe: Recipe = recipe_from_json(values["recipe"])
            self.data: str = values["data"]
            #: What the weights were initialised from; empty for a fresh start.
            self.weights_from: str = values["weights"]
        except OSError as error:
            raise TrainingError(f"The run {folder.name!r} cannot be read: {error.strerror or error}.") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrainingError(f"The record of the run {folder.name!r} is damaged: {error}.") from None
        self.record: Row = values

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def identity(self) -> Row:
        """What decides its weights: two runs that agree in this come to the same."""
        return {key: self.record[key] for key in DECISIVE}

    @property
    def weights(self) -> Path:
        """Where its weights are once it has finished."""
        return self.folder / WEIGHTS

    @property
    def state(self) -> str:
        """One of `STATES`."""
        said: str = files.read_json(self.folder / RECORD, MAX_RECORD).get("state", "new")
        return "killed" if said == "running" and not self.is_taken() else said

    def log(self) -> list[Row]:
        """What was reported, in order; steps that were done again after a kill stand once."""
        return log.read(self.folder / LOG)

    def epochs(self) -> list[Row]:
        """The rows of its epochs."""
        return [row for row in self.log() if row["kind"] == "epoch"]

    def to_frame(self) -> pd.DataFrame:
        """One row an epoch: losses and accuracies, of the images that it learned from and of those for tests."""
        import pandas as pd

        return pd.DataFrame(self.epochs()).drop(columns="kind", errors="ignore")

    @property
    def accuracy(self) -> float | None:
        """Share of the test images that its weights classify right; None before the first epoch has ended, and of a
        detector.
        """
        epochs = self.epochs()
        if not epochs:
            return None
        validated = [row for row in epochs if "validation_accuracy" in row]
        row = max(validated, key=lambda row: row["validation_accuracy"]) if validated else epochs[-1]
        return row.get("averaged_accuracy", row.get("test_accuracy"))

    @property
    def average_precision(self) -> AveragePrecision | None:
        """Of what its weights find in the test images; None before it was counted, and of a classifier."""
        for row in reversed(self.epochs()):
            for what in ("averaged", "test"):
                if f"{what}_ap" in row:
                    return AveragePrecision(row[f"{what}_ap"], row[f"{what}_ap50"])
            break
        return None

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row to the log. Raises: TrainingError: it cannot be written."""
        with self.writing():
            log.append(self.folder / LOG, row)

    def update(self, **values: Any) -> None:
        """Change its record: state, process, what went wrong. Raises: TrainingError: it cannot be written."""
        with self.writing():
            self.record = {**files.read_json(self.folder / RECORD, MAX_RECORD), **values}
            _write_record(self.folder, self.record)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Writes to its folder inside this raise a TrainingError when they fail."""
        try:
            yield
        except OSError as error:
            raise TrainingError(
                f"The run {self.name!r} cannot be written to {str(self.folder)!r} ({error.strerror or error}); "
                "nothing that was finished is lost: make room and resume it."
            ) from None

    @contextmanager
    def taken(self, wait: float = 1.0) -> Iterator[None]:
        """The right to train it, for one process.

        Args:
            wait: seconds, for whoever only looks whether it is taken.

        Raises:
            TrainingError: another process has it.
        """
        filelock = require("filelock", "Training")
        try:
            with filelock.FileLock(self.folder / LOCK, timeout=wait):
                yield
        except filelock.Timeout:
            raise TrainingError(f"Another process is training the run {self.name!r}.") from None

    def is_taken(self) -> bool:
        """Whether a process is training it."""
        try:
            with self.taken(wait=0):
                return False
        except TrainingError:
            return True


def difference(one: Row, other: Row) -> str:
    """The first thing in which two records of what is trained differ, in words; empty if they don't.

    >>> difference({"recipe": {"lr": 0.1, "seed": 0}}, {"recipe": {"lr": 0.2, "seed": 0}})
    'recipe: lr 0.1, there 0.2'
    """
    for key in dict.fromkeys((*one, *other)):
        here, there = one.get(key), other.get(key)
        if isinstance(here, dict) and isinstance(there, dict):
            if inner := difference(here, there):
                return f"{key}: {inner}"
        elif here != there:
            return f"{key} {here!r}, there {there!r}"
    return ""


def get_run(name: str) -> Run:
    """A run by its name. Raises: UnknownNameError: there is none; TrainingError: it cannot be read."""
    if name not in (known := list_runs()):
        raise UnknownNameError("run", name, known)
    return Run(runs_folder() / name)


def create_run(
    name: str, design: Design | DetectorDesign, data: str, recipe: Recipe, weights: str = "", place: Path | None = None
) -> Run:
    """A new run that has not begun, in the folder of all runs or in another place.

    Raises: TrainingError, ConfigError: the name is taken, or is none for a folder.
    """
    folder = (place or runs_folder()) / check_name(name)
    record = {
        "schema": SCHEMA,
        "state": "new",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "network": json.loads(design.to_json()),
        "data": data,
        "recipe": recipe.to_json(),
        "weights": weights,
    }
    try:
        folder.mkdir(parents=True)
        _write_record(folder, record)
    except FileExistsError:
        raise TrainingError(f"There is already a run {name!r}: give another name.") from None
    except OSError as error:
        raise TrainingError(f"Cannot make {str(folder)!r}: {error.strerror}.") from None
    return Run(folder)


def find_or_create_run(name: str, design: Design | DetectorDesign, data: str, recipe: Recipe, weights: str = "") -> Run:
    """A new run, or the one of that name if it is the same. Raises: as `create_run`."""
    if name not in list_runs():
        return create_run(name, design, data, recipe, weights)
    run = get_run(name)
    differences = [
        *(["network"] if run.design.config != design.config else []),
        *(["data"] if run.data != data else []),
        *(["weights"] if run.weights_from != weights else []),
        *changes(recipe, run.recipe),
    ]
    if differences:
        raise TrainingError(
            f"There is already a run {name!r}, which differs in {join(differences)}: "
            f"give another name, or resume {name!r}."
        )
    return run


def _write_record(folder: Path, record: Row) -> None:
    files.write(folder / RECORD, (json.dumps(record, indent=2) + "\n").encode())


def free_name(wished: str) -> str:
    """A name that no run has: the wished one, or with a number behind it."""
    known = set(list_runs())
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", wished).strip("-._")[:70] or "run"
    return next(name for name in (plain, *(f"{plain}-{n}" for n in range(2, 10_000))) if name not in known)


def rename_run(name: str, new: str) -> Run:
    """Give a run another name. Raises: as `get_run` and `create_run`; TrainingError: it is being trained."""
    run = get_run(name)
    target = runs_folder() / check_name(new)
    if target.exists():
        raise TrainingError(f"There is already a run {new!r}: give another name.")
    if run.is_taken():
        raise TrainingError(f"The run {name!r} is being trained: stop it first.")
    run.folder.rename(target)
    return Run(target)


def delete_run(name: str) -> Path:
    """Move a run to the trash beside the runs; where it is then. Raises: as `rename_run`."""
    run = get_run(name)
    if run.is_taken():
        raise TrainingError(f"The run {name!r} is being trained: stop it first.")
    trash = runs_folder() / TRASH
    trash.mkdir(exist_ok=True)
    target = trash / f"{name} {datetime.now():%Y-%m-%d %H.%M.%S.%f}"
    shutil.move(run.folder, target)
    return target
