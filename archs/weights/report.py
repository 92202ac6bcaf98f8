"""What came of loading weights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadReport:
    """Which tensors of a network were loaded from where, and which were not, and why."""

    #: The file or hub name, as it was given.
    source: str
    #: Title of the layout that the file's keys have.
    layout: str
    #: Keys of the network that now hold the file's values.
    loaded: tuple[str, ...]
    #: Keys of the network that keep their initialisation.
    left_out: tuple[str, ...]
    #: Keys of the file that belong to something around the network, such as a detector.
    ignored: tuple[str, ...]
    #: Why tensors were left out or ignored, one clause each.
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        clauses = (f"{len(self.loaded)} tensors loaded from {self.source} ({self.layout})", *self.reasons)
        return "; ".join(clauses) + "."
