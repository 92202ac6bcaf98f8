"""Where a killed run goes on: `last.pt`, and `previous.pt` should that be damaged."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from archs import files
from archs.errors import first_line
from training.errors import TrainingError
from training.runs import difference
from training.runs.log import Row

SCHEMA = 1
#: More than any network, its optimizer and its averages take.
MAX_BYTES = 32 * 1024**3
LAST, PREVIOUS = "last.pt", "previous.pt"


class Stateful(Protocol):
    """What can be saved: a network, an optimizer, a position."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> object: ...


class Checkpoints:
    """The checkpoints of a run, in its folder. `identity` tells whose they are."""

    def __init__(self, folder: Path, identity: Row) -> None:
        self.folder, self.identity = folder, identity
        #: Whether the last was found damaged, and the one before was loaded.
        self.went_back = False

    def save(self, parts: Mapping[str, Stateful]) -> None:
        """Write the state of everything. Raises: TrainingError: it cannot be written; those that there are stay."""
        states = {name: part.state_dict() for name, part in parts.items()}
        content = io.BytesIO()
        torch.save({"schema": SCHEMA, "identity": self.identity, **states}, content)
        try:
            files.write(self.folder / LAST, content.getbuffer(), keep=self.folder / PREVIOUS)
        except OSError as error:
            raise TrainingError(
                f"No checkpoint can be written to {str(self.folder)!r} ({error.strerror or error}); "
                "the one before is whole: make room and resume the run."
            ) from None

    def load(self) -> dict[str, Any] | None:
        """The states that were saved last, else those before; None if none ever were.

        Raises: TrainingError: there are only damaged ones, or ones of something else.
        """
        paths = [path for name in (LAST, PREVIOUS) if (path := self.folder / name).exists()]
        for path in paths:
            try:
                content = files.read(path, MAX_BYTES)
            except OSError as error:
                raise TrainingError(f"The checkpoint {str(path)!r} cannot be read: {first_line(error)}.") from None
            try:
                found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            except (RuntimeError, OSError, EOFError, pickle.UnpicklingError, ValueError, KeyError):
                continue
            self._check(found, path)
            self.went_back = path.name == PREVIOUS
            return found
        if paths:
            raise TrainingError(
                f"No checkpoint in {str(self.folder)!r} can be read, for they are damaged: "
                f"delete {' and '.join(path.name for path in paths)} to train the run from its beginning."
            )
        return None

    def remove(self) -> None:
        """Delete them: the run has finished."""
        for name in (LAST, PREVIOUS):
            (self.folder / name).unlink(missing_ok=True)

    def _check(self, found: Any, path: Path) -> None:
        if not (isinstance(found, dict) and {"schema", "identity"} <= found.keys()):
            raise TrainingError(f"{str(path)!r} is no checkpoint of DenseScope: delete it to train from the beginning.")
        if found["schema"] > SCHEMA:
            raise TrainingError(f"The checkpoint {str(path)!r} was written by a newer DenseScope: resume it with that.")
        if different := difference(self.identity, found["identity"]):
            raise TrainingError(
                f"The checkpoint {str(path)!r} is of another training ({different}): "
                "move it to its own run, or delete it to train from the beginning."
            )
