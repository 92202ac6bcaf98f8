"""What sort of device one is: who makes it, and for whom. Predictions are as good as what was checked nearby."""

from __future__ import annotations

import re
from collections.abc import Iterable

from analysis.facts import Device

NVIDIA = ("Maxwell", "Pascal", "Volta", "Turing", "Ampere", "Ada Lovelace", "Hopper", "Blackwell")
#: From the one that is checked best to those that hardly are.
CLASSES = ("GeForce", "professional and data centre", "embedded", "AMD", "CPU", "other")
_GEFORCE = re.compile(r"(geforce )?(gtx|rtx [2-5]0[5-9]0)\b|titan", re.IGNORECASE)
_EMBEDDED = re.compile("jetson|orin|tegra", re.IGNORECASE)


def device_class(device: Device) -> str:
    """One of `CLASSES`.

    >>> from analysis.facts import get_device
    >>> [device_class(get_device(name)) for name in ("RTX 3090", "RTX A6000", "Jetson Nano", "Ryzen 9 5950X")]
    ['GeForce', 'professional and data centre', 'embedded', 'CPU']
    """
    if device.is_cpu:
        return "CPU"
    if device.architecture.startswith(("CDNA", "RDNA")):
        return "AMD"
    if not is_nvidia(device):
        return "other"
    if _EMBEDDED.search(device.name):
        return "embedded"
    return "GeForce" if _GEFORCE.match(device.name) else "professional and data centre"


def by_class(devices: Iterable[Device]) -> list[Device]:
    """The devices, one class after another, the newest of each first."""
    return sorted(devices, key=lambda each: (CLASSES.index(device_class(each)), -(each.year or 0), each.name))


def is_nvidia(device: Device) -> bool:
    """Whether its multiprocessors are NVIDIA's; a user's device without an architecture is taken for one."""
    return device.architecture in NVIDIA or (not device.architecture and device.source == "user" and not device.is_cpu)
