"""torch.utils.flop_counter.FlopCounterMode: sees every operation of the dispatcher, counts matrix products alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from analysis.crosscheck.counter import MACS, Counter, Parts, Reading, Use


def run(module: nn.Module, image: Tensor) -> Reading:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module.requires_grad_(False)(image)  # gradients that somebody may ask for make it watch for their functions
    return Reading(counter.get_total_flops())


def count(use: Use) -> Parts:
    """Two FLOPs for each multiply-accumulate of convolutions and matrix products; all else is free."""
    return {MACS: 2 * use.macs}


COUNTER = Counter(
    name="FlopCounterMode",
    package="torch",
    reported_as="FLOPs",
    unit="FLOPs",
    quote_when=(
        "Quote it wherever FLOPs are meant: FLOP/s, roofline, utilisation. It counts a multiply-accumulate as two, "
        "convolutions and matrix products only, however they are called, for the whole batch and for the backward pass "
        "too. It ships with PyTorch and agrees with DenseScope to the last operation. Half of it is the MACs of papers."
    ),
    run=run,
    count=count,
)
