"""From the name that PyTorch gives a GPU to its data sheet in `analysis.devices`."""

from __future__ import annotations

import re

from analysis.devices import Device, UnknownDeviceError, get_device

#: Data sheets by PyTorch's names, where these differ by more than the maker's.
_DATA_SHEETS = {
    "V100-SXM2-16GB": "V100 SXM2 16GB",
    "V100-SXM2-32GB": "V100 SXM2 32GB",
    "A100-SXM4-40GB": "A100 SXM 40GB",
    "A100-SXM4-80GB": "A100 SXM 80GB",
    "H100 80GB HBM3": "H100 SXM",
    "H200": "H200 SXM",
}
_MAKERS = re.compile(r"(NVIDIA |GeForce |Tesla )*")


def data_sheet(device_name: str) -> Device | None:
    """The data sheet of a device, None where none is known.

    >>> data_sheet("NVIDIA GeForce RTX 4090").name
    'RTX 4090'
    >>> data_sheet("NVIDIA GeForce RTX 4090 Laptop GPU")
    """
    name = _MAKERS.sub("", device_name, count=1)
    try:
        return get_device(_DATA_SHEETS.get(name, name))
    except UnknownDeviceError:
        return None
