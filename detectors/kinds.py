"""Every kind of detector by name, and the grammar of their names: "retinanet/vovnet39"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, NamedTuple

from archs import checks
from archs.errors import ConfigError, UnknownNameError
from archs.layer import Layer
from archs.plan import Steps
from archs.registry import is_registered, override
from archs.resolve import resolve_config
from detectors import config as configs
from detectors import plan, single_shot
from detectors.config import BackboneConfig


class Kind(NamedTuple):
    """One way to use a network."""

    title: str
    config_type: type[BackboneConfig]
    plan: Callable[[Any, Layer], Steps]
    #: "module:Class", as of `archs.family.Family`.
    module: str
    #: Where it comes from.
    source: str
    #: What its authors change in a backbone that has such fields.
    backbone_fields: Mapping[str, Any] = MappingProxyType({})

    @property
    def name(self) -> str:
        """What names begin with."""
        return self.config_type.kind


_MODULES = "detectors.modules"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "Backbone",
            configs.BackboneConfig,
            plan.plan_backbone,
            f"{_MODULES}:as_backbone",
            "docs/detection.md",
        ),
        Kind(
            "RetinaNet",
            configs.RetinaNetConfig,
            plan.plan_retinanet,
            f"{_MODULES}:RetinaNet",
            "arXiv:1708.02002; torchvision, models/detection/retinanet.py",
        ),
        Kind(
            "FCOS",
            configs.FCOSConfig,
            plan.plan_fcos,
            f"{_MODULES}:FCOS",
            "arXiv:1904.01355; torchvision, models/detection/fcos.py",
        ),
        Kind(
            "Faster R-CNN",
            configs.FasterRCNNConfig,
            plan.plan_faster_rcnn,
            f"{_MODULES}:FasterRCNN",
            "arXiv:1506.01497; torchvision, models/detection/faster_rcnn.py",
        ),
        Kind(
            "Mask R-CNN",
            configs.MaskRCNNConfig,
            plan.plan_mask_rcnn,
            f"{_MODULES}:MaskRCNN",
            "arXiv:1703.06870; torchvision, models/detection/mask_rcnn.py",
        ),
        Kind(
            "SSD",
            configs.SSDConfig,
            single_shot.plan_ssd,
            f"{_MODULES}:SSD",
            "arXiv:1512.02325; torchvision, models/detection/ssd.py",
        ),
        Kind(
            "SSDlite",
            configs.SSDLiteConfig,
            single_shot.plan_ssdlite,
            f"{_MODULES}:SSDLite",
            "arXiv:1801.04381, section 6.2; torchvision, models/detection/ssdlite.py",
        ),
        Kind(
            "Pelee",
            configs.PeleeConfig,
            single_shot.plan_pelee,
            f"{_MODULES}:Pelee",
            "arXiv:1804.06882, section 3; Robert-JunWang/Pelee, feature_extractor.py",
            MappingProxyType({"ceil_mode": True}),
        ),
    )
}


def is_detector_name(name: object) -> bool:
    """Whether a name says how a network is used: "retinanet/vovnet39"; "retinanet" and "other/vovnet39" are errors."""
    kind, _, network = (checks.word(name) or "").partition("/")
    return kind in KINDS or is_registered(network)


def resolve_detector(target: Any, /, **overrides: Any) -> Any:
    """The config of a detector.

    >>> resolve_detector("retinanet/densenet121", growth_rate=24, num_classes=21).backbone.growth_rate
    24

    Args:
        target: "KIND/NETWORK", where the network is named as in `archs.resolve.resolve_config`; or such a config.
        overrides: fields to change, of the detector or of its backbone.

    Raises:
        ConfigError: a detector without its backbone, or a value that is not allowed.
        UnknownArchError, UnknownFieldError: no such network or field.
    """
    if isinstance(target, BackboneConfig):
        own, others = _sorted(type(target), overrides)
        return override(target, **own, **({"backbone": resolve_config(target.backbone, **others)} if others else {}))
    name, _, network = target.partition("/")
    if name not in KINDS:
        raise UnknownNameError("detector", name, KINDS)
    if not network:
        raise ConfigError("target", target, f"named with its backbone, such as '{name}/vovnet39'")
    kind = KINDS[name]
    own, others = _sorted(kind.config_type, overrides)
    backbone = resolve_config(network)
    authors = {field: value for field, value in kind.backbone_fields.items() if hasattr(backbone, field)}
    return kind.config_type(backbone=resolve_config(backbone, **authors | others), **own)


def _sorted(config_type: type[BackboneConfig], overrides: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The overrides of a detector's own fields, and those of its backbone."""
    own = {each.name for each in fields(config_type)}
    return (
        {name: value for name, value in overrides.items() if name in own},
        {name: value for name, value in overrides.items() if name not in own},
    )
