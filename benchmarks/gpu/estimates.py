"""How long may a case take? Guesses made before any has run; the schedule corrects them by what cases took."""

from __future__ import annotations

from functools import cache
from typing import Any

import analysis
from analysis.hardware.predict.predict import Prediction, predict

#: A middling GPU: what the real one does better or worse shows after one case.
DEVICE = "RTX 3090"
#: Seconds: to build a network and move it; to try the algorithms of a layer; to compile a kernel.
BUILD, TRIED, COMPILED = 1.0, 0.02, 0.12
#: A step of training, against inference.
STEP = 3.5
ENERGY = 3.0


@cache
def _predicted(name: str, batch_size: int, execution: str) -> Prediction:
    return predict(name, DEVICE, batch_size, execution=execution)


def _run(name: str, batch_size: int, execution: str = "eager", runs: int = 15) -> float:
    found = _predicted(name, batch_size, execution)
    kernels = sum(layer.seconds > 0 for layer in found.layers)
    each = COMPILED if execution == "compiled" else TRIED
    return BUILD + each * kernels + runs * found.seconds


def timing(name: str, batch_size: int, execution: str, layout: str) -> float:
    return _run(name, batch_size, execution)


def energy(name: str, batch_size: int, execution: str, layout: str) -> float:
    return ENERGY + timing(name, batch_size, execution, layout)


def memory(name: str, batch_size: int, mode: str, recomputed: bool) -> float:
    return _run(name, batch_size, runs=30)


def step(name: str, batch_size: int, optimizer: str) -> float:
    return STEP * _run(name, batch_size)


def layers(name: str, batch_size: int) -> float:
    return _run(name, batch_size)


def optimised(name: str, batch_size: int) -> float:
    """Most of it passes on the CPU, which traces, rewrites and verifies."""
    return 8 + 3 * _run(name, batch_size) + analysis.summarize(name).flops / 5e9


def tests(**_case: Any) -> float:
    return 45.0
