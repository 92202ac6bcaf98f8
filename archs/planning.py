"""The ways from whatever stands for a network, a name, a config, a design, a run or a file, to its layers."""

from __future__ import annotations

from typing import Any

from archs import checks
from archs.config import NetworkConfig
from archs.described import described_network, is_described
from archs.design import Design, is_design_path, read_design
from archs.errors import ConfigError
from archs.layer import Layer, Pair
from archs.plan import UnfitImageError, collect, image
from archs.registry import check_recomputes, get_config, get_family, is_config, override


def resolve_config(arch: Any, /, **overrides: Any) -> Any:
    """A config, of a registered name, a config, a design or its file, a run, or weights that say what they are of.

    Raises: as `get_config`, `read_design` and `described_network`.
    """
    if is_described(arch):
        arch = described_network(arch)
    elif is_design_path(arch):
        arch = read_design(arch)
    if isinstance(arch, Design):
        arch = arch.config
    return check_recomputes(override(arch, **overrides) if is_config(arch) else get_config(arch, **overrides))


def plan_layers(config: Any, image_size: int | Pair | None = None, batch_size: int = 1) -> list[Layer]:
    """The layers of a network in execution order, without torch.

    Args:
        config: a config, or a registered name.
        image_size: side or (h, w) of the input in pixels; None for the config's own.
        batch_size: N of the input (N, C, H, W).

    Raises:
        UnknownArchError: no such name.
        ConfigError: a size is not allowed, or the image does not suit the network's strides.
    """
    config = resolve_config(config)
    size = checks.image_size(config.image_size if image_size is None else image_size)
    batch_size = checks.batch_size(batch_size)
    try:
        return _plan(config, size, batch_size)
    except UnfitImageError as problem:
        nearest = (_nearest_side(config, size[0]), _nearest_side(config, size[1]))
        allowed = f"a size that the network's strides can take ({problem}); the nearest is {_shortest(nearest)}"
        raise ConfigError("image_size", _shortest(size), allowed) from None


def _shortest(size: Pair) -> int | Pair:
    """One number for a square, as people write it."""
    return size[0] if size[0] == size[1] else size


def _plan(config: NetworkConfig, size: Pair, batch_size: int) -> list[Layer]:
    return collect(get_family(config.family).plan(config, image(config.in_channels, size, batch_size)))


def _nearest_side(config: NetworkConfig, side: int) -> int:
    """The side nearest to `side` that the network can take: height and width never mix, so squares tell."""
    for distance in range(4096):
        for candidate in (side + distance, side - distance):
            try:
                _plan(config, (candidate, candidate), 1)
            except UnfitImageError:
                continue
            return candidate
    return side
