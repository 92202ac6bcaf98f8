"""What a classifier and a backbone share: rows of the paper's table, and modules that follow each other up to a tap."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from archs.recompute.recomputable import Features, value
from archs.taps import Tap

if TYPE_CHECKING:
    from archs.weights import LoadReport


class Trunk(nn.Module):
    """Modules that make feature maps of images, and what is known of them."""

    #: Patterns of layer names and the row of the paper's table that they belong to; the rest is the head.
    stages_by_pattern: Sequence[tuple[str, str]]
    #: Modules that follow each other from the image to the last feature maps, and that consist of such, if need be.
    sequence: Sequence[str]

    def __init__(self, config: Any, taps: Iterable[Tap]) -> None:
        super().__init__()
        self.config = config
        #: What was loaded, and what was not and why; None where the weights are freshly initialised.
        self.weights_report: LoadReport | None = None
        #: Taps for detection, finest first, in timm's convention: num_chs, reduction (stride) and module of each.
        self.feature_info: list[dict[str, Any]] = [tap._asdict() for tap in taps]

    def stage_of(self, layer_name: str) -> str:
        """The row of the paper's table that a layer belongs to."""
        for pattern, stage in self.stages_by_pattern:
            if match := re.match(pattern, layer_name):
                return stage.format(*match.groups())
        return "head"

    def group_matcher(self, coarse: bool = False) -> Callable[[str], int]:
        """What says how deep a parameter lies, by its name: 0 for the stem, most for the head; in timm's convention.

        Parameters in the same row of the paper's table lie equally deep, `coarse` or not.
        """
        rows = dict.fromkeys(self.stage_of(name) for name, _ in self.named_parameters())
        depths = {row: depth for depth, row in enumerate(rows)}
        return lambda name: depths[self.stage_of(name)]

    def freeze(self, stages: int) -> None:
        """Keep some stages, from the stem on, as they are: weights, and statistics of batch norms.

        To be called again whenever the network has been put into training mode.

        Args:
            stages: how many rows of the paper's table, as `group_matcher` counts them.
        """
        if not stages:
            return
        depth_of = self.group_matcher()
        frozen = {id(parameter) for name, parameter in self.named_parameters() if depth_of(name) < stages}
        for module in self.modules():
            inside = list(module.parameters())
            if inside and all(id(parameter) in frozen for parameter in inside):
                module.eval().requires_grad_(False)

    def steps(self, taps: Collection[str]) -> list[str]:
        """Names of the modules that follow each other up to the last tap; what holds no tap is one step."""
        names = self.all_steps(taps)
        return names[: max(map(names.index, taps)) + 1]

    def all_steps(self, taps: Collection[str]) -> list[str]:
        """Names of all modules that follow each other, taps among them."""
        return [part for name in self.sequence for part in _parts(name, self.get_submodule(name), taps)]

    def keep_only(self, steps: Sequence[str]) -> None:
        """Take out every module that is none of these, nor holds one, nor lies in one."""
        _prune(self, "", steps)
        self.sequence = steps

    def walk(self, x: Tensor, steps: Sequence[str], taps: Collection[str]) -> tuple[Tensor, list[Tensor]]:
        """Images (N, in_channels, H, W) to the last step's output and those of the taps, (N, C, h, w) each."""
        maps: list[Tensor] = []
        out: Features = x
        for name in steps:
            out = self._step(name, out)
            if name in taps:
                maps.append(value(out))
        return value(out), maps

    def _step(self, name: str, x: Features) -> Features:
        """Call a module as what holds it does: by its method `run`, if it has one."""
        parent, _, _ = name.rpartition(".")
        run = getattr(self.get_submodule(parent), "run", None)
        module = self.get_submodule(name)
        made: Features = module(x) if run is None else run(module, x)
        return made


def _parts(name: str, module: nn.Module, taps: Collection[str]) -> list[str]:
    if not any(tap.startswith(f"{name}.") for tap in taps):
        return [name]
    return [part for child, inner in module.named_children() for part in _parts(f"{name}.{child}", inner, taps)]


def _prune(module: nn.Module, prefix: str, kept: Collection[str]) -> None:
    for name, child in list(module.named_children()):
        full = prefix + name
        if any(step.startswith(f"{full}.") for step in kept):
            _prune(child, f"{full}.", kept)
        elif full not in kept:
            delattr(module, name)
