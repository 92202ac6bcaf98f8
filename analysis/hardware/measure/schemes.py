"""The `SchemeRun` record: what schemes of training memory save for the backward pass, and how long their steps take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from analysis.facts import DATA
from analysis.hardware.measure.record import Machine
from analysis.statistics import quantile
from analysis.units import format_share, format_si, format_size, join
from archs.layer import Pair

#: Runs that are shipped: `python -m scripts.measure_schemes` writes them.
SHIPPED = DATA / "schemes.json"
#: The scheme that the others are compared with.
PLAIN = "plain"


@dataclass(frozen=True)
class SchemeTime:
    """One scheme, measured."""

    evidence = "measured"

    name: str
    #: Distinct storages that autograd keeps after the forward pass, parameters and buffers excluded.
    saved_bytes: int
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
class SchemeRun:
    """Schemes of one network that took turns in one process, the plain one first."""

    network: str
    batch_size: int
    image_size: Pair
    machine: Machine
    schemes: tuple[SchemeTime, ...]

    @property
    def plain(self) -> SchemeTime:
        """What the others are compared with."""
        return next(scheme for scheme in self.schemes if scheme.name == PLAIN)

    def saving(self, scheme: SchemeTime) -> float:
        """Share of the plain scheme's bytes that another does without."""
        return 1 - scheme.saved_bytes / self.plain.saved_bytes

    def slowdown(self, scheme: SchemeTime) -> float:
        """Share of the plain scheme's time that another takes on top."""
        return scheme.seconds / self.plain.seconds - 1


@cache
def shipped() -> dict[str, SchemeRun]:
    """The runs that come with the project, by network."""
    records: list[dict[str, Any]] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    return {run.network: run for run in map(_read, records)}


def _read(record: dict[str, Any]) -> SchemeRun:
    schemes = tuple([SchemeTime(**scheme | {"times": tuple(scheme["times"])}) for scheme in record["schemes"]])
    height, width = record["image_size"]
    changes = {"image_size": (height, width), "machine": Machine(**record["machine"]), "schemes": schemes}
    return SchemeRun(**record | changes)


def schemes_finding(run: SchemeRun) -> str:
    """What each measured scheme spares, and what it costs in time, against the plain one."""
    parts = []
    for scheme in run.schemes:
        if scheme.name != PLAIN:
            slowdown = run.slowdown(scheme)
            direction = "longer" if slowdown >= 0 else "shorter"
            parts.append(
                f"{scheme.name} keeps {format_share(run.saving(scheme))} less and takes "
                f"{format_share(abs(slowdown))} {direction}"
            )
    return (
        f"Measured on {run.machine.device_name}: plain {run.network} (batch {run.batch_size:,}, "
        f"{format_size(run.image_size)}) keeps {format_si(run.plain.saved_bytes, 'B')} and takes "
        f"{format_si(run.plain.seconds, 's')} a step; {join(parts)}."
    )
