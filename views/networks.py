"""The networks that a view offers: their order, their variants and sensible selections of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analysis.targets import is_library_name
from archs.registry import get_config, get_family, list_archs
from views.workbench import STARTING_NETWORK, config_of


class Preset(NamedTuple):
    """A selection worth starting from."""

    networks: tuple[str, ...]
    baseline: str


DEFAULT = Preset(
    (
        "densenet121",
        "densenet169",
        "densenet201",
        "peleenet",
        "ese_vovnet19b_dw",
        "vovnet27_slim",
        "vovnet39",
        "vovnet57",
    ),
    STARTING_NETWORK,
)

PRESETS = {
    "ImageNet DenseNets": Preset(
        ("densenet121", "densenet161", "densenet169", "densenet201", "densenet264"), "densenet121"
    ),
    "CIFAR networks": Preset(
        tuple(name for name in list_archs() if get_config(name).image_size == 32), "densenet40_k12"
    ),
    "DenseNet vs VoVNet": Preset(
        ("densenet121", "densenet161", "densenet169", "densenet201", "vovnet27_slim", "vovnet39", "vovnet57"),
        "densenet121",
    ),
    "Mobile": Preset(
        ("peleenet", "ese_vovnet19b_slim_dw", "ese_vovnet19b_dw", "ese_vovnet19b_slim", "vovnet27_slim"), "peleenet"
    ),
    "All": Preset(tuple(list_archs()), "densenet121"),
}


def preset_of(networks: Sequence[str]) -> str | None:
    """The preset that selects exactly these networks."""
    return next((title for title, preset in PRESETS.items() if set(preset.networks) == set(networks)), None)


def variant(name: str) -> str:
    """Which kind of its family's networks one is, or the library it is from: a key of `views.theme.variant_style`."""
    if is_library_name(name):
        return name.partition("/")[0]
    config = config_of(name)
    return get_family(config.family).variant(config)
