"""Checks that only a GPU can do: predicted speed against measured, counted memory against what is handed out.

Run `python -m benchmarks.gpu --minutes 8 --output FOLDER` on a machine with CUDA and PyTorch; nothing else is needed
beside requirements-light.txt (docs/gpu.md). Cases run in order of value and stop in time. Each result is on the disk
as soon as it is there; the same command goes on where a run ended. `--report` writes the report anew, from the file
alone.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from archs.errors import DenseScopeError
from benchmarks.gpu.checks import CHECKS, Case, Check
from benchmarks.gpu.record import FILE_NAME, Record
from benchmarks.gpu.report import described, write_report
from benchmarks.gpu.schedule import TOO_LATE, Schedule, Turn, without
from benchmarks.gpu.worker import Answer, Worker

REPORT_NAME = "report.md"
#: Seconds kept for the report.
RESERVE = 10.0
#: A case is stopped when it takes so many times what was expected, and so many seconds more.
PATIENCE, GRACE = 3.0, 30.0


def main(arguments: Sequence[str] | None = None, worker: Worker | None = None, checks: Sequence[Check] = CHECKS) -> int:
    """The command line; stand-ins give another worker or other checks."""
    began = perf_counter()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description="Checks that only a GPU can do.")
    parser.add_argument("--minutes", type=float, default=8.0, help="how long it may take in all (8)")
    parser.add_argument("--output", type=Path, default=Path("artifacts/gpu"), metavar="FOLDER", help="artifacts/gpu")
    parser.add_argument("--report", action="store_true", help="only write the report of what is there")
    asked = parser.parse_args(arguments)
    worker = worker or Worker()
    try:
        record = Record.read(asked.output / FILE_NAME)
        if not asked.report:
            record.begin(worker.start())
            print(f"{record.machine['device_name']}, {record.machine['software']}", flush=True)
            run(record, worker, checks, began + 60 * asked.minutes - RESERVE)
        elif not record.machine:
            raise DenseScopeError(f"There is no {FILE_NAME} in {str(asked.output)!r}.")
    except DenseScopeError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        worker.stop()
    path = asked.output / REPORT_NAME
    write_report(record, path)
    print(f"{path} and {asked.output / FILE_NAME}")
    return 0


def run(record: Record, worker: Worker, checks: Iterable[Check], until: float) -> None:
    """One case after another until that time; Ctrl-C and SIGTERM end it too, with what there is."""
    able = [check for check in checks if not check.needs or find_spec(check.needs)]
    known = [(case["check"], case["case"]) for case in record.cases]
    schedule = Schedule(without(able, known))
    reasons = [
        (check, case, f"{check.needs} is not installed")
        for check in checks
        if check not in able
        for case in check.cases
    ]
    turn = None
    try:
        while turn := schedule.next(until - perf_counter()):
            answer, seconds = take(turn, worker, until - perf_counter())
            schedule.took(turn, seconds, typical=answer.outcome == "measured")
            keep(record, turn.check, turn.case, answer, seconds)
    except (KeyboardInterrupt, SystemExit):
        in_hand = [(turn.check, turn.case)] if turn and not is_kept(record, turn) else []
        reasons += [(check, case, "the run was ended before") for check, case in (*in_hand, *schedule.waiting())]
    finally:
        for check, case, reason in (*reasons, *schedule.left_out):
            record.cases.append(entry(check, case, Answer("not reached", reason=reason), 0.0))
        record.write()


def take(turn: Turn, worker: Worker, left: float) -> tuple[Answer, float]:
    """The answer to a case, and the seconds that it took."""
    began, patience = perf_counter(), PATIENCE * turn.seconds + GRACE
    answer = worker.do(turn.check.key, turn.case, min(left, patience))
    if answer.outcome == "stopped" and left < patience:
        answer = Answer("not reached", reason=TOO_LATE)
    return answer, perf_counter() - began


def is_kept(record: Record, turn: Turn) -> bool:
    """Whether the file has what came of it."""
    return any((kept["check"], kept["case"]) == (turn.check.key, turn.case) for kept in record.cases)


def keep(record: Record, check: Check, case: Case, answer: Answer, seconds: float) -> None:
    record.add(entry(check, case, answer, seconds), answer.found.measurements)
    print(f"{seconds:7.1f} s  {check.title}: {described(check, case)}: {answer.reason or answer.outcome}", flush=True)


def entry(check: Check, case: Case, answer: Answer, seconds: float) -> dict[str, object]:
    """What the file keeps of a case."""
    return {
        "check": check.key,
        "case": case,
        "outcome": answer.outcome,
        "reason": answer.reason,
        "wall_seconds": round(seconds, 3),
        "rows": answer.found.rows,
        "measurements": [],
    }


def take_sigterm_for_an_end() -> None:
    """So that the report is still written."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


if __name__ == "__main__":
    take_sigterm_for_an_end()
    sys.exit(main())
