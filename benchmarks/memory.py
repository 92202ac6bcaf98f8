"""Claim: DenseScope's memory-efficient DenseNet-121 keeps 70 % less than the plain one, and beats torchvision's.

Run `python -m benchmarks.memory [BATCH [SIZE [TURNS [NETWORK]]]]`; all designs take turns in one process, each training
on the same images, and medians are compared. Kept is what autograd saves for the backward pass: distinct storages,
parameters and buffers excluded.
"""

from __future__ import annotations

import sys

from analysis.hardware.measure.training_designs import measure_designs
from benchmarks.timing import describe_machine

NAME = "densenet121"


def main() -> None:
    *numbers, name = sys.argv[1:] + ["8", "224", "5", NAME][len(sys.argv) - 1 :]
    batch_size, size, turns = map(int, numbers)
    print(f"{describe_machine('torchvision')}\n{name}, batch {batch_size}, {size}×{size}, median of {turns} turns")
    run = measure_designs(name, batch_size, size, turns)
    for design in run.designs:
        print(
            f"  {design.name:<22}{design.kept_bytes / 1e6:>9.1f} MB kept {run.saving(design):>7.1%} less"
            f"{design.seconds:>9.2f} s a step {run.slowdown(design):>+7.1%}"
        )


if __name__ == "__main__":
    main()
