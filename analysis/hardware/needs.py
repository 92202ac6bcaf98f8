"""Which devices are fast enough for so many images a second, and what energy that takes at most.

A prediction is enough only by the slow end of its interval. Energy is a bound, never a figure: a board
takes no more than its design power, so an image takes no more than that power times the longest time that it may take.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from analysis.facts import Device
from analysis.hardware.predict.classes import device_class
from analysis.hardware.speeds import Conditions, Speed, known_speed
from analysis.memory.inference import inference_memory
from analysis.precision import PRECISIONS
from analysis.summary import summarize
from analysis.targets import resolve_target
from analysis.units import format_si, join
from archs import checks
from archs.errors import DenseScopeError

ENOUGH, PERHAPS, TOO_SLOW, NO_ROOM = "enough", "perhaps enough", "too slow", "no room"
#: From the best to the worst.
VERDICTS = (ENOUGH, PERHAPS, TOO_SLOW, NO_ROOM)
#: So many devices are named in a sentence.
NAMED = 3
#: What is taken for a mistake.
MOST_IMAGES_PER_S = 10**9


@dataclass(frozen=True)
class Fit:
    """One device against what is needed of it."""

    device: Device
    speed: Speed
    #: Images a second.
    needed: float
    #: Whether the batch fits into the device's memory, as far as both are known.
    has_room: bool

    @property
    def least(self) -> float:
        """Images a second, at least: by the slow end of an interval; of a published figure, itself."""
        return self.speed.images_per_s * (1 - self.speed.error[0] if self.speed.error else 1.0)

    @property
    def most(self) -> float:
        """Images a second, at most."""
        return self.speed.images_per_s * (1 + self.speed.error[1] if self.speed.error else 1.0)

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        if not self.has_room:
            return NO_ROOM
        return ENOUGH if self.least >= self.needed else PERHAPS if self.most >= self.needed else TOO_SLOW

    @property
    def devices(self) -> int:
        """So many of them are enough at their slowest, if the work is shared out."""
        return ceil(self.needed / self.least)

    @property
    def joules_at_full_power(self) -> float | None:
        """Of an image at its fastest, if the board took all of its design power; as `joules_at_most`."""
        return None if self.device.tdp_watts is None else self.device.tdp_watts / self.most

    @property
    def joules_at_most(self) -> float | None:
        """Of an image: the board's design power over the fewest images a second; None where no sheet tells it."""
        return None if self.device.tdp_watts is None else self.device.tdp_watts / self.least

    def row(self) -> dict[str, Any]:
        """What a table shows of it: plain values."""
        return {
            "device": self.device.name,
            "device_class": device_class(self.device),
            "verdict": self.verdict,
            "least_images_per_s": self.least,
            "images_per_s": self.speed.images_per_s,
            "most_images_per_s": self.most,
            "evidence": self.speed.evidence,
            "checked": self.speed.checked,
            "devices_needed": self.devices if self.has_room else None,
            "tdp_watts": self.device.tdp_watts,
            "joules_at_most": self.joules_at_most,
            "name": self.speed.name,
            "batch_size": self.speed.batch_size,
            "execution": self.speed.execution,
            "precision": self.speed.precision,
            "interval": self.speed.error_meaning,
            "source": self.speed.source,
        }


def rank_devices(
    target: Any, needed: float, devices: Iterable[Device], execution: str, conditions: Conditions | None = None
) -> list[Fit]:
    """The devices that have the precision, by verdict, then by what they do at their slowest.

    Args:
        target: as for `analysis.summarize`.
        needed: images a second.
        execution: "eager" or "compiled".

    Raises:
        DenseScopeError: the network is unknown, or cannot take the image size, in one sentence.
    """
    given = conditions or Conditions()
    needed = checks.number("images_per_s", needed, 0.0, MOST_IMAGES_PER_S, open_low=True, open_high=False)
    network = resolve_target(target)
    held = _held_bytes(network, given)
    found = []
    for device in devices:
        if speed := known_speed(network, device, execution, given):
            has_room = held is None or device.memory_bytes is None or held <= device.memory_bytes
            found.append(Fit(device, speed, needed, has_room))
    return sorted(found, key=lambda fit: (VERDICTS.index(fit.verdict), -fit.least))


def _held_bytes(network: Any, given: Conditions) -> int | None:
    """What a batch holds at inference, counted; None where its tensors cannot be followed."""
    dtype = "float16" if PRECISIONS[given.precision].element_bytes == 2 else "float32"
    try:
        summary = summarize(network, given.image_size, given.batch_size, dtype)
        return inference_memory(summary).total_bytes
    except DenseScopeError:
        return None


def needs_finding(fits: Sequence[Fit]) -> str:
    """How many devices are enough, which of them draws least, and which may be.

    Args:
        fits: of `rank_devices`, not empty.
    """
    one = fits[0]
    asked = f"{one.needed:,.10g} images/s of {one.speed.name}, {one.speed.execution}"
    by_verdict = {verdict: [fit for fit in fits if fit.verdict == verdict] for verdict in VERDICTS}
    enough, perhaps = by_verdict[ENOUGH], by_verdict[PERHAPS]
    if enough:
        sentence = f"For {asked}, {len(enough)} of {len(fits)} devices are enough even at their slowest"
        sentence += f"{_least_power(enough)}."
    else:
        best = max(fits, key=lambda fit: fit.least)
        sentence = (
            f"For {asked}, none of {len(fits)} devices is enough at its slowest; {best.devices:,} × {best.device.name} "
            "would be, with the work shared out."
        )
    if perhaps:
        more = [f"{len(perhaps) - NAMED} more"] if len(perhaps) > NAMED else []
        sentence += f" Perhaps enough: {join([*(fit.device.name for fit in perhaps[:NAMED]), *more])}."
    return sentence


def _least_power(enough: Sequence[Fit]) -> str:
    known = [fit for fit in enough if fit.device.tdp_watts is not None]
    if not known:
        return ""
    least = min(known, key=lambda fit: fit.device.tdp_watts or 0.0)
    return f"; of least board power: {least.device.name} ({format_si(least.device.tdp_watts or 0.0, 'W')})"


def energy_finding(fits: Sequence[Fit]) -> str:
    """The lowest bound on the energy of an image, of the devices that may be enough; "" where no power is known."""
    known = [fit for fit in fits if fit.joules_at_most is not None and fit.verdict in (ENOUGH, PERHAPS)]
    if not known:
        return ""
    best = min(known, key=lambda fit: fit.joules_at_most or 0.0)
    most = best.joules_at_most or 0.0
    others = [fit for fit in known if fit is not best and (fit.joules_at_full_power or 0.0) <= most]
    bound = f"at most {format_si(most, 'J')} an image: board power times the longest time, a bound that is neither "
    bound += "measured nor published"
    if not others:
        alone = ", and at full power no other device comes as low at its fastest" if len(known) > 1 else ""
        return f"Energy has its lowest bound on {best.device.name}, {bound}{alone}."
    count = f"{len(others)} other device{'s' if len(others) > 1 else ''}"
    return (
        f"Energy has its lowest bound on {best.device.name}, {bound}; {count} may take as little: their intervals meet."
    )
