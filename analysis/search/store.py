"""Values that configs took, kept in a folder of Parquet files: whatever ends a search, the next one goes on from there.

A part is written beside the others and takes its name in one step, once it is on the disk: parts are whole or absent,
and several searches may write to one folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import time_ns
from uuid import uuid4

from archs.config import NetworkConfig
from archs.errors import DenseScopeError, MissingPackageError


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
        try:
            import pyarrow.parquet  # noqa: F401
        except ModuleNotFoundError:
            raise MissingPackageError("Keeping what a search evaluates", "pyarrow") from None
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"Cannot keep values in {str(folder)!r}: {error.strerror}.") from None

    def load(self, quantity: str) -> dict[str, float]:
        """The values of a quantity, by `config_key`. Raises: StoreError: a part cannot be read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        values: dict[str, float] = {}
        for part in sorted(self.folder.glob("part-*.parquet")):
            try:
                table = pq.read_table(part, columns=["config", "value"], filters=[("quantity", "=", quantity)])
            except (OSError, KeyError, pa.ArrowException) as error:
                reason = str(error).partition("\n")[0].rstrip(".")
                raise StoreError(f"{str(part)!r} is no part of a store, or is damaged: {reason}.") from None
            values.update(zip(table["config"].to_pylist(), table["value"].to_pylist(), strict=True))
        return values

    def append(self, quantity: str, keys: Sequence[str], values: Sequence[float]) -> None:
        """Add values as one part. Raises: StoreError: it cannot be written."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {"quantity": [quantity] * len(keys), "config": list(keys), "value": pa.array(values, pa.float64())}
        part = self.folder / f"part-{time_ns()}-{uuid4().hex[:8]}.parquet"
        unfinished = part.with_name(f".{part.name}.unfinished")
        try:
            with unfinished.open("wb") as file:
                pq.write_table(pa.table(columns), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, part)
        except OSError as error:
            raise StoreError(f"Cannot keep values in {str(self.folder)!r}: {error.strerror}.") from None
