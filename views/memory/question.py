"""What the Memory view is asked: the network and its input, the optimizer, and the memory that there is."""

from __future__ import annotations

import re
from typing import NamedTuple

from analysis.facts import get_device, list_devices
from archs.errors import ConfigError, abbreviate
from views import widgets
from views.sidebar import InputSettings

OPTIMIZERS = {"none": "None", "sgd": "SGD with momentum", "adamw": "AdamW"}
DEFAULT_BUDGET = "24 GB"
#: Sizes that memory comes in; devices of the data sheets stand behind them in the list.
SIZES = ("4 GB", "8 GB", "12 GB", "16 GB", DEFAULT_BUDGET, "32 GB", "48 GB", "80 GB")
_DECIMAL, _BINARY = ("", "k", "m", "g", "t"), ("", "ki", "mi", "gi", "ti")
_UNITS = {f"{prefix}b": 1000**power for power, prefix in enumerate(_DECIMAL)} | {
    f"{prefix}b": 1024**power for power, prefix in enumerate(_BINARY)
}


#: More than any machine has, in bytes.
MOST = 100e12


class Question(NamedTuple):
    """What the whole view is about."""

    name: str
    settings: InputSettings
    budget_bytes: float
    #: A key of `analysis.memory.OPTIMIZERS`.
    optimizer: str


def choose_optimizer() -> str:
    """A key of `analysis.memory.OPTIMIZERS`."""
    help = "What it keeps beside weights and gradients: SGD a momentum, AdamW two moments of every parameter."
    return widgets.choose("Optimizer", "optimizer", OPTIMIZERS, "sgd", help=help)


def choose_budget() -> float:
    """Bytes; says so where the text is no size, and goes on with the default."""
    sizes, help = (*SIZES, *budgets_of_devices()), "Choose a size or a device, or type a size as `10 GB` or `512 MiB`."
    text = widgets.choose_or_type("Memory", "budget", sizes, DEFAULT_BUDGET, help=help)
    try:
        return parse_budget(text)
    except ConfigError as error:
        widgets.say_error(f"{error} {DEFAULT_BUDGET} are used until then.")
        return parse_budget(DEFAULT_BUDGET)


def budgets_of_devices() -> dict[str, float]:
    """The memory of every device whose data sheet tells it, the newest first."""
    devices = [get_device(name) for name in list_devices()[::-1]]
    return {device.name: device.memory_bytes for device in devices if device.memory_bytes}


def parse_budget(text: str | None) -> float:
    """Bytes of a device's memory, or of a size; a number without a unit is in GB.

    >>> parse_budget("RTX 4090"), parse_budget("10.5"), parse_budget("512 MiB")
    (24000000000.0, 10500000000.0, 536870912.0)

    Raises:
        ConfigError: it is none of these.
    """
    text = (text or "").strip()
    for name, nbytes in budgets_of_devices().items():
        if name.casefold() == text.casefold():
            return nbytes
    size = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*([kmgt]?i?b)?", text.lower(), re.ASCII)
    nbytes = float(size[1]) * _UNITS[size[2] or "gb"] if size and (size[2] or "gb") in _UNITS else 0.0
    if not 1 <= nbytes <= MOST:
        allowed = "a size such as 24 GB or 512 MiB, at most 100 TB, or a device"
        raise ConfigError("Memory", abbreviate(text)[1:-1], allowed)
    return nbytes
