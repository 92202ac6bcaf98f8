"""Training as a network does it, plain and, where it can, with recomputation."""

from __future__ import annotations

from dataclasses import replace

from analysis.memory.training import TrainingMemory, training_memory
from analysis.summary import Summary


def training_designs(summary: Summary) -> dict[str, TrainingMemory]:
    """The memory of training by design: "plain", and "recomputed" for configs that know `memory_efficient`.

    >>> from analysis import summarize
    >>> designs = training_designs(summarize("densenet121", batch_size=8))
    >>> {design: found.saved_bytes for design, found in designs.items()}
    {'plain': 1043225344, 'recomputed': 297961216}

    A module has one design, its own.

    Raises: as `analysis.memory`.
    """
    target = summary.target
    if target.module is not None or not hasattr(target.config, "memory_efficient"):
        recomputes = getattr(target.config, "memory_efficient", False)
        return {"recomputed" if recomputes else "plain": training_memory(summary)}
    return {
        design: training_memory(
            replace(summary, target=replace(target, config=replace(target.config, memory_efficient=recomputes)))
        )
        for design, recomputes in (("plain", False), ("recomputed", True))
    }
