"""What an architecture is, in one or two sentences: computed, never canned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from analysis.findings import delta_finding
from analysis.ops import CONV_KINDS, as_maps, op_kind
from analysis.structure.along_depth import channel_uses
from analysis.structure.diagram import place_of
from analysis.structure.notation import layer_text
from analysis.structure.table import STATUSES, Change, layer_words, stage_rows
from analysis.summary import Summary
from analysis.units import capitalised, format_ratio, format_share, format_signed, format_size, join
from archs.layer import INPUT, Layer
from archs.registry import get_family


def architecture_finding(summary: Summary) -> str:
    """How a network is built, from its blocks to its last feature maps.

    >>> from analysis import summarize
    >>> print(architecture_finding(summarize("vovnet39")))
    vovnet39 is 39 layers deep: 6 OSA modules (1 + 1 + 2 + 2) of 5 convolutions and one aggregation each. A 224×224 \
image becomes 1,024 channels at 7×7.
    """
    return f"{summary.name} is {summary.depth.total} layers deep: {_blocks(summary)}. {_features(summary)}".rstrip()


def _blocks(summary: Summary) -> str:
    if summary.family and (told := get_family(summary.family).prose.blocks(summary.target.config)):
        return told
    stages = dict.fromkeys(cost.layer.stage for cost in summary.layers)
    return f"{len(summary.layers)} operations in {_count(len(stages), 'module')}"


def _features(summary: Summary) -> str:
    """What the image becomes before it is averaged; empty for networks that cut it into tokens."""
    if any(op_kind(cost.layer) == "matrix product" for cost in summary.layers):
        return ""
    shapes = (as_maps(cost.layer.op, cost.layer.output_shape) for cost in reversed(summary.layers))
    last = next((shape for shape in shapes if len(shape) == 4 and shape[2:] != (1, 1)), None)
    if last is None:
        return ""
    return (
        f"A {format_size(summary.image_size)} image becomes {last[1]:,} channels at {format_size((last[2], last[3]))}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def depth_finding(summary: Summary) -> str:
    """How far along the depth half of each cost is spent.

    >>> from analysis import summarize
    >>> print(depth_finding(summarize("densenet121")))
    Half of densenet121's memory traffic is moved by layer 93 of 426, half of its MACs are done by layer 74, half of \
its parameters are read by layer 295.
    """
    costs = summary.layers
    halves = {}
    for key in ("bytes_moved", "macs", "params"):
        sums = accumulate(getattr(cost, key) for cost in costs)
        halves[key] = next((n for n, so_far in enumerate(sums, 1) if 2 * so_far >= getattr(summary, key)), len(costs))
    return (
        f"Half of {summary.name}'s memory traffic is moved by layer {halves['bytes_moved']} of {len(costs)}, half of "
        f"its MACs are done by layer {halves['macs']}, half of its parameters are read by layer {halves['params']}."
    )


def layer_finding(summary: Summary, name: str) -> str:
    """What one layer is, and what it costs of the whole.

    >>> from analysis import summarize
    >>> print(layer_finding(summarize("densenet121"), "features.transition1.conv").replace("\u2009", " "))
    Layer 49 of 426, in transition 1, is a 1×1 conv: 256×56×56 → 128×56×56. It does 3.6 % of densenet121's MACs and \
moves 1.1 % of its memory traffic.
    """
    number = next(n for n, cost in enumerate(summary.layers, 1) if cost.layer.name == name)
    cost = summary.layers[number - 1]
    words = layer_words(cost.layer)
    article = "an" if words[0] in "aeiou" else "a"
    return (
        f"Layer {number} of {len(summary.layers)}, in {cost.layer.stage}, is {article} {words}. It does "
        f"{format_share(cost.macs / (summary.macs or 1))} of {summary.name}'s MACs and moves "
        f"{format_share(cost.bytes_moved / (summary.bytes_moved or 1))} of its memory traffic."
    )


def part_finding(summary: Summary, part: Sequence[Layer]) -> str:
    """What some layers of a network cost of the whole, and what of that is no convolution.

    >>> from analysis import summarize
    >>> found = summarize("densenet121")
    >>> part = [cost.layer for cost in found.layers if "denseblock1.denselayer2." in cost.layer.name]
    >>> print(part_finding(found, part).replace("\u2009", " "))
    It has 0.6 % of densenet121's parameters, 5.4 % of its MACs and 4.1 % of its memory traffic, 73 % of that outside \
of convolution.
    """
    names = {layer.name for layer in part}
    own = [cost for cost in summary.layers if cost.layer.name in names]
    params, macs, traffic = (sum(getattr(cost, key) for cost in own) for key in ("params", "macs", "bytes_moved"))
    outside = sum(cost.bytes_moved for cost in own if op_kind(cost.layer) not in CONV_KINDS)
    return (
        f"It has {format_share(params / (summary.params or 1))} of {summary.name}'s parameters, "
        f"{format_share(macs / (summary.macs or 1))} of its MACs and "
        f"{format_share(traffic / summary.bytes_moved)} of its memory traffic, "
        f"{format_share(outside / (traffic or 1))} of that outside of convolution."
    )


def channels_finding(summary: Summary) -> str:
    """What unequal input and output channels cost a network, and where.

    >>> from analysis import summarize
    >>> print(channels_finding(summarize("densenet121")).replace("\u2009", " "))
    densenet121's convolutions touch ×1.12 the elements that they could at the same MACs; dense block 3 accounts for \
34 % of the surplus. Furthest from equal input and output channels, the layer that reads the image aside, is the 1×1 \
conv of dense block 3, layer 24: 992 in, 128 out, ×1.30.
    """
    uses = channel_uses(summary)
    if not uses:
        return f"{summary.name} has no convolution that mixes channels."
    surplus: dict[str, float] = {}
    for use in uses:
        surplus[use.layer.stage] = surplus.get(use.layer.stage, 0.0) + use.surplus
    total, least = sum(surplus.values()), sum(use.bound for use in uses)
    stage = max(surplus, key=lambda name: surplus[name])
    opening = (
        f"{summary.name}'s convolutions touch {format_ratio(1 + total / least)} the elements that they could at the "
        f"same MACs; {stage} accounts for {format_share(surplus[stage] / (total or 1))} of the surplus."
    )
    # The image's channels are not the network's choice.
    inner = [use for use in uses if INPUT not in use.layer.inputs]
    if not inner:
        return opening
    worst = max(inner, key=lambda use: use.penalty)
    return (
        f"{opening} Furthest from equal input and output channels, the layer that reads the image aside, is "
        f"{_named(worst.layer, summary)}: {worst.in_channels:,} in, {worst.out_channels:,} out, "
        f"{format_ratio(worst.penalty)}."
    )


def _named(layer: Layer, summary: Summary) -> str:
    return f"the {layer_text(layer, channels=False)} of {place_of(layer, summary.target.config)}"


def channels_rule(config: Any) -> str:
    """How a family's channels go along the depth, with the config's numbers; empty for other networks.

    >>> from archs import get_config
    >>> print(channels_rule(get_config("densenet121")))
    Each dense layer reads k = 32 channels more than the one before it, squeezes them to 4k = 128 with a 1×1 \
