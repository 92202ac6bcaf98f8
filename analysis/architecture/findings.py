"""What an architecture is, in one or two sentences: computed, never canned."""

from __future__ import annotations

from analysis.summary import Summary
from analysis.units import format_size
from archs.densenet import DenseNetConfig
from archs.peleenet import PeleeNetConfig
from archs.vovnet import VoVNetConfig


def architecture_finding(summary: Summary) -> str:
    """How a network is built, from its blocks to its last feature maps.

    >>> from analysis import summarize
    >>> print(architecture_finding(summarize("vovnet39")))
    vovnet39 is 39 layers deep: 6 OSA modules (1 + 1 + 2 + 2) of 5 convolutions and one aggregation each. A 224×224 \
image becomes 1,024 channels at 7×7.
    """
    return f"{summary.name} is {summary.depth.total} layers deep: {_blocks(summary)}. {_features(summary)}"


def _blocks(summary: Summary) -> str:
    config = summary.target.config
    if isinstance(config, DenseNetConfig):
        growth = f"each of which adds k = {config.growth_rate} channels"
        return f"{sum(config.block_config)} dense layers{_sum(config.block_config)}, {growth}"
    if isinstance(config, PeleeNetConfig):
        rates = " or ".join(map(str, dict.fromkeys(config.growth_rates)))
        growth = f"each of which adds k = {rates} channels, half of them each way"
        return f"{sum(config.block_config)} two-way dense layers{_sum(config.block_config)}, {growth}"
    if isinstance(config, VoVNetConfig):
        convolutions = _count(config.layer_per_block, "convolution")
        modules = f"{sum(config.block_per_stage)} OSA modules{_sum(config.block_per_stage)}"
        return f"{modules} of {convolutions} and one aggregation each"
    stages = dict.fromkeys(cost.layer.stage for cost in summary.layers)
    return f"{len(summary.layers)} operations in {_count(len(stages), 'module')}"


def _features(summary: Summary) -> str:
    """What the image becomes before the network looks away from places."""
    shapes = (cost.layer.output_shape for cost in reversed(summary.layers))
    last = next((shape for shape in shapes if len(shape) == 4 and shape[2:] != (1, 1)), None)
    if last is None:
        return ""
    return (
        f"A {format_size(summary.image_size)} image becomes {last[1]:,} channels at {format_size((last[2], last[3]))}."
    )


def _sum(numbers: tuple[int, ...]) -> str:
    return f" ({' + '.join(map(str, numbers))})" if len(numbers) > 1 else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
