"""What it takes to count a network twice, and once, beside five public counters, at batch 1 and batch 32.

No claim of speed: the trace alone is about as fast as the fastest counters, the second count takes longer. Run
`python -m benchmarks.crosscheck`; all contenders take turns in one process, each with a module of its own that is
already built, and the medians are compared. What modules from elsewhere are counted by is the trace and, as a second
witness, PyTorch's dispatcher; "one count" leaves that out (`verify=False`). The counters run on the CPU, as their
manuals say, and on the meta device, where nothing is computed, which fvcore can only through `analysis.crosscheck`.
At batch 32 the CPU takes seconds and is left out, but for ptflops, which counts one image whatever the batch. Ratios
travel between machines, seconds do not.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

import torch
from torch import nn

import analysis
from analysis.crosscheck.reconcile import COUNTERS
from analysis.targets import build
from archs import create_model
from benchmarks.timing import describe_machine, median_seconds

NAMES = ("timm/resnet50", "densenet121", "timm/efficientnet_b0")
OURS = "DenseScope"
TURNS = 5


def make(name: str, device: str) -> nn.Module:
    """A module in inference mode; what its weights are does not matter."""
    module = build(name)[0] if "/" in name else create_model(name, device="meta")
    return module.to_empty(device=device).eval()


def run_ptflops(module: nn.Module, image: torch.Tensor) -> None:
    from ptflops import get_model_complexity_info

    get_model_complexity_info(module, tuple(image.shape[1:]), print_per_layer_stat=False, as_strings=False)


def run_fvcore(module: nn.Module, image: torch.Tensor) -> None:
    from fvcore.nn import FlopCountAnalysis

    FlopCountAnalysis(module, image).unsupported_ops_warnings(False).uncalled_modules_warnings(False).total()


def runner(counter: str, device: str) -> Callable[[nn.Module, torch.Tensor], object]:
    """The counter as its manual calls it, or, where it cannot be called so, as the cross-check does."""
    if counter == "ptflops":
        return run_ptflops
    if (counter, device) == ("fvcore", "cpu"):
        return run_fvcore
    return import_module(f"analysis.crosscheck.{counter}").COUNTER.run


def time_all(name: str, batch_size: int) -> dict[str, float]:
    """Seconds of each contender."""
    contenders: dict[str, Callable[[], object]] = {
        OURS: partial(analysis.summarize, make(name, "meta"), batch_size=batch_size),
        f"{OURS}, one count": partial(analysis.summarize, make(name, "meta"), batch_size=batch_size, verify=False),
    }
    for counter in COUNTERS:
        for device in ("meta", "cpu") if batch_size == 1 or counter == "ptflops" else ("meta",):
            image = torch.zeros(batch_size, 3, 224, 224, device=device)
            contenders[f"{counter}, {device}"] = partial(runner(counter, device), make(name, device), image)
    return median_seconds(contenders, TURNS)


def show(title: str, seconds: Mapping[str, float]) -> None:
    print(f"\n{title}")
    for contender, value in seconds.items():
        ratio = value / seconds[OURS]
        print(f"  {contender:<24}{1000 * value:>10.1f} ms   ×{ratio:.1f}{', faster than ours' if ratio < 1 else ''}")


def main() -> None:
    print(describe_machine("torch", "torchinfo", "thop", "fvcore", "ptflops", "timm"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in NAMES:
            for batch_size in (1, 32):
                show(f"{name}, batch {batch_size}: time, and how many times ours", time_all(name, batch_size))


if __name__ == "__main__":
    main()
