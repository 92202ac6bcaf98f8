"""What others say of hardware: data sheets of devices, and published speeds and accuracies, each with its source."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.precision import ARITHMETICS, parse_arithmetic
from archs import checks, files
from archs.errors import ConfigError, DenseScopeError, abbreviate, nearest_names, said

if TYPE_CHECKING:
    import pandas as pd


DATA = Path(__file__).parent / "data"

#: What is taken for a mistake: the slowest microcontroller and the fastest rack lie between.
_BOUNDS = {
    "fp32_flops_per_s": (1e9, 1e16),
    "tf32_flops_per_s": (1e9, 1e17),
    "fp16_flops_per_s": (1e9, 1e17),
    "bf16_flops_per_s": (1e9, 1e17),
    "bandwidth_bytes_per_s": (1e8, 1e15),
    "l2_bytes": (1e3, 1e11),
    "sm_count": (1, 1e5),
    "boost_hz": (1e7, 1e11),
    "memory_bytes": (1e6, 1e15),
    "tdp_watts": (0.1, 1e5),
    "cores": (1, 1e4),
    "clock_hz": (1e7, 1e11),
    "vector_bits": (32, 8192),
    "fma_units": (1, 16),
}
#: What tells a CPU's peak.
CPU_FIELDS = ("cores", "clock_hz", "vector_bits", "fma_units")
#: Of Intel's and AMD's cores from AVX2 on, where a data sheet doesn't tell.
FMA_UNITS = 2


#: Far more than a device takes, and little enough to read at once.
MAX_BYTES = 64 * 1024

#: What speeds and times are told for until another is chosen.
DEFAULT_DEVICE = "RTX 4090"


class UnknownDeviceError(DenseScopeError, KeyError):
    """No device is known under that name."""

    def __init__(self, name: object, known: Mapping[str, Any]) -> None:
        super().__init__(f"There is no device {abbreviate(name)}; the nearest names are {nearest_names(name, known)}.")


@dataclass(frozen=True, kw_only=True)
class Device:
    """One GPU or CPU by its data sheet; None where no source says.

    Raises:
        ConfigError: a value is missing or absurd.
    """

    name: str
    #: Peak rates of dense arithmetic in FLOP/s. fp16 and bf16 accumulate in float32, as PyTorch does: on GeForce
    #: cards that is half of the advertised tensor rate. Of a CPU, what the four fields below give.
    fp32_flops_per_s: float = 0.0
    tf32_flops_per_s: float | None = None
    fp16_flops_per_s: float | None = None
    bf16_flops_per_s: float | None = None
    bandwidth_bytes_per_s: float
    l2_bytes: float | None = None
    sm_count: float | None = None
    boost_hz: float | None = None
    memory_bytes: float | None = None
    tdp_watts: float | None = None
    #: Of a CPU, and of nothing else: cores (of two sorts, all as the slower one, for threads share work evenly), the
    #: clock that they keep together, bits of a vector, and units a core that multiply and add vectors.
    cores: float | None = None
    clock_hz: float | None = None
    vector_bits: float | None = None
    fma_units: float | None = None
    architecture: str = ""
    year: int | None = None
    source: str = "user"
    #: Where sources contradict each other.
    note: str = ""

    def __post_init__(self) -> None:
        if not (checks.word(self.name) or "").strip():
            raise ConfigError("name", self.name, "the name of the device")
        for field in ("name", "architecture", "source", "note"):
            checks.keep(self, **{field: checks.text(field, getattr(self, field))})
        if self.year is not None:
            checks.keep(self, year=checks.integer("year", self.year, 1900, 2200))
        if self.is_cpu:
            self._keep_cpu()
        for field, (low, high) in _BOUNDS.items():
            value = getattr(self, field)
            if value is not None or field in ("fp32_flops_per_s", "bandwidth_bytes_per_s"):
                checks.keep(self, **{field: _checked(self.name, field, value, low, high)})

    @property
    def is_cpu(self) -> bool:
        """Whether the sheet is a CPU's: it tells of cores."""
        return self.cores is not None

    def _keep_cpu(self) -> None:
        """Its peak follows from the rest: a vector's numbers, each multiplied and added in one clock."""
        for field in ("tf32_flops_per_s", "fp16_flops_per_s", "bf16_flops_per_s"):
            if getattr(self, field) is not None:
                raise ConfigError(f"{field} of {self.name}", getattr(self, field), "left out: CPUs are told in float32")
        checks.keep(self, fma_units=FMA_UNITS if self.fma_units is None else self.fma_units)
        told = [_checked(self.name, field, getattr(self, field), *_BOUNDS[field]) for field in CPU_FIELDS]
        cores, clock, bits, units = told
        if not self.fp32_flops_per_s:
            checks.keep(self, fp32_flops_per_s=cores * clock * (bits / 32) * 2 * units)

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions for which a peak is known."""
        return tuple(name for name, sheet in ARITHMETICS.items() if getattr(self, f"{sheet}_flops_per_s"))

    def peak_flops_per_s(self, precision: str) -> float:
        """The peak at a precision. Raises: ConfigError: the device lacks it."""
        precision = parse_arithmetic(precision)
        if precision != "float32" and self.is_cpu:
            raise ConfigError("precision", precision, f"'float32' on {self.name}: no figure of a CPU checks others")
        if precision not in self.precisions:
            known = ", ".join(map(repr, self.precisions))
            raise ConfigError("precision", precision, f"one that {self.name} has by its data sheet: {known}")
        return float(getattr(self, f"{ARITHMETICS[precision]}_flops_per_s"))


def _checked(name: str, field: str, value: Any, low: float, high: float) -> float:
    try:
        return checks.number(field, value, low, high, open_low=False, open_high=False)
    except ConfigError:
        raise ConfigError(f"{field} of {name}", value, f"a number from {low:g} to {high:g}, in base units") from None


@cache
def _shipped() -> dict[str, Device]:
    found: dict[str, Device] = {}
    for table in ("devices.csv", "cpus.csv"):
        with (DATA / table).open(encoding="utf-8", newline="") as lines:
            found |= {device.name: device for device in map(_device_of_row, csv.DictReader(lines))}
    return found


def _device_of_row(row: dict[str, str]) -> Device:
    values = {key: float(value) if key in _BOUNDS else value for key, value in row.items() if value}
    return Device(**values | {"year": int(row["year"])})  # type: ignore[arg-type]


@cache
def _by_folded_name() -> dict[str, Device]:
    return {name.casefold(): device for name, device in _shipped().items()}


def list_devices() -> list[str]:
    """The names of the shipped devices, oldest first."""
    return sorted(_shipped(), key=lambda name: (_shipped()[name].year or 0, name))


#: Data sheets by the names that `torch.cuda.get_device_name` gives, where these differ by more than the maker's.
_TORCH_NAMES = {
    "V100-SXM2-16GB": "V100 SXM2 16GB",
    "V100-SXM2-32GB": "V100 SXM2 32GB",
    "V100-PCIE-16GB": "V100 PCIe 16GB",
    "A100-SXM4-40GB": "A100 SXM 40GB",
    "A100-SXM4-80GB": "A100 SXM 80GB",
    "A100-SXM-80GB": "A100 SXM 80GB",
    "A100-PCIE-40GB": "A100 PCIe 40GB",
    "A100 80GB PCIe": "A100 PCIe 80GB",
    "H100 80GB HBM3": "H100 SXM",
    "H200": "H200 SXM",
    "GH200 480GB": "GH200",
    "RTX 2060 with Max-Q Design": "RTX 2060 Max-Q",
    "RTX 6000 Ada Generation": "RTX 6000 Ada",
    "RTX PRO 6000 Blackwell Workstation Edition": "RTX PRO 6000 Blackwell",
    "RTX PRO 6000 Blackwell Max-Q Workstation Edition": "RTX PRO 6000 Blackwell Max-Q",
    "TITAN X": "TITAN X (Pascal)",
    "Instinct MI250X / MI250": "Instinct MI250 (1 GCD)",
}
_SHEET_NAMES = {name.casefold(): sheet.casefold() for name, sheet in _TORCH_NAMES.items()}
#: Makers' names, and what systems write around a CPU's: "Intel(R) Core(TM) i9-10940X CPU @ 3.30GHz".
_MAKERS = re.compile(
    r"^(\d+th gen |nvidia |amd |geforce |tesla |intel(\(r\))? )*|\((r|tm)\)|( cpu)? @ .*$| \d+-core processor$"
)


def get_device(device: str | Device) -> Device:
    """A shipped device by its name or PyTorch's, whatever the case; a `Device` stays as it is.

    >>> get_device("rtx 4090").bandwidth_bytes_per_s
    1008000000000.0
    >>> get_device("NVIDIA A100-SXM4-40GB").name
    'A100 SXM 40GB'

    Raises:
        UnknownDeviceError: no such device; it names the nearest three.
    """
    if isinstance(device, Device):
        return device
    name = _MAKERS.sub("", said(device).strip().casefold())
    try:
        return _by_folded_name()[_SHEET_NAMES.get(name, name)]
    except KeyError:
        raise UnknownDeviceError(device, _shipped()) from None


def read_device(path: str | PathLike[str]) -> Device:
    """A user's device from a JSON file. Raises: ConfigError: it cannot be read, or as `parse_device`."""
    place = checks.path("device file", path)
    try:
        content = files.read(place, MAX_BYTES)
    except OSError as error:
        raise ConfigError("device file", str(place), f"a readable JSON file ({error.strerror})") from None
    return parse_device(content, str(place))


