"""The exact costs of many configs of a space at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.costs import element_bytes
from analysis.quantities import ADDITIVE_QUANTITIES
from analysis.search.columns import GUISES, Configs, Integers, Mask, MixedError
from analysis.search.space import Space, with_values
from analysis.search.structures import Group, Structures, roomiest
from analysis.search.walks import WALKED, NoChannelsError, walk
from analysis.summary import Summary, summarize
from archs import checks
from archs.errors import ConfigError
from archs.layer import Pair
from archs.plan import UnfitImageError, image

#: Sums up to here, differences and sums of a few of them, fit into 64 bits.
_SAFE = 1 << 59


@dataclass(frozen=True)
class Costs:
    """What was counted of some configs; zeros where a combination of values is no network."""

    is_network: Mask
    #: One array a quantity of `WALKED`; Python's integers where 64 bits do not suffice.
    quantities: dict[str, npt.NDArray[Any]]


class BatchCosts:
    """Counts configs of a space: exactly what `summarize` counts of each, walked together as far as possible."""

    def __init__(self, space: Space, batch_size: int = 1, dtype: str = "float32") -> None:
        self.space = space
        self.batch_size = checks.batch_size(batch_size)
        self.dtype = dtype
        self._scale = np.array([[element_bytes(dtype) if key.startswith("bytes") else 1] for key in WALKED])
        self._structures = Structures(space)
        self._fits: dict[Any, bool | None] = {}

    def of(self, indices: npt.ArrayLike) -> Costs:
        """The costs of configs by their numbers in the space, in the order given."""
        numbers = np.asarray(indices, np.int64)
        groups = self._structures.groups(numbers)
        parts = [(group.places, *self._group(group, numbers[group.places])) for group in groups]
        wide = any(costs.dtype == object for _, _, costs in parts)
        is_network = np.zeros(len(numbers), bool)
        totals = np.zeros((len(WALKED), len(numbers)), object if wide else np.int64)
        for places, networks, costs in parts:
            is_network[places], totals[:, places] = networks, costs
        return Costs(is_network, dict(zip(WALKED, totals, strict=True)))

    def _group(self, group: Group, indices: Integers) -> tuple[Mask, npt.NDArray[Any]]:
        """Which configs of a group are networks, and their costs."""
        fits = self._fits_into_64_bits(group)
        if fits is None:
            return np.zeros(len(indices), bool), np.zeros((len(WALKED), len(indices)), np.int64)
        if not fits:
            return self._one_by_one(indices)
        networks, costs = np.ones(len(indices), bool), np.zeros((len(WALKED), len(indices)), np.int64)
        size = checks.image_size(with_values(self.space.base, group.largest).image_size)
        self._walk(self._structures.configs(group), size, np.arange(len(indices)), networks, costs)
        return networks, costs

    def _walk(self, configs: Configs, size: Pair, places: Integers, networks: Mask, costs: Integers) -> None:
        """Fill in the configs at some places; apart, if they take different branches."""
        try:
            first = image(1, size, self.batch_size)
            first = first._replace(output_shape=(self.batch_size, configs.in_channels, *size))
            costs[:, places] = walk(configs, first) * self._scale
        except MixedError as mixed:
            for mask in (mixed.mask, ~mixed.mask):
                self._walk(configs.where(mask), size, places[mask], networks, costs)
        except (NoChannelsError, UnfitImageError):
            networks[places] = False

    def _fits_into_64_bits(self, group: Group) -> bool | None:
        """Whether all that a walk computes does; None where no config of this structure is a network."""
        if group.largest not in self._fits:
            self._fits[group.largest] = self._check(group)
        return self._fits[group.largest]

    def _check(self, group: Group) -> bool | None:
        if self.space.family not in GUISES:
            return False
        try:
            largest = self.summarize(roomiest(with_values(self.space.base, group.largest)))
        except ConfigError:  # lengths that do not match, or an image that is too small: smaller configs do no better
            return None
        return all(getattr(largest, key) < _SAFE for key in ADDITIVE_QUANTITIES)

    def _one_by_one(self, indices: Integers) -> tuple[Mask, npt.NDArray[Any]]:
        networks, costs = np.zeros(len(indices), bool), np.zeros((len(WALKED), len(indices)), object)
        for place, index in enumerate(indices.tolist()):
            try:
                summary = self.summarize(self.space.config_at(index))
            except ConfigError:
                continue
            networks[place] = True
            costs[:, place] = [*(getattr(summary, key) for key in ADDITIVE_QUANTITIES), summary.depth.total]
        return networks, costs

    def summarize(self, config: Any) -> Summary:
        """One config by itself. Raises: ConfigError: it cannot take its image."""
        return summarize(config, None, self.batch_size, self.dtype)
