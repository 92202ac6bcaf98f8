"""Where the truth lies in nine of ten cases, and in words the rule that says so."""

from __future__ import annotations

from math import exp, hypot
from typing import NamedTuple

from analysis.hardware.predict.host import HostTime
from analysis.hardware.predict.spreads import ANY, Spread
from analysis.units import format_share

#: How many of the figures an interval means to hold, and how many standard deviations that takes to each side.
SHARE, DEVIATIONS = 0.9, 1.645
#: Where no device of a group was checked, or no network of a kind, the scatter of all of them is taken, and more.
UNCHECKED = 1.25


def of_few(spread: float, figures: int) -> float:
    """A spread that few figures tell, widened as Student's distribution is."""
    return spread * (1 + 1 / figures)


class Interval(NamedTuple):
    """Seconds between which a batch is meant to take in `SHARE` of all cases."""

    low: float
    high: float
    #: Whether published figures of its kind of network on such a device check it; else a rule widens it.
    is_checked: bool
    #: What the interval is made of.
    rule: str


class Scatter(NamedTuple):
    """What an interval is made of: standard deviations of logarithms."""

    #: Of networks on one device.
    networks: float
    #: Of devices about the rules; None where this one is checked.
    device: Spread | None
    #: Whose figures tell each.
    of_networks: str
    of_devices: str = ""
    #: A kind of which no network was ever checked, in a word; "" where some were.
    unchecked_kind: str = ""
    #: What the interval is not about; "" for nothing.
    note: str = ""

    @property
    def whole(self) -> float:
        """Both together."""
        networks = self.networks * (UNCHECKED if self.unchecked_kind else 1.0)
        if self.device is None:
            return networks
        return hypot(networks, self.device.value * (UNCHECKED if self.of_devices == ANY else 1.0))

    @property
    def factor(self) -> float:
        """By how much the time may be longer or shorter."""
        return exp(DEVIATIONS * self.whole)

    def words(self) -> str:
        """The rule."""
        networks = f"{self.of_networks} scatter by {format_share(self.networks)}"
        if self.unchecked_kind:
            networks += f", and a quarter more as no figure of {self.unchecked_kind} checks it"
        if self.device is None:
            return networks
        count = f"{self.device.devices} devices" if self.device.devices > 1 else "one device"
        wider = ", a quarter more as none of its class was checked" if self.of_devices == ANY else ""
        places = "devices" if self.of_devices == ANY else f"{self.of_devices} devices"
        return (
            f"{networks}, {places} by {format_share(self.device.value)} about the rules ({count} checked, each left "
            f"out{wider})"
        )


def interval(scatter: Scatter, low: float, high: float, host: HostTime, *, is_checked: bool) -> Interval:
    """The interval about predictions at the least and at the most of the host's time.

    Args:
        scatter: what predictions of this sort scatter by.
        low, high: predicted seconds at the least and the most of the host's time.
        host: that time, for the words.
        is_checked: whether the error is known.
    """
    words = f"nine in ten lie within, by this: {scatter.words()}"
    if high > 1.01 * low:
        words += f"; the host takes {1e6 * host.low:.0f} to {1e6 * host.high:.0f} µs a kernel"
    if scatter.note:
        words += f"; {scatter.note}"
    return Interval(low / scatter.factor, high * scatter.factor, is_checked, words)
