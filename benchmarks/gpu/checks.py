"""Which checks can only a GPU do, on which networks, and which come first? One record a check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from archs import get_config, list_archs
from archs.registry import recomputes
from benchmarks.gpu import estimates, measured
from benchmarks.gpu.measured import Found

#: What a check is asked for, once: plain values, by the names that its function gives them.
Case = dict[str, Any]

#: One of each family that tells most, then those that papers and timm's tables speak of.
FIRST = (
    "densenet121",
    "vovnet39",
    "peleenet",
    "ese_vovnet19b_dw",
    "hardnet68",
    "cspresnet50",
    "hgnetv2_b4",
    "rdnet_tiny",
    "dpn68",
    "condensenetv2_a",
    "yolov7_tiny",
    "densenet201",
    "ese_vovnet39b",
)


def every_network() -> list[str]:
    """All registered networks: `FIRST`, then the rest of each family in turns, so that any beginning is a spread."""
    families: dict[str, list[str]] = {}
    for name in list_archs():
        if name not in FIRST:
            families.setdefault(get_config(name).family, []).append(name)
    turns = chain.from_iterable(zip_longest(*families.values()))
    return [*FIRST, *(name for name in turns if name)]


def timings(batch_size: int, execution: str, layout: str = "nchw") -> tuple[Case, ...]:
    """Every network, one way."""
    return tuple(
        {"name": name, "batch_size": batch_size, "execution": execution, "layout": layout} for name in every_network()
    )


#: Networks whose memory is read: those that can recompute, then one of other families each.
MEMORY = ("densenet121", "vovnet39", "peleenet", "densenet201", "ese_vovnet39b")
MEMORY_PLAIN = ("hardnet68", "cspresnet50", "hgnetv2_b4", "rdnet_tiny", "dpn68")
MEMORY_BATCH = 16


def memory_cases() -> tuple[Case, ...]:
    """Inference and training of each network, plain and, where it can, recomputed."""
    return tuple(
        {"name": name, "batch_size": MEMORY_BATCH, "mode": mode, "recomputed": recomputed}
        for name in chain.from_iterable(zip(MEMORY, MEMORY_PLAIN, strict=True))
        for mode in ("inference", "training", "step")
        for recomputed in (False, True)
        if not recomputed or (mode != "inference" and recomputes(get_config(name)))
    )


def of_first(count: int, **asked: Any) -> tuple[Case, ...]:
    """The first networks, each asked the same."""
    return tuple({"name": name, **asked} for name in FIRST[:count])


@dataclass(frozen=True, eq=False)
class Check:
    """One question to a GPU."""

    key: str
    title: str
    #: Of the minutes, in proportion to the others, as long as others wait too.
    share: float
    #: The most instructive first.
    cases: tuple[Case, ...]
    #: Answers one case, in the process that has the GPU.
    run: Callable[..., Found]
    #: Seconds that a case may take, before any has run.
    guess: Callable[..., float]
    #: A package that it takes beside PyTorch and requirements-light.txt.
    needs: str = ""


#: In order of value.
CHECKS = (
    Check("eager-256", "Eager, batch 256", 4, timings(256, "eager"), measured.time_network, estimates.timing),
    Check("compiled-256", "Compiled, batch 256", 4, timings(256, "compiled"), measured.time_network, estimates.timing),
    Check("eager-1", "Eager, batch 1", 1.5, timings(1, "eager"), measured.time_network, estimates.timing),
    Check("memory", "Memory, float32", 1.5, memory_cases(), measured.read_memory, estimates.memory),
    Check(
        "training",
        "Training steps",
        1.5,
        of_first(len(FIRST), batch_size=64, optimizer="sgd"),
        measured.time_step,
        estimates.step,
    ),
    Check("layers", "Layer by layer", 1, of_first(3, batch_size=256), measured.time_layers, estimates.layers),
    Check("tests", "CUDA tests", 1, ({},), measured.run_tests, estimates.tests, needs="pytest"),
    Check(
        "optimised",
        "Optimised for inference, float16",
        1,
        of_first(6, batch_size=64),
        measured.time_optimised,
        estimates.optimised,
    ),
    Check(
        "energy",
        "Energy",
        1,
        tuple(
            {"name": name, "batch_size": 256, "execution": execution, "layout": "nchw"}
            for name in FIRST[:4]
            for execution in ("eager", "compiled")
        ),
        measured.measure_energy,
        estimates.energy,
        needs="pynvml",
    ),
    Check("compiled-1", "Compiled, batch 1", 1, timings(1, "compiled"), measured.time_network, estimates.timing),
    Check(
        "channels-last",
        "Eager, channels last, batch 256",
        1,
        timings(256, "eager", "nhwc"),
        measured.time_network,
        estimates.timing,
    ),
)
