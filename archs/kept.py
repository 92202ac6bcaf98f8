"""Where what a user keeps lies: measurements and runs, in the user's data folder or in that of DENSESCOPE_DATA."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeGuard

from archs import checks, files
from archs.errors import ConfigError, DenseScopeError, UnknownNameError, WeightsError, require

FOLDER_VARIABLE = "DENSESCOPE_DATA"
#: In the folder of a run: what was asked for, and what was learned (`training.runs`).
RECORD, WEIGHTS = "run.json", "weights.safetensors"
#: Far more than a record takes.
MAX_RECORD = 4 * 1024 * 1024
#: What stands before the name of a run where it is a network or weights: "run:NAME".
RUN = "run:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


#: What else says which folder it is: the app, where each of many visitors has one of their own.
asked_elsewhere: list[Callable[[], Path]] = []


def users_folder() -> Path:
    """The folder; nobody has made it yet where nothing was kept."""
    if asked_elsewhere:
        return asked_elsewhere[-1]()
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder)
    return Path(require("platformdirs", "Keeping results").user_data_path("densescope", appauthor=False))


def runs_folder() -> Path:
    """Where training runs lie, a folder each (`training.runs`)."""
    return users_folder() / "runs"


def list_runs() -> list[str]:
    """The names of all runs, the newest first."""
    written: dict[str, int] = {}
    with suppress(OSError), os.scandir(runs_folder()) as entries:
        for entry in entries:
            with suppress(OSError):  # it is no run, or was taken away since
                if _NAME.fullmatch(entry.name):
                    written[entry.name] = os.stat(os.path.join(entry.path, RECORD)).st_mtime_ns
    return sorted(written, key=lambda name: -written[name])


def check_run_name(name: str) -> str:
    """The name of a run. Raises: ConfigError: it cannot be one."""
    found = checks.word(name)
    if found is None or not _NAME.fullmatch(found):
        raise ConfigError("name", name, "letters, digits, '.', '_' and '-', at most 80")
    return found


def is_run(value: object) -> TypeGuard[str]:
    """Whether a network or weights are those of a run."""
    return (checks.word(value) or "").startswith(RUN)


def trained_runs() -> list[str]:
    """The runs of networks that have weights, as "run:NAME", the newest first; those of detectors are no networks."""
    folder = runs_folder()
    with_weights = [name for name in list_runs() if os.path.isfile(folder / name / WEIGHTS)]
    return [f"{RUN}{name}" for name in with_weights if not _is_of_detector(folder / name / RECORD)]


def _is_of_detector(record: Path) -> bool:
    try:
        return "detector" in files.read_json(record, MAX_RECORD)["network"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def weights_of_run(written: str) -> Path:
    """The file of weights that "run:NAME" stands for.

    Raises:
        ConfigError: no run can have that name.
        UnknownNameError: there is no such run; it names the nearest three.
        WeightsError: it has no weights yet.
    """
    name = check_run_name(written.removeprefix(RUN))
    if name not in (known := list_runs()):
        raise UnknownNameError("run", name, known)
    path = runs_folder() / name / WEIGHTS
    if not path.is_file():
        raise WeightsError(f"The run {name!r} has no weights yet: {_why(path.with_name(RECORD))}.")
    return path


def version_of_run(written: str) -> int:
    """When the weights that "run:NAME" stands for were written, in nanoseconds; 0 where there are none."""
    try:
        return weights_of_run(written).stat().st_mtime_ns
    except (DenseScopeError, OSError):
        return 0


#: What the states of a run without weights say of it.
_WITHOUT_WEIGHTS = {
    "new": "its training has not begun",
    "running": "its training has not ended",
    "stopped": "its training was stopped before it ended",
    "failed": "its training failed",
}


def _why(record: Path) -> str:
    try:
        state = files.read_json(record, MAX_RECORD)["state"]
        return _WITHOUT_WEIGHTS[state]
    except (OSError, ValueError, KeyError, TypeError):
        return "its training has not ended"
