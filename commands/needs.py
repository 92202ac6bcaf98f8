"""Which device is enough for so many images a second, and what energy does an image take at most: needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from analysis.columns import columns
from analysis.facts import Device, get_device, list_devices, read_device
from analysis.targets import resolve_target
from archs import checks
from archs.checks import parse_image_size
from commands.options import (
    ALL_FORMATS,
    BatchOption,
    ChangesOption,
    DeviceFileOption,
    FormatOption,
    HostOption,
    OutputOption,
    Request,
    SizeOption,
    parse_changes,
    parse_value,
)
from commands.output import Grid, emit

COLUMNS = columns(
    *("device", "device_class", "need.verdict", "least_images_per_s", "images_per_s", "most_images_per_s", "evidence"),
    *("checked", "devices_needed", "tdp_watts", "joules_at_most"),
)


def needs(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A network, as everywhere.")],
    images_per_s: Annotated[float, typer.Option(metavar="N", help="Images a second that are needed.")],
    device_file: DeviceFileOption = None,
    batch_size: BatchOption = "256",
    image_size: SizeOption = "own",
    precision: Annotated[str, typer.Option(metavar="PRECISION", help="As of predict.")] = "float16",
    layout: Annotated[str, typer.Option(metavar="LAYOUT", help="nchw, or nhwc (channels last).")] = "nchw",
    execution: Annotated[str, typer.Option(metavar="EXECUTION", help="eager, or compiled (torch.compile).")] = "eager",
    host_microseconds: HostOption = None,
    changes: ChangesOption = None,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Rank all devices, and your own, by whether they are enough for so many images/s, with the energy at most."""
    from analysis.hardware.needs import energy_finding, needs_finding, rank_devices
    from analysis.hardware.predict.host import host_of
    from analysis.hardware.predict.kernels import EXECUTIONS
    from analysis.hardware.predict.predict import LAYOUTS
    from analysis.hardware.speeds import Conditions

    checks.choice("format", file_format or "table", ALL_FORMATS)
    conditions = Conditions(
        checks.batch_size(parse_value(batch_size)),
        parse_image_size(image_size),
        precision,
        checks.choice("layout", layout, LAYOUTS),
        host_of(host_microseconds),
    )
    target = resolve_target(name, **parse_changes(changes or ()))
    execution = checks.choice("execution", execution, EXECUTIONS)
    found = rank_devices(target, images_per_s, _devices(device_file, precision), execution, conditions)
    rows = [fit.row() for fit in found]
    emit(
        lambda: rows,
        lambda: [Text(needs_finding(found)), Grid(rows, COLUMNS), Text(energy_finding(found), style="dim")],
        Request(file_format=file_format, output=output),
    )


def _devices(path: Path | None, precision: str) -> list[Device]:
    """Those that are shipped and one's own. Raises: ConfigError: there is no such file, or precision of it."""
    own = [] if path is None else [read_device(path)]
    for device in own:
        device.peak_flops_per_s(precision)
    return [*map(get_device, list_devices()), *own]
