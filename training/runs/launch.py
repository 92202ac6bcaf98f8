"""Runs as processes of their own, which neither a page that is drawn again nor the app's end stops.

What such a process says goes into a file of the run's folder; how far it is, its log tells.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from archs import files
from archs.errors import DenseScopeError
from archs.kept import runs_folder
from training.errors import TrainingError
from training.runs import Run, list_runs

OUTPUT = "output.txt"
#: Of what a process says, its last words are read.
LAST_BYTES = 64 * 1024
ROOT = Path(__file__).parents[2]
#: Of this process's own children, by the run's folder: those that have yet to say in the record that they run.
_STARTED: dict[Path, subprocess.Popen[bytes]] = {}


def start(run: Run) -> None:
    """Train a run to its end, from where it stands, in a process of its own.

    Raises: TrainingError: it is being trained, or has finished; the process cannot be started.
    """
    if (now := state_of(run)) in ("starting", "running", "finished"):
        raise TrainingError(f"The run {run.name!r} {'has finished' if now == 'finished' else f'is {now} already'}.")
    command = [sys.executable, "cli.py", "train", "--resume", run.name, "--yes"]
    try:
        with (run.folder / OUTPUT).open("wb") as output:
            _STARTED[run.folder] = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise TrainingError(f"The run {run.name!r} cannot be started: {error.strerror or error}.") from None


def stop(run: Run) -> None:
    """Ask the process that trains a run to end; what it has learned is kept, and the run can be resumed.

    Raises: TrainingError: no process trains it.
    """
    now, process = state_of(run), _STARTED.get(run.folder)
    if now == "running":
        pid = Run(run.folder).record.get("pid")
    else:
        pid = process.pid if now == "starting" and process else None
    if not isinstance(pid, int):
        raise TrainingError(f"The run {run.name!r} is not being trained: it is {now}.")
    try:
        os.kill(pid, signal.SIGINT)
    except OSError as error:
        reason = error.strerror or str(error)
        raise TrainingError(f"The run {run.name!r}, process {pid}, cannot be stopped: {reason}.") from None


def state_of(run: Run) -> str:
    """As `Run.state`; "starting" before a process that was started here has begun, "failed" if it never came to it."""
    said = run.state
    process = _STARTED.get(run.folder)
    if said == "running" or process is None:
        return said
    if process.poll() is None:
        return "starting" if said in ("new", "stopped", "failed", "killed") else said
    return "failed" if said == "new" and process.returncode > 0 else said


def problem_of(run: Run) -> str:
    """Why a run failed, in a sentence: what its record says, else the last that its process said."""
    if message := Run(run.folder).record.get("message"):
        return str(message)
    try:
        with files.opened(run.folder / OUTPUT) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LAST_BYTES))
            lines = file.read(LAST_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return ""
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return said.removeprefix("error: ")


def in_progress() -> list[str]:
    """The names of the runs that some process trains, or begins to train."""
    return [run.name for run in readable_runs() if state_of(run) in ("starting", "running")]


def readable_runs() -> list[Run]:
    """All runs whose record can be read, the newest first."""
    found = []
    for name in list_runs():
        with suppress(DenseScopeError):  # damaged, or removed meanwhile
            found.append(Run(runs_folder() / name))
    return found
