"""Claim: DenseScope's memory-efficient DenseNet-121 keeps 70 % less than the plain one, and beats torchvision's.

Run `python -m benchmarks.memory [BATCH [SIZE [TURNS [NETWORK]]]]`; all schemes take turns in one process, each training
on the same images, and medians are compared. Saved is what autograd keeps for the backward pass: distinct storages,
parameters and buffers excluded.
"""

from __future__ import annotations

import sys

from analysis.hardware.measure.training import measure_schemes
from benchmarks.timing import describe_machine

NAME = "densenet121"


def main() -> None:
    *numbers, name = sys.argv[1:] + ["8", "224", "5", NAME][len(sys.argv) - 1 :]
    batch_size, size, turns = map(int, numbers)
    print(describe_machine("torch", "torchvision"))
    print(f"{name}, batch {batch_size}, {size}×{size}, median of {turns} turns")
    run = measure_schemes(name, batch_size, size, turns)
    for scheme in run.schemes:
        print(
            f"  {scheme.name:<22}{scheme.saved_bytes / 1e6:>9.1f} MB saved {run.saving(scheme):>7.1%} less"
            f"{scheme.seconds:>9.2f} s a step {run.slowdown(scheme):>+7.1%}"
        )


if __name__ == "__main__":
    main()
