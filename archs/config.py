"""What the configs of all families share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs import checks
from archs.layer import Pair


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """An image classifier: what it takes and what it tells apart; each family adds what it is made of.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str]

    #: Dropout probability, in training.
    drop_rate: float = 0.0
    num_classes: int = 1000
    in_channels: int = 3
    #: The size that the network was made for.
    image_size: int | Pair = 224
    #: Whether training keeps no concatenation, BN or ReLU output, but makes them again (docs/memory.md): same results.
    memory_efficient: bool = False

    def __post_init__(self) -> None:
        checks.number("drop_rate", self.drop_rate, 0, 1, open_low=False, open_high=True)
        checks.integer("num_classes", self.num_classes, 1, 100_000)
        checks.integer("in_channels", self.in_channels, 1, 1024)
        checks.boolean("memory_efficient", self.memory_efficient)
        self._normalise("image_size", checks.own_image_size(self.image_size))

    def _normalise(self, field: str, value: object) -> None:
        """Put a checked value, such as a tuple for a list, in the place of what was given."""
        object.__setattr__(self, field, value)
