"""The file of a run: measurements as the results store keeps them, and beside them every case with what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.hardware.measure.record import Measurement
from analysis.hardware.measure.results import SCHEMA, decode
from archs import files
from archs.errors import DenseScopeError

FILE_NAME = "results.json"
#: What says that two runs are of one machine.
SAME = ("device_name", "software", "memory_bytes", "host")


@dataclass
class Record:
    """All that is known so far. `python cli.py results --import` reads its measurements."""

    path: Path
    machine: dict[str, Any] = field(default_factory=dict)
    measurements: list[dict[str, Any]] = field(default_factory=list)
    #: One a case: check, case, outcome, reason, wall_seconds, rows, measurements (their ids).
    cases: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Record:
        """What a run has written; nothing where there is no file.

        Raises: DenseScopeError: it cannot be read, or is no such file.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return cls(path)
        except OSError as error:
            raise DenseScopeError(f"Cannot read {str(path)!r}: {error.strerror}.") from None
        decode(content, path)
        file = json.loads(content)
        if "cases" not in file:
            raise DenseScopeError(f"{str(path)!r} holds measurements, but none of benchmarks.gpu.")
        return cls(path, file["machine"], file["measurements"], file["cases"])

    def begin(self, machine: Mapping[str, Any]) -> None:
        """Raises: DenseScopeError: what is there comes from another machine."""
        if self.machine and any(self.machine.get(key) != machine.get(key) for key in SAME):
            raise DenseScopeError(
                f"{str(self.path)!r} is of another machine ({self.machine['device_name']}): name another folder with "
                "--output."
            )
        self.machine = dict(machine)
        self.cases = [case for case in self.cases if case["outcome"] in ("measured", "out of memory")]

    def add(self, case: Mapping[str, Any], measurements: list[dict[str, Any]]) -> None:
        """Keep what came of a case, on the disk too."""
        self.measurements += measurements
        self.cases.append({**case, "measurements": [one["id"] for one in measurements]})
        self.write()

    def write(self) -> None:
        """One line a measurement, one a case, in the place of the old file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lists = {"measurements": self.measurements, "cases": self.cases}
        parts = [f'"schema": {SCHEMA}', f'"machine": {json.dumps(self.machine)}']
        for key, rows in lists.items():
            lines = ",\n".join(map(json.dumps, rows))
            parts.append(f'"{key}": [\n{lines}\n]')
        files.write(self.path, ("{" + ",\n".join(parts) + "}\n").encode())

    def of(self, check: str, outcome: str = "measured") -> Iterator[dict[str, Any]]:
        """The cases of a check that ended that way."""
        return (case for case in self.cases if (case["check"], case["outcome"]) == (check, outcome))

    def timed(self, check: str) -> Iterator[tuple[dict[str, Any], Measurement]]:
        """The whole networks that a check has timed, each with its case."""
        by_id = {one["id"]: Measurement.from_json(one) for one in self.measurements}
        return ((case, by_id[key]) for case in self.of(check) for key in case["measurements"])