def parse_device(content: str | bytes, source: str) -> Device:
    """A user's device from JSON: an object with fields of `Device`, in base units.

    Args:
        content: the JSON.
        source: the file's name, for errors.

    Raises:
        ConfigError: it is no such object, a field is missing, unknown or absurd, or the name is a shipped device's.
    """
    try:
        values = json.loads(content)
    except (ValueError, RecursionError, TypeError):
        raise ConfigError("device file", source, "a JSON file") from None
    if not isinstance(values, dict):
        raise ConfigError("device file", source, "a JSON object such as {name: …, fp32_flops_per_s: …}")
    device = device_of(values)
    if device.name.strip().casefold() in (shipped.casefold() for shipped in list_devices()):
        raise ConfigError("name", device.name, "one that no shipped device has")
    return device


def device_of(values: Mapping[str, Any]) -> Device:
    """A device from a mapping of `Device` fields. Raises: ConfigError: one is missing, unknown or absurd."""
    known = [field.name for field in fields(Device)]
    values = checks.mapping("device", values, len(known), "a mapping of fields such as name and fp32_flops_per_s")
    for field in values:
        if field not in known:
            raise ConfigError("device field", field, f"one of a device: {nearest_names(field, known)} are nearest")
    peak = CPU_FIELDS[:3] if "cores" in values else ("fp32_flops_per_s",)
    for field in ("name", *peak, "bandwidth_bytes_per_s"):
        if field not in values:
            raise ConfigError("device", values, f"given with {field}")
    return Device(**values)


