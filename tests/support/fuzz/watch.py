"""Who watches: a process works inputs off, another sees how long each takes and how much memory it grows by."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from traceback import extract_tb
from typing import IO, Any

from tests.support.project import ROOT

HERE = Path(__file__).parent
#: After so much work an input hangs, and after six times as long without: others may have the machine.
HANG_SECONDS = 10.0
#: By so much no input may let memory grow, not even for a moment.
GROWTH_BYTES = 500 * 10**6
#: No sentence is longer.
SENTENCE = 4100
#: Of address space: what asks for more gets an error instead of the machine.
MOST_BYTES = 24 * 2**30
START_SECONDS = 120.0


@dataclass
class Found:
    """What came of some inputs."""

    seed: int
    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    #: Kind, number and what happened, of everything that must not.
    faults: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """The sum of it."""
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in self.outcomes.most_common())
        return f"{self.inputs:,} inputs of seed {self.seed}: {counts or 'nothing'}; {len(self.faults):,} faults."


def fuzz(seed: int, seconds: float, most: int = 10**9, first: int = 0, echo: bool = False) -> Found:
    """Work inputs off for so long, or so many; after a hang or a crash the next process goes on behind it."""
    found, end, number = Found(seed), monotonic() + seconds, first
    while monotonic() < end and number < first + most:
        number = _one_process(found, seed, number, first + most, end, echo)
    return found


def _one_process(found: Found, seed: int, number: int, last: int, end: float, echo: bool) -> int:
    """What the next process has to begin with."""
    command = [sys.executable, "-m", "tests.support.fuzz.watch", str(seed), str(number), str(last)]
    data = tempfile.mkdtemp(prefix="fuzz-data-")  # not what the user keeps
    worker = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DENSESCOPE_DATA": data},
    )
    lines: Queue[bytes | None] = Queue()
    Thread(target=_read, args=(worker.stdout, lines), daemon=True).start()
    patience, name, since, spent = START_SECONDS, "start", monotonic(), 0.0
    try:
        while True:
            try:
                line = lines.get(timeout=1)
            except Empty:
                waited, worked = monotonic() - since, _processor_seconds(worker.pid) - spent
                if worked > patience or waited > 6 * patience:
                    return _fault(found, number, name, f"hangs: {worked:.0f} s of work in {waited:.0f} s", echo)
                continue
            if line is None:
                if worker.wait() or name:
                    return _fault(found, number, name, f"ends the process with status {worker.returncode}", echo)
                return number
            said: dict[str, Any] = json.loads(line)
            number = said["number"]
            if "name" in said:
                patience, name = HANG_SECONDS, said["name"]
                since, spent = monotonic(), _processor_seconds(worker.pid)
                continue
            found.inputs += 1
            found.outcomes[said["outcome"]] += 1
            if echo and found.inputs % 1000 == 0:
                print(found.sentence(), flush=True)
            for fault in said["faults"]:
                _fault(found, number, name, fault, echo)
            number, name = number + 1, ""
            since, spent = monotonic(), _processor_seconds(worker.pid)
            if monotonic() > end:
                return number
    finally:
        worker.kill()
        worker.wait()
        shutil.rmtree(data, ignore_errors=True)


def _read(stream: IO[bytes] | None, lines: Queue[bytes | None]) -> None:
    for line in stream or ():
        lines.put(line)
    lines.put(None)


def _fault(found: Found, number: int, name: str, what: str, echo: bool) -> int:
    found.faults.append(f"{number} ({name}): {what}")
    if echo:
        print(found.faults[-1], flush=True)
    return number + 1


def _processor_seconds(process: int) -> float:
    """What a process has taken of the processor."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return 0.0


def _memory(key: str) -> int:
    """Bytes of this process, VmRSS now or VmHWM at most so far; 0 where the system does not say."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(key)), 0)


def work(seed: int, first: int, last: int) -> None:
    """Do inputs one after another, and say of each what came of it."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    from analysis.targets import LIBRARIES, list_library
    from tests.support.app import open_app
    from tests.support.fuzz.calls import draw, functions

    for library in LIBRARIES:  # else the first input that names one would take as long as it takes to load
        list_library(library)
    functions()
    open_app()
    warnings.simplefilter("ignore")
    out = sys.stdout
    sys.stdout = sys.stderr
    for number in range(first, last):
        folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        try:
            name, deed = draw(seed, number, folder)
            print(json.dumps({"number": number, "name": name[:200]}), file=out, flush=True)
            before, most = _memory("VmRSS"), _memory("VmHWM")
            outcome, faults = judge(deed)
            growth = _memory("VmHWM") - before if _memory("VmHWM") > most else 0
            if growth > GROWTH_BYTES:
                faults.append(f"grows by {growth / 1e6:,.0f} MB")
            print(json.dumps({"number": number, "outcome": outcome, "faults": faults}), file=out, flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def judge(deed: Any) -> tuple[str, list[str]]:
    """What came of one input: "taken", "refused" or "foreign", and what must not be."""
    from archs.errors import DenseScopeError

    try:
        deed()
    except DenseScopeError as error:
        said = str(error)
        fine = 0 < len(said) <= SENTENCE and "\n" not in said and said.endswith((".", "…"))
        return "refused", [] if fine else [f"no sentence: {said[:200]!r}"]
    except Exception as error:
        frames = [(Path(frame.filename), frame.lineno) for frame in extract_tb(error.__traceback__)]
        ours = [f"{path.name}:{line}" for path, line in frames if path.is_relative_to(ROOT) and path.parent != HERE]
        return "foreign", [f"{type(error).__name__} at {' '.join(ours[-1:])}: {_said(error)}"]
    return "taken", []


def _said(error: Exception) -> str:
    try:
        return str(error)[:300]
    except Exception:
        return "(cannot be said)"


if __name__ == "__main__":
    work(*map(int, sys.argv[1:4]))
