"""The names that public code gives to the tensors of each family, and how they become ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """One way to name the tensors of a family's networks."""

    title: str
    family: str
    #: Regular expressions and what replaces them, applied in this order to turn a key into ours.
    rules: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = ()
    #: Where the network lies in a file that holds more, such as a detector.
    root: str = ""
    #: The networks published in this layout add an identity in repeated blocks; no key of theirs tells.
    residual: bool = False

    def ours(self, keys: Iterable[str]) -> dict[str, str]:
        """Our name for each key of a file; keys outside the root, where the file has one, are left out."""
        keys = list(keys)
        if not any(self.root and key.startswith(self.root) for key in keys):
            return {key: self._rename(key) for key in keys}
        return {key: self._rename(key.removeprefix(self.root)) for key in keys if key.startswith(self.root)}

    def _rename(self, key: str) -> str:
        for pattern, replacement in self.rules:
            key = re.sub(pattern, replacement, key)
        return key


def _block(match: re.Match[str]) -> str:
    """Their stages count from 2 and their blocks from 1, ours from 0."""
    stage, block = int(match["stage"]), int(match["block"])
    return f"stages.{stage - 2}.blocks.{block - 1}."


#: Dotted names with a slash in them: `stage3.OSA3_1.layers.0.OSA3_1_0/conv.weight`.
_VOVNET_AUTHORS = (
    (r"^stem\.stem_(\d+)/", lambda match: f"stem.{int(match[1]) - 1}."),
    (r"^stage(?P<stage>\d+)\.OSA\d+_(?P<block>\d+)\.", _block),
    (r"layers\.(\d+)\.OSA\d+_\d+_\d+/", r"conv_mid.\1."),
    (r"concat\.OSA\d+_\d+_concat/", "conv_concat."),
    (r"(?<=conv_reduction\.)OSA\d+_\d+_reduction_0/", ""),
    (r"\.(pw_)?norm\.", ".bn."),
    (r"\.dw_conv3x3\.", ".conv_dw."),
    (r"\.pw_conv1x1\.", ".conv_pw."),
    (r"\.ese\.fc\.", ".attn.fc."),
    (r"^classifier\.", "head.fc."),
)

LAYOUTS = (
    Layout("the layout of torchvision and timm", "densenet"),
    Layout("the layout of torchvision's published files", "densenet", rules=((r"\.(norm|conv)\.([12])\.", r".\1\2."),)),
    Layout("the authors' layout, Robert-JunWang/PeleeNet", "peleenet"),
    Layout("the layout of timm", "vovnet"),
    Layout(
        "the authors' layout, VoVNet.pytorch and vovnet-detectron2",
        "vovnet",
        rules=_VOVNET_AUTHORS,
        root="backbone.bottom_up.",
        residual=True,
    ),
)


def nearest_layout(family: str, keys: Collection[str], expected: Collection[str]) -> Layout:
    """The layout of a family that turns the most keys of a file into expected ones; the first of equals."""
    wanted = set(expected)
    layouts = [layout for layout in LAYOUTS if layout.family == family]
    return max(layouts, key=lambda layout: len(wanted.intersection(layout.ours(keys).values())))
