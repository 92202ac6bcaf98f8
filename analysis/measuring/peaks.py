"""The most that a device promises: from the name that PyTorch gives a GPU to its data sheet."""

from __future__ import annotations

import re

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
_PRECISIONS = {"float32": "fp32", "tf32": "tf32", "float16": "fp16", "bfloat16": "bf16"}


def peak_flops_per_s(device_name: str, precision: str) -> float | None:
    """FLOP/s of a device's data sheet in the precision of the multiplications; None where no data sheet is known.

    >>> peak_flops_per_s("NVIDIA GeForce RTX 4090", "amp float16")
    165200000000000.0
    >>> peak_flops_per_s("NVIDIA GeForce RTX 4090 Laptop GPU", "float32")
    """
    from analysis.devices import UnknownDeviceError, get_device

    name = _MAKERS.sub("", device_name, count=1)
    try:
        device = get_device(_DATA_SHEETS.get(name, name))
    except UnknownDeviceError:
        return None
    known = _PRECISIONS[precision.removeprefix("amp ")]
    return device.peak_flops_per_s(known) if known in device.precisions else None
