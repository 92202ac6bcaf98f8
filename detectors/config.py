"""What defines a detector: the network that it reads, and the numbers of its neck and its head."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from archs.checks import keep
from archs.config import Declared, NetworkConfig, choice, integer, sides
from archs.errors import ConfigError
from archs.taps import Tap, list_taps, taps_of

#: The parts of a detector, in the order in which they run.
PARTS = ("backbone", "neck", "RPN", "head")
#: Boxes of an image of which a second stage learns, and how many of them may hold an object, in torchvision.
SAMPLED, POSITIVES = 512, 128
#: What runs behind the heads, in words.
POST_PROCESSING = "anchors, the decoding of boxes and non-maximum suppression are not counted"


def part_of(stage: str) -> str:
    """Which of `PARTS` a row belongs to; rows of the network's own paper are backbone, but for its head.

    >>> part_of("dense block 1"), part_of("class head"), part_of("RPN")
    ('backbone', 'head', 'RPN')
    """
    if stage in PARTS:
        return stage
    return "head" if stage.endswith(" head") or stage.startswith("head") else "backbone"


@dataclass(frozen=True, kw_only=True)
class BackboneConfig(Declared):
    """A network that gives maps instead of classes, and ends at the deepest of them.

    Raises:
        ConfigError: a field holds a value that is not allowed, or the network has no such maps.
    """

    kind: ClassVar[str] = "backbone"
    #: Strides of the maps that are read if `out_indices` names none; empty for all that there are.
    strides: ClassVar[tuple[int, ...]] = ()

    backbone: NetworkConfig
    #: Numbers of the maps that are read, as `archs.taps.taps_of` counts; None for those of `strides`.
    out_indices: int | Sequence[int] | None = None

    image_size: int | tuple[int, int] = sides(
        224, "Own image size", "Side, or height and width, of the images that it is made for."
    )

    def check_together(self) -> None:
        keep(self, out_indices=tuple(self._chosen()))

    @property
    def name(self) -> str:
        """What tables call it where no name was given."""
        return f"{self.kind}/{type(self.backbone).__name__.removesuffix('Config')}"

    @property
    def in_channels(self) -> int:
        """C of the images, (N, C, H, W)."""
        return self.backbone.in_channels

    @property
    def taps(self) -> tuple[Tap, ...]:
        """The maps that are read, finest first."""
        return tuple(self._chosen().values())

    @property
    def left_out(self) -> str:
        """What the figures leave out, and what they assume, in a sentence without its full stop; "" for nothing."""
        return ""

    @property
    def step_words(self) -> str:
        """What a step of training is taken to be, in a sentence without its full stop."""
        return "In training, each output gets a gradient of its own size: losses and the matching of boxes are left out"

    @property
    def in_training(self) -> BackboneConfig:
        """The same, with as many boxes as its second stage sees of an image in training."""
        return self

    def _chosen(self) -> dict[int, Tap]:
        if self.out_indices is not None or not self.strides:
            return taps_of(self.backbone, self.out_indices)
        found = {tap.reduction: number for number, tap in enumerate(list_taps(self.backbone))}
        if any(stride not in found for stride in self.strides):
            allowed = f"one with maps at the strides {_listed(self.strides)}, which {self.kind} reads"
            raise ConfigError("backbone", _Strides(found), allowed)
        return taps_of(self.backbone, [found[stride] for stride in self.strides])


def _listed(numbers: Any) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


class _Strides:
    """How an error names what a network has."""

    def __init__(self, strides: Collection[int]) -> None:
        self.strides = strides

    def __repr__(self) -> str:
        return f"a network with maps at the strides {_listed(self.strides)}"


@dataclass(frozen=True, kw_only=True)
class DetectorConfig(BackboneConfig):
    """A detector: a backbone, a neck that makes its maps alike, and a head that finds boxes and classes.

    Raises:
        ConfigError: a field holds a value that is not allowed, or the network has no such maps.
    """

    image_size: int | tuple[int, int] = sides(
        800, "Own image size", "Side, or height and width, of the images that it is made for."
    )
    #: As torchvision counts them.
    num_classes: int = integer(91, "Classes", "Classes of objects, and one for the background.", low=2, high=100_000)

    @property
    def left_out(self) -> str:
        return f"Post-processing is left out: {POST_PROCESSING}"


@dataclass(frozen=True, kw_only=True)
class PyramidConfig(DetectorConfig):
    """A detector on a feature pyramid (Lin et al., arXiv:1612.03144)."""

    fpn_channels: int = integer(256, "Pyramid channels", "Channels of every map of the pyramid.", step=8)

    #: How many times their map's stride anchors are long, and how many maps lie behind the backbone's.
    anchor_strides: ClassVar[int]
    more_maps: ClassVar[int]

    @property
    def anchor_sides(self) -> tuple[int, ...]:
        """Sides of the anchors of each map of the pyramid, in pixels; with the usual taps 32, 64, 128, 256 and 512."""
        first = self.anchor_strides * self.taps[0].reduction
        return tuple(first * 2**level for level in range(len(self.taps) + self.more_maps))


@dataclass(frozen=True, kw_only=True)
class DensePyramidConfig(PyramidConfig):
    """A detector that predicts at every pixel of the maps P3 to P7."""

    strides: ClassVar[tuple[int, ...]] = (8, 16, 32)
    anchor_strides: ClassVar[int] = 4
    more_maps: ClassVar[int] = 2

    #: RetinaNet's paper makes P6 of C5; torchvision's first detectors make it of P5.
    p6_from: str = choice("P5", "P6 is made from", "The last map of the pyramid, or of the backbone.", "P5", "C5")


@dataclass(frozen=True, kw_only=True)
class RetinaNetConfig(DensePyramidConfig):
    """RetinaNet (Lin et al., arXiv:1708.02002), as torchvision builds it."""

    kind: ClassVar[str] = "retinanet"


@dataclass(frozen=True, kw_only=True)
class FCOSConfig(DensePyramidConfig):
    """FCOS (Tian et al., arXiv:1904.01355), as torchvision builds it."""

    kind: ClassVar[str] = "fcos"
    anchor_strides: ClassVar[int] = 1


@dataclass(frozen=True, kw_only=True)
class FasterRCNNConfig(PyramidConfig):
    """Faster R-CNN (Ren et al., arXiv:1506.01497) on a pyramid, as torchvision builds it."""

    kind: ClassVar[str] = "faster_rcnn"
    strides: ClassVar[tuple[int, ...]] = (4, 8, 16, 32)
    anchor_strides: ClassVar[int] = 8
    more_maps: ClassVar[int] = 1

    proposals: int = integer(1000, "Proposals", "Boxes of each image that the second stage looks at.", high=10_000)

    @property
    def left_out(self) -> str:
        boxes = f"the box head is counted for {self.proposals:,} proposals an image"
        return f"What depends on values is left out: {POST_PROCESSING}; {boxes}"

    @property
    def in_training(self) -> FasterRCNNConfig:
        return replace(self, proposals=SAMPLED)

    @property
    def step_words(self) -> str:
        return f"{super().step_words}; the box head sees {SAMPLED} sampled boxes an image"


@dataclass(frozen=True, kw_only=True)
class MaskRCNNConfig(FasterRCNNConfig):
    """Mask R-CNN (He et al., arXiv:1703.06870) on a pyramid, as torchvision builds it."""

    kind: ClassVar[str] = "mask_rcnn"

    detections: int = integer(100, "Detections", "Boxes of each image that get a mask.", high=10_000)

    @property
    def left_out(self) -> str:
        return f"{super().left_out}, the mask head for {self.detections:,} detections"

    @property
    def in_training(self) -> MaskRCNNConfig:
        return replace(self, proposals=SAMPLED, detections=POSITIVES)

    @property
    def step_words(self) -> str:
        return f"{super().step_words}, the mask head as many as may hold an object, {POSITIVES}"


@dataclass(frozen=True, kw_only=True)
class SingleShotConfig(DetectorConfig):
    """A detector whose head knows how many maps there are."""

    def check_together(self) -> None:
        super().check_together()
        if len(self.taps) != len(self.strides):
            raise ConfigError("out_indices", self.out_indices, f"{len(self.strides)} maps for {self.kind}")


@dataclass(frozen=True, kw_only=True)
class SSDConfig(SingleShotConfig):
    """SSD (Liu et al., arXiv:1512.02325): three maps of the backbone and three smaller ones."""

    kind: ClassVar[str] = "ssd"
    strides: ClassVar[tuple[int, ...]] = (8, 16, 32)

    image_size: int | tuple[int, int] = sides(300, "Own image size", "Side of the images that it is made for.")


@dataclass(frozen=True, kw_only=True)
class SSDLiteConfig(SingleShotConfig):
    """SSDlite (Sandler et al., arXiv:1801.04381, section 6.2): two maps of the backbone, and four that are smaller."""

    kind: ClassVar[str] = "ssdlite"
    strides: ClassVar[tuple[int, ...]] = (16, 32)

    image_size: int | tuple[int, int] = sides(320, "Own image size", "Side of the images that it is made for.")


@dataclass(frozen=True, kw_only=True)
class PeleeConfig(SingleShotConfig):
    """Pelee (Wang et al., arXiv:1804.06882, section 3; Robert-JunWang/Pelee, feature_extractor.py)."""

    kind: ClassVar[str] = "pelee"
    strides: ClassVar[tuple[int, ...]] = (16, 32)

    image_size: int | tuple[int, int] = sides(304, "Own image size", "Side of the images that it is made for.")
    num_classes: int = integer(21, "Classes", "Classes of objects, and one for the background.", low=2, high=100_000)
