"""What searches keep on disk, so that whatever ends a search, the next one goes on from there."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from itertools import count
from pathlib import Path
from time import time_ns

from archs import checks, files
from archs.config import NetworkConfig
from archs.errors import DenseScopeError, require

#: A part is one chunk of a search: far more than one takes.
MAX_PART_BYTES = 256 * 1024 * 1024
#: A part's name tells when it was written and the SHA-256 of all its bytes; those of older versions have no checksum.
CHECKED = re.compile(r"part-\d+-([0-9a-f]{32})\.parquet")
#: What the name of a part ends with that is set aside.
DAMAGED = ".damaged"


class StoreError(DenseScopeError):
    """A store cannot be read or written."""


def config_key(config: NetworkConfig) -> str:
    """A config as one line of JSON, the same wherever it is made."""
    return json.dumps({"family": config.family} | asdict(config), sort_keys=True, separators=(",", ":"))


class Store:
    """A folder of values by quantity and config.

    Raises: StoreError: the folder cannot be made. MissingPackageError: pyarrow is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        require("pyarrow.parquet", "Keeping what a search evaluates")
        self.folder = checks.path("store", folder)
        #: Parts that were found damaged, as they are called now.
        self.set_aside: list[str] = []
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"Cannot keep values in {str(folder)!r}: {error.strerror}.") from None

    def load(self, quantity: str) -> dict[str, float]:
        """The values of a quantity, by `config_key`.

        Parts that are damaged are set aside under another name and told in `set_aside`: what they held is missing.

        Raises: StoreError: a part cannot be read.
        """
        values: dict[str, float] = {}
        for part in sorted(self.folder.glob("part-*.parquet")):
            try:
                content = files.read(part, MAX_PART_BYTES)
            except FileNotFoundError:  # another search has set it aside
                continue
            except OSError as error:
                raise StoreError(f"{str(part)!r} cannot be read: {error.strerror}.") from None
            found = _decode(content, part.name)
            if found is None:
                self._set_aside(part)
            else:
                values |= {config: value for name, config, value in found if name == quantity}
        return values

    def append(self, quantity: str, keys: Sequence[str], values: Sequence[float]) -> None:
        """Add values as one part. Raises: StoreError: it cannot be written."""
        content = _encode(quantity, keys, values)
        try:
            files.write(self.folder / f"part-{time_ns()}-{_checksum(content)}.parquet", content)
        except OSError as error:
            raise StoreError(f"Cannot keep values in {str(self.folder)!r}: {error.strerror}.") from None

    def _set_aside(self, part: Path) -> None:
        names = (part.with_name(f"{part.name}{DAMAGED}{number or ''}") for number in count())
        aside = next(name for name in names if not name.exists())
        try:
            with suppress(FileNotFoundError):  # another search was quicker
                part.rename(aside)
        except OSError as error:
            raise StoreError(f"{str(part)!r} is damaged and cannot be set aside: {error.strerror}.") from None
        self.set_aside.append(aside.name)


def _encode(quantity: str, keys: Sequence[str], values: Sequence[float]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"quantity": [quantity] * len(keys), "config": list(keys), "value": pa.array(values, pa.float64())}
    content = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), content)
    written: bytes = content.getvalue().to_pybytes()
    return written


def _decode(content: bytes, name: str) -> list[tuple[str, str, float]] | None:
    """Quantity, config and value of each row of a part; None where it is damaged, or no part."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    checksum = CHECKED.fullmatch(name)
    if checksum and checksum[1] != _checksum(content):
        return None
    try:
        table = pq.read_table(pa.BufferReader(content))
        columns = [table[column].to_pylist() for column in ("quantity", "config", "value")]
        return [(str(name), str(config), float(value)) for name, config, value in zip(*columns, strict=True)]
    except (OSError, KeyError, ValueError, TypeError, pa.ArrowException):  # UnicodeDecodeError is a ValueError
        return None


def _checksum(content: bytes) -> str:
    return sha256(content).hexdigest()[:32]
