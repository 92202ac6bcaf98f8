"""The user's own measurements: one JSON file in the user's data folder, or in the folder that DENSESCOPE_DATA names.

Two processes may use it at once: a lock keeps writers apart, and a new file takes the old one's place in one step, so
that readers, and whoever comes after a crash, find either the old file or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from analysis.hardware.measure.record import Measurement
from archs import files
from archs.errors import ConfigError, DenseScopeError, abbreviate, nearest_names, require
from archs.kept import users_folder

#: Of the file, not of the program: it grows when older programs cannot read the file any more; and those that are read.
SCHEMA = 2
READ = (1, 2)
FILE_NAME = "results.json"
#: Some hundred thousand measurements.
MAX_BYTES = 512 * 1024 * 1024
#: How long to wait for another process that is writing.
LOCK_SECONDS = 30.0


#: The path of a file, and what changes with its content.
Version = tuple[str, tuple[int, ...]]
#: The files that were read last: thousands of measurements take a second.
_READ: dict[Version, tuple[Measurement, ...]] = {}
MOST_READ = 4


class ResultsError(DenseScopeError):
    """Results cannot be found, read or written."""


class CorruptResultsError(ResultsError):
    """A file does not hold results, or some of its measurements are none; `sound` are the others."""

    def __init__(self, message: str, sound: Sequence[Measurement] = ()) -> None:
        super().__init__(message)
        self.sound = sound


class Results:
    """The measurements in one folder; without a folder, the user's."""

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or users_folder()) / FILE_NAME

    def all(self) -> list[Measurement]:
        """Every measurement, in the order in which they came.

        Raises:
            CorruptResultsError: the file, or a measurement in it, cannot be understood; the file has been set aside
                under another name, and the measurements that are sound are kept.
            ResultsError: it cannot be read, or was written by a newer DenseScope.
        """
        try:
            return self._read()
        except CorruptResultsError:
            with self._locked():  # another process may have set it aside by now
                return self._read_or_set_aside()

    def add(self, measurements: Iterable[Measurement]) -> int:
        """Keep measurements; how many of them are new. Raises: as `all`."""
        with self._locked():
            kept = self._read_or_set_aside()
            known = {measurement.id for measurement in kept}
            new = {measurement.id: measurement for measurement in measurements if measurement.id not in known}
            if new:
                _replace(self.path, encode([*kept, *new.values()]))
        return len(new)

    def keep(self, measurement: Measurement) -> str:
        """Keep what was just measured; "", or a sentence that says why it is not kept."""
        try:
            self.add([measurement])
        except ResultsError as error:
            return f"What was measured is not kept. {error}"
        return ""

    def delete(self, ids: Iterable[str]) -> None:
        """Forget measurements. Raises: ResultsError: one of them is not there, and all are kept; else as `all`."""
        gone = set(ids)
        with self._locked():
            kept = self._read_or_set_aside()
            known = [measurement.id for measurement in kept]
            for unknown in sorted(gone.difference(known)):
                nearest = f"the nearest ids are {nearest_names(unknown, known)}" if known else "there are none yet"
                raise ResultsError(f"There is no measurement {abbreviate(unknown)}; {nearest}.")
            _replace(self.path, encode([measurement for measurement in kept if measurement.id not in gone]))

    def export(self, path: Path) -> int:
        """Write a copy for `import_from` on another machine; how many measurements it holds. Raises: as `all`."""
        measurements = self.all()
        _replace(path, encode(measurements))
        return len(measurements)

    def import_from(self, path: Path) -> int:
        """Add what another machine exported; how many measurements are new here.

        Raises:
            ResultsError: the file cannot be read, is no export, or is one of another schema; nothing is added.
        """
        try:
            content = files.read(path, MAX_BYTES)
        except OSError as error:
            raise ResultsError(f"Cannot read {str(path)!r}: {error.strerror}.") from None
        return self.add(decode(content, path))

    @property
    def version(self) -> Version:
        """What changes whenever the file does."""
        try:
            found = self.path.stat()
        except OSError:
            return str(self.path), ()
        return str(self.path), (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def _read(self) -> list[Measurement]:
        version = self.version
        if version in _READ:
            return list(_READ[version])
        try:
            found = decode(files.read(self.path, MAX_BYTES), self.path)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ResultsError(f"Cannot read {str(self.path)!r}: {error.strerror}.") from None
        while len(_READ) >= MOST_READ:
            _READ.pop(next(iter(_READ)), None)
        _READ[version] = tuple(found)
        return found

    def _read_or_set_aside(self) -> list[Measurement]:
        try:
            return self._read()
        except CorruptResultsError as error:
            aside = _unused_name(self.path)
            if error.sound:
                files.write(self.path, encode(error.sound).encode(), keep=aside)
                rest = f"all others are kept, {len(error.sound):,}"
            else:
                self.path.rename(aside)
                rest = "results start afresh"
            raise CorruptResultsError(f"{error} The file is now {aside.name!r}; {rest}.") from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The right to write, for one process and thread at a time."""
        filelock = require("filelock", "Keeping results")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(f"{self.path}.lock", timeout=LOCK_SECONDS):
                yield
        except filelock.Timeout:
            raise ResultsError(f"Another process has been writing to {str(self.path)!r} for too long.") from None
        except OSError as error:
            raise ResultsError(f"Cannot write to {str(self.path)!r}: {error.strerror}.") from None


def encode(measurements: Iterable[Measurement]) -> str:
    """Measurements as a file, one a line."""
    lines = ",\n".join(json.dumps(measurement.to_json()) for measurement in measurements)
    return f'{{"schema": {SCHEMA}, "measurements": [\n{lines}\n]}}\n'


def decode(content: bytes, path: Path) -> list[Measurement]:
    """The reverse of `encode`.

    Raises:
        CorruptResultsError: the content is no such file, or not all of it are measurements.
        ResultsError: it is one of another schema.
    """
    corrupt = CorruptResultsError(f"{str(path)!r} does not hold results of DenseScope, or is damaged.")
    try:
        file = json.loads(content)
        schema, records = file["schema"], file["measurements"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise corrupt from None
    if type(schema) is not int or (schema in READ and not isinstance(records, list)):
        raise corrupt
    if schema in READ:
        return _measurements(records, path)
    raise ResultsError(
        f"{str(path)!r} has schema {schema} of another DenseScope; this one reads schemas up to {SCHEMA}."
    )


def _measurements(records: list[Any], path: Path) -> list[Measurement]:
    """Raises: CorruptResultsError: some are none."""
    sound, problems = [], []
    for number, record in enumerate(records, start=1):
        try:
            sound.append(Measurement.from_json(record))
        except ConfigError as error:
            problems.append(f"in measurement {number}, {str(error).rstrip('.')}")
    if problems:
        more = f", and {len(problems) - 1:,} more are damaged" if len(problems) > 1 else ""
        raise CorruptResultsError(f"{str(path)!r} is damaged: {problems[0]}{more}.", sound)
    return sound


def _replace(path: Path, content: str) -> None:
    """Write a file that takes the place of the old one. Raises: ResultsError: it cannot be written."""
    try:
        files.write(path, content.encode())
    except OSError as error:
        raise ResultsError(f"Cannot write to {str(path)!r}: {error.strerror}.") from None


def _unused_name(path: Path) -> Path:
    """A name for a file that is set aside; nothing has it yet."""
    stem = f"{path.name}.corrupt-{datetime.now():%Y-%m-%d}"
    names = (path.with_name(stem if number == 1 else f"{stem}-{number}") for number in count(1))
    return next(name for name in names if not name.exists())