def data_sheet(device_name: str) -> Device | None:
    """The data sheet of a device by PyTorch's name or ours, None where none is known.

    >>> data_sheet("NVIDIA GeForce RTX 4090").name
    'RTX 4090'
    >>> data_sheet("NVIDIA GeForce RTX 4090 Laptop GPU")
    """
    try:
        return get_device(device_name)
    except UnknownDeviceError:
        return None


TABLES = ("throughput", "training", "accuracy", "latency", "costs", "detection")
#: The columns of every table but that of detectors: what it is about, the fact, the circumstances, where it comes from.
COLUMNS = [
    *("arch", "network", "metric", "value", "unit"),
    *("dataset", "recipe", "evaluation", "image_size"),
    *("device", "precision", "layout", "execution", "software", "batch_size", "scope"),
    *("source", "note"),
]
#: The same of detectors, which are a network on top of another.
DETECTION_COLUMNS = [
    *("detector", "backbone", "arch", "metric", "value", "unit"),
    *("dataset", "schedule", "image_size", "device", "software", "source", "note"),
]


def columns_of(table: str) -> list[str]:
    """The columns of one of `TABLES`."""
    return DETECTION_COLUMNS if table == "detection" else COLUMNS


class UnknownFactError(DenseScopeError, KeyError):
    """Nothing is published under that name."""

    def __init__(self, column: str, value: object, known: list[str]) -> None:
        nearest = nearest_names(value, known)
        super().__init__(f"Nothing is published under {column} {abbreviate(value)}; the nearest names are {nearest}.")


