"""torchinfo: hooks leaf modules and multiplies their parameters with the output's shape, by the names of both."""

from __future__ import annotations

from collections import Counter as Tally
from math import prod

from torch import Tensor, nn

from analysis.crosscheck.counter import (
    MACS,
    Counter,
    Parts,
    Reading,
    Use,
    class_names,
    missed,
    words,
)


def run(module: nn.Module, image: Tensor) -> Reading:
    from torchinfo import summary
    from torchinfo.torchinfo import _cached_forward_pass as cache

    before = dict(cache)
    try:
        return Reading(summary(module, input_data=image, verbose=0).total_mult_adds)
    finally:  # it keeps every network that it has seen, by class name
        cache.clear()
        cache.update(before)


def count(use: Use) -> Parts:
    """Every scalar named weight or bias, once an image; at every position only where the class is called Conv…"""
    module, shape = use.module, use.call.output_shape
    if any(module.children()) or not use.ends_call:
        return {}
    parts: Tally[str] = Tally()
    for name, parameter in module.named_parameters():
        if name in ("weight", "bias"):
            positions = prod(shape[:1] + shape[2:]) if "Conv" in type(module).__name__ else shape[0]
        elif "weight" in name or "bias" in name:
            positions = prod(shape[:2])
        else:
            continue
        parts[_part(use, name)] += positions * parameter.numel()
    return parts


def _part(use: Use, name: str) -> str:
    if not use.macs:
        return words(use.layer.op)
    return MACS if "weight" in name else "bias"


def find_faults(uses: list[Use]) -> list[str]:
    faults = []
    if norms := [use for use in uses if use.layer.op == "batch_norm" and count(use)]:
        counted = sum(sum(count(use).values()) for use in norms)
        elements = sum(prod(use.layer.output_shape) for use in norms)
        faults.append(f"It counts batch norm per channel and not per pixel: {counted:,} for {elements:,} elements.")
    if hidden := [use.module for use in uses if any(True for _ in use.module.children()) and _owns_weights(use.module)]:
        faults.append(f"It overlooks the weights of modules that hold other modules: {class_names(hidden)}.")
    if short := [use.module for use in uses if use.macs > count(use).get(MACS, 0) > 0]:
        faults.append(f"It counts {class_names(short)} once an image and not at every position.")
    return faults + missed(uses, count, " outside of leaf modules")


def _owns_weights(module: nn.Module) -> bool:
    return any(name in ("weight", "bias") for name, _ in module.named_parameters(recurse=False))


COUNTER = Counter(
    name="torchinfo",
    package="torchinfo",
    reported_as="Total mult-adds",
    unit="MACs",
    quote_when=(
        "Quote it for plain convolutional networks made of torch.nn modules, beside its table of layers: it differs "
        "from the MACs of papers only by biases and by two scalars per channel of every batch norm. Never quote it for "
        "networks with linear layers on maps or sequences (ConvNeXt, transformers): it counts those once an image."
    ),
    run=run,
    count=count,
    find_faults=find_faults,
)
