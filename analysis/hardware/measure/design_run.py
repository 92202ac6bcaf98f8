"""The `DesignRun` record: what designs of training keep for the backward pass, and how long their steps take."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.hardware.measure.quantiles import quantile
from analysis.hardware.measure.record import Machine
from archs.layer import Pair

#: The design that the others are compared with.
PLAIN = "plain"


@dataclass(frozen=True)
class DesignTime:
    """One design, measured."""

    evidence = "measured"

    name: str
    #: Distinct storages that autograd keeps after the forward pass, parameters and buffers excluded.
    kept_bytes: int
    #: Of each timed step: forward and backward pass.
    times: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """The median step."""
        return quantile(self.times, 0.5)

    @property
    def seconds_low(self) -> float:
        """A quarter of the steps took less."""
        return quantile(self.times, 0.25)

    @property
    def seconds_high(self) -> float:
        """A quarter of the steps took more."""
        return quantile(self.times, 0.75)


@dataclass(frozen=True)
class DesignRun:
    """Designs of one network that took turns in one process, the plain one first."""

    network: str
    batch_size: int
    image_size: Pair
    machine: Machine
    designs: tuple[DesignTime, ...]

    @property
    def plain(self) -> DesignTime:
        """What the others are compared with."""
        return next(design for design in self.designs if design.name == PLAIN)

    def saving(self, design: DesignTime) -> float:
        """Share of the plain design's bytes that another does without."""
        return 1 - design.kept_bytes / self.plain.kept_bytes

    def slowdown(self, design: DesignTime) -> float:
        """Share of the plain design's time that another takes on top."""
        return design.seconds / self.plain.seconds - 1
