"""Where detectors read a network: the maps at each stride, told of its layer plan, without torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from archs import checks
from archs.errors import ConfigError
from archs.layer import CONSTANT, INPUT, Layer
from archs.plan import Steps, collect, image
from archs.registry import get_family

#: An image that every stride of a tap divides.
_SIDE = 512


class Tap(NamedTuple):
    """A map that a network offers, with the names that timm's `feature_info` has for what is known of it."""

    num_chs: int
    #: How many pixels of the image, both ways, one of the map stands for.
    reduction: int
    #: The module that makes it.
    module: str


@lru_cache(maxsize=256)
def list_taps(config: Any) -> tuple[Tap, ...]:
    """The maps of a network's stages, finest first.

    >>> from archs.registry import get_config
    >>> [(tap.num_chs, tap.reduction) for tap in list_taps(get_config("peleenet"))]
    [(128, 4), (256, 8), (512, 16), (704, 32)]
    """
    return _taps(config, get_family(config.family).taps(config))


def stem_tap(config: Any) -> Tap | None:
    """The map at stride 2 from which timm counts; None where no module of the stem makes it, or a stage does."""
    name = get_family(config.family).stem_tap(config)
    return _taps(config, [name])[0] if name and list_taps(config)[0].reduction > 2 else None


def _taps(config: Any, modules: Iterable[str]) -> tuple[Tap, ...]:
    layers = collect(get_family(config.family).plan(config, image(config.in_channels, (_SIDE, _SIDE), 1)))
    made = [(name, layers[last_of(name, layers)].output_shape) for name in modules]
    return tuple(Tap(channels, round(_SIDE / side), name) for name, (_, channels, side, _) in made)


def last_of(module: str, layers: Sequence[Layer]) -> int:
    """Number of the layer that makes a module's output."""
    return max(number for number, layer in enumerate(layers) if f"{layer.name}.".startswith(f"{module}."))


class Maps(NamedTuple):
    """A plan up to the deepest of some taps."""

    layers: list[Layer]
    #: The layer that makes each map.
    maps: list[Layer]


def up_to(taps: Sequence[Tap], plan: Steps, prefix: str = "") -> Maps:
    """The layers of a network's plan that some maps need.

    Args:
        prefix: of the layers' names, with its dot.
    """
    layers = collect(plan)
    ends = [last_of(tap.module, layers) for tap in taps]
    outside = (INPUT, CONSTANT)
    named = [
        layer._replace(
            name=prefix + layer.name,
            inputs=tuple([name if name in outside else prefix + name for name in layer.inputs]),
        )
        for layer in layers[: max(ends) + 1]
    ]
    return Maps(named, [named[end] for end in ends])


def take_taps(field: str, indices: int | Sequence[int] | None, strides: Sequence[int]) -> tuple[int, ...]:
    """Which taps are meant, by number: all (None), the last n (an int), or those listed, from the end if negative.

    Raises:
        ConfigError: there is no such tap, or they do not go from fine to coarse.
    """
    count, named = len(strides), ", ".join(map(str, strides))
    there = f"the taps 0 to {count - 1} (strides {named})" if count > 1 else f"tap 0 (stride {named})"
    wanted = range(count) if indices is None else checks.plain(indices)
    last = checks.whole(wanted)
    if last is not None:
        wanted = range(count - last, count) if 0 < last <= count else ()
    allowed = f"None or some of {there}"
    listed = checks.items(field, wanted, count, allowed) if isinstance(wanted, (list, tuple, range)) else ()
    found = [index for index in map(checks.whole, listed) if index is not None and -count <= index < count]
    if not found or len(found) < len(listed):
        raise ConfigError(field, indices, allowed)
    taken = tuple(index % count for index in found)
    if list(taken) != sorted(set(taken)):
        raise ConfigError(field, indices, f"some of {there}, each once and finest first")
    return taken


def taps_of(config: Any, out_indices: int | Sequence[int] | None, with_stem: bool = False) -> dict[int, Tap]:
    """Some maps of a network, by their numbers.

    Args:
        out_indices: as `take_taps`.
        with_stem: put the map at stride 2 in front of the others, in `out_indices` too, as timm counts.

    Raises:
        ConfigError: there are no such taps, or no map at stride 2.
    """
    taps = list_taps(config)
    if checks.boolean("stem_tap", with_stem):
        first, finest = stem_tap(config), taps[0].reduction
        if first is None:
            from archs.weights.names import title_of

            reason = (
                "no module of its stem makes a map at stride 2" if finest > 2 else f"its taps begin at stride {finest}"
            )
            raise ConfigError("stem_tap", True, f"False for {title_of(config)}: {reason}")
        taps = (first, *taps)
    return {number: taps[number] for number in take_taps("out_indices", out_indices, [tap.reduction for tap in taps])}
