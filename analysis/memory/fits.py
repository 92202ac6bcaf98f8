"""What a network holds in each mode, as a line over the batch: what stays the same, and what each image adds."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.memory.inference import InferenceMemory
from analysis.memory.storages import largest_batch
from analysis.memory.training import TrainingMemory
from archs import checks


@dataclass(frozen=True)
class Footprint:
    """One mode, at the batch that it was counted at and at any other."""

    mode: str
    fixed_bytes: int
    #: What a batch of `batch_size` adds.
    batch_bytes: int
    batch_size: int

    def total_bytes(self, batch_size: int) -> int:
        """Everything that is held at some batch."""
        return self.fixed_bytes + self.batch_bytes * checks.batch_size(batch_size) // self.batch_size

    def largest_batch(self, budget_bytes: float) -> int:
        """The largest batch whose total fits. Raises: ConfigError: the budget is not a positive number."""
        return largest_batch(budget_bytes, self.fixed_bytes, self.batch_bytes, self.batch_size)


def footprints(
    inference: InferenceMemory,
    training: TrainingMemory | None = None,
    recomputed: TrainingMemory | None = None,
    optimizer: str = "sgd",
) -> list[Footprint]:
    """A footprint a mode: "inference", "training" and "training, recomputed", as far as they are given."""
    found = [_footprint("inference", inference.fixed_bytes, inference.total_bytes, inference.summary.batch_size)]
    for mode, memory in (("training", training), ("training, recomputed", recomputed)):
        if memory is not None:
            fixed, total = memory.fixed_bytes(optimizer), memory.total_bytes(optimizer)
            found.append(_footprint(mode, fixed, total, memory.summary.batch_size))
    return found


def _footprint(mode: str, fixed_bytes: int, total_bytes: int, batch_size: int) -> Footprint:
    return Footprint(mode, fixed_bytes, total_bytes - fixed_bytes, batch_size)
