"""What optimising did to a network, and what it left as it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """Which batch norms were folded and which were not, and why; the names are those of the modules."""

    name: str
    #: Folded batch norms, each with the convolution that took it in.
    folded: dict[str, str]
    #: The others, each with the reason.
    kept: dict[str, str]
    #: Those of the others that run as one multiply-add a channel.
    multiply_adds: list[str]
    #: Dense blocks whose layers write into one buffer instead of concatenating.
    preallocated: list[str]
    channels_last: bool
    compiled: bool

    def __str__(self) -> str:
        """A line for what was done and one for each reason against doing more."""
        total = len(self.folded) + len(self.kept)
        lines = [f"{self.name}: {len(self.folded)} of {total} batch norms folded into convolutions."]
        if not total:
            lines = [f"{self.name} has no batch norm: nothing to fold."]
        lines += [f"{count} kept: {reason}." for reason, count in Counter(self.kept.values()).most_common()]
        if self.multiply_adds:
            lines.append(f"{len(self.multiply_adds)} of those kept run as one multiply-add a channel.")
        if self.preallocated:
            lines.append(f"{len(self.preallocated)} dense blocks write into one buffer each, without concatenations.")
        if self.channels_last:
            lines.append("Weights lie channels last.")
        if self.compiled:
            lines.append("Compiled with torch.compile.")
        return "\n".join(lines)