convolution and adds k = 32; each transition keeps θ = 0.5 of them.
    """
    return get_family(config.family).prose.channels(config) if config else ""


def changes_finding(before: Summary, after: Summary, found: Sequence[Change]) -> str:
    """What becomes of one network's layers in another, what that costs, and where most of it is.

    >>> from analysis import summarize
    >>> from analysis.structure.table import changes
    >>> pair = summarize("densenet121"), summarize("densenet169")
    >>> print(changes_finding(*pair, changes(*pair)).replace("\u2009", " "))
    densenet169 needs 77 % more parameters, 19 % more MACs, 33 % more memory access cost and 26 % more memory traffic \
than densenet121. 168 layers are added and 73 resized. Dense block 3 changes MACs most (+286 M).
    """
    counts = Counter(change.status for change in found)
    told = [f"{counts[status]} {status}" for status in STATUSES[:-1] if counts[status]]
    if not told:
        return f"{after.name} has the same layers as {before.name}."
    number, _, rest = told[0].partition(" ")
    told[0] = f"{number} {'layer is' if number == '1' else 'layers are'} {rest}"
    stage, macs = max(((row["stage"], row["macs"]) for row in stage_rows(found)), key=lambda item: abs(item[1]))
    most = f" {capitalised(stage)} changes MACs most ({format_signed('macs', macs)})." if macs else ""
    return f"{delta_finding(before, after)} {join(told)}.{most}{_unlike_sizes(before, after)}"


def _unlike_sizes(before: Summary, after: Summary) -> str:
    """That a part of the difference is not the networks' own."""
    if before.image_size == after.image_size:
        return ""
    sizes = f"{before.name} sees {format_size(before.image_size)} pixels, {after.name} {format_size(after.image_size)}"
    return f" {sizes}: a part of the difference is due to that."
