"""Detectors: what torchvision's necks and heads keep in local variables, what they return, how they train.

Of the boxes themselves only what training saves is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from archs.layer import Layer
from archs.taps import last_of
from detectors import BackboneConfig, DetectorConfig

_BODY = "backbone.body."
#: ReLUs of torchvision's that make a tensor of their own: functions, and modules that are not told to overwrite.
_MAKES_ANEW = re.compile(r"(head\.\w+\.(conv\.\d+|relu)|roi_heads\.box_head\.relu|backbone\.fpn\..*?)(_\d+)?")
#: Whose results one variable of a loop holds, each until the next is made, in the part that begins so.
_VARIABLES = tuple(
    (scope, re.compile(scope + pattern + r"(_\d+)?"))
    for scope, pattern in (
        (r"backbone\.fpn\.", r"inner_blocks\..*"),
        (r"backbone\.fpn\.", r"nearest_upsampling"),
        (r"backbone\.fpn\.", r"add"),
        (r"roi_heads\.box_head\.", r"relu"),
        (r"rpn\.head\.", r"conv\.0\.1"),
        (r"roi_heads\.box_roi_pool\.", r"roi_align"),
        (r"roi_heads\.mask_roi_pool\.", r"roi_align"),
        (r"head\.regression_head\.", r"conv\.11"),
    )
)
#: Those that keep what they join in lists.
_LISTING = ("head.regression_head.",)


def overwrites(layer: Layer, detector: BackboneConfig | None) -> bool:
    """Whether a layer of a plan is a ReLU that overwrites what it reads, where nobody else reads that."""
    if isinstance(detector, DetectorConfig) and not layer.name.startswith(_BODY):
        return layer.op in ("relu", "relu6") and not _MAKES_ANEW.fullmatch(layer.name)
    return layer.op == "relu"


def opened(detector: BackboneConfig | None) -> frozenset[tuple[str, ...]]:
    """Paths of modules that hold others and aren't called themselves: backbones go from tap to tap through them."""
    if detector is None:
        return frozenset()
    prefix = _BODY if isinstance(detector, DetectorConfig) else ""
    paths = [tuple(f"{prefix}{tap.module}".split(".")) for tap in detector.taps]
    body = len(prefix.split(".")) - 1
    return frozenset(path[:depth] for path in paths for depth in range(body + 1, len(path)))


def outputs_of_plan(layers: Sequence[Layer], detector: BackboneConfig | None) -> tuple[str, ...]:
    """Names of the layers that make what a network returns: its last, all maps, or all that heads say."""
    if detector is None or not layers:
        return tuple([layer.name for layer in layers[-1:]])
    if not isinstance(detector, DetectorConfig):
        return tuple([layers[last_of(tap.module, layers)].name for tap in detector.taps])
    read = {tensor for layer in layers for tensor in layer.inputs}
    return tuple([layer.name for layer in layers if layer.name not in read])


def owner_of_weights(layer: Layer) -> str:
    """The layer whose weights a layer uses: itself, or where its module ran before, the first."""
    return re.sub(r"_\d+$", "", layer.name) if layer.extra_params < 0 else layer.name


def body_of(layers: Sequence[Layer], detector: BackboneConfig | None) -> list[Layer]:
    """The layers of the network that a detector reads; all of a network's own."""
    is_whole = not isinstance(detector, DetectorConfig)
    return [layer for layer in layers if is_whole or layer.name.startswith(_BODY)]


def kept_by_locals(layers: Sequence[Layer], detector: BackboneConfig | None) -> Iterator[tuple[str, int]]:
    """Each tensor that a local variable of a detector holds, with the index of the last layer as which it does.

    Maps of the neck are there to the end, for whatever head comes next.
    """
    if not isinstance(detector, DetectorConfig):
        return
    made = {layer.name for layer in layers if layer.name.startswith("backbone.")}
    for layer in layers:
        if not layer.name.startswith("backbone."):
            yield from ((tensor, len(layers) - 1) for tensor in made & set(layer.inputs))
    for scope, pattern in _VARIABLES:
        part = [index for index, layer in enumerate(layers) if re.match(scope, layer.name)]
        held = [index for index in part if pattern.fullmatch(layers[index].name)]
        yield from ((layers[index].name, until) for index, until in pairwise([*held, *part[-1:]]))
    coarsest, sums = (
        [index for index, layer in enumerate(layers) if re.match(rf"backbone\.fpn\.{start}", layer.name)]
        for start in ("inner_blocks", "add")
    )
    if sums:  # which take the place of the coarsest map
        yield layers[coarsest[0]].name, sums[0]
    for head in _LISTING:
        part = [index for index, layer in enumerate(layers) if layer.name.startswith(head)]
        for index in part:
            if layers[index].op == "concat":
                yield from ((tensor, part[-1]) for tensor in layers[index].inputs)