def published(
    table: str = "throughput",
    *,
    arch: str | None = None,
    device: str | None = None,
    metric: str | None = None,
    dataset: str | None = None,
    execution: str | None = None,
    layout: str | None = None,
    detector: str | None = None,
    backbone: str | None = None,
    schedule: str | None = None,
) -> pd.DataFrame:
    """The published facts of a table that fit all filters, with the columns `columns_of` the table.

    Args:
        table: one of `TABLES`.
        arch: a registered name, or the name that the source uses ("timm/resnet50", "VoVNet-39").
        device: as the source names it: "RTX 4090".
        metric: "images_per_s", "seconds", "joules_per_image", "top1_error" …
        dataset: "ImageNet", "CIFAR-10+" …
        execution: "eager" or "compiled".
        layout: "nchw" or "nhwc".
        detector: as the source names it: "Faster R-CNN FPN"; only of the table "detection", as the next two.
        backbone: as the source names it: "V2-39".
        schedule: as the source states it: "3x".

    Raises:
        ConfigError: there is no such table, or it does not tell what is asked for.
        UnknownFactError: the table has nothing under a name; it names the nearest three.
    """
    frame = _read(checks.choice("table", table, TABLES))
    wanted = {"device": device, "metric": metric, "dataset": dataset, "execution": execution, "layout": layout}
    wanted |= {"detector": detector, "backbone": backbone, "schedule": schedule}
    if arch is not None:
        frame = _matching(frame, ("arch", "network", "backbone"), "arch", arch)
    for column, value in wanted.items():
        if value is not None:
            frame = _matching(frame, (column,), column, value)
    return frame.reset_index(drop=True)


def _matching(frame: pd.DataFrame, columns: tuple[str, ...], label: str, value: Any) -> pd.DataFrame:
    columns = tuple(column for column in columns if column in frame)
    word = said(value).encode(errors="replace").decode()  # half a character is in no table, and cannot be looked for
    fits = frame[list(columns)].isin([word]).any(axis="columns")
    if not fits.any():
        known = sorted({name for column in columns for name in frame[column] if name})
        if not known:
            raise ConfigError(label, value, "left out: what is asked for has none")
        raise UnknownFactError(label, value, known)
    return frame[fits]


@cache
def _read(table: str) -> pd.DataFrame:
    import pandas as pd

    types = dict.fromkeys({*COLUMNS, *DETECTION_COLUMNS} - {"value"}, "str")
    types |= {"image_size": "Int64", "batch_size": "Int64"}
    frame = pd.read_csv(DATA / f"published_{table}.csv", dtype=types).reindex(columns=columns_of(table))
    numbers = ["value", "image_size", "batch_size"]
    words = [column for column in columns_of(table) if column not in numbers]
    return frame.assign(**{column: frame[column].astype(object).fillna("").astype("str") for column in words})
