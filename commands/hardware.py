"""How fast networks are on GPUs that nobody here owns: predict, published, validate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.hardware.facts.devices import Device, get_device, list_devices, read_device
from analysis.hardware.facts.published import TABLES
from analysis.precision import ARITHMETICS
from analysis.targets import resolve_target
from analysis.units import format_share, format_si, format_size
from archs import checks
from archs.checks import parse_image_size
from commands.options import (
    ALL_FORMATS,
    BatchOption,
    ChangesOption,
    FormatOption,
    NamesArgument,
    OutputOption,
    Request,
    SizeOption,
    parse_changes,
    parse_value,
)
from commands.output import Column, Row, emit, table, text

if TYPE_CHECKING:
    import pandas as pd

    from analysis.hardware.predict.predict import Prediction

DEFAULT_DEVICE = "RTX 4090"


def predict(
    names: NamesArgument,
    device: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DEVICE", help=f"{', '.join(list_devices())}, or all that have the precision; repeatable."
        ),
    ] = None,
    device_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A device of your own: JSON with peaks and bandwidth.")
    ] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Fit the devices to your own measurements of them, three or more each.")
    ] = False,
    batch_size: BatchOption = "256",
    image_size: SizeOption = "own",
    precision: Annotated[str, typer.Option(metavar="PRECISION", help=f"{', '.join(ARITHMETICS)}.")] = "float16",
    layout: Annotated[str, typer.Option(metavar="LAYOUT", help="nchw, or nhwc (channels last).")] = "nchw",
    execution: Annotated[str, typer.Option(metavar="EXECUTION", help="eager, or compiled (torch.compile).")] = "eager",
    per_layer: Annotated[bool, typer.Option("--per-layer", help="Every layer, and what holds it back.")] = False,
    changes: ChangesOption = None,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Predict how long networks take on GPUs, from their layers and the GPUs' data sheets."""
    from analysis.hardware.predict.predict import predict as predict_one

    checks.choice("format", file_format or "table", ALL_FORMATS)
    fields, batch, size = parse_changes(changes or ()), parse_value(batch_size), parse_image_size(image_size)
    targets = [resolve_target(name, **fields) for name in names]
    devices = _devices(device, device_file, precision)
    if calibrate:
        devices = _calibrated(devices)
    found = [
        predict_one(target, met, batch, size, precision, layout, execution) for target in targets for met in devices
    ]
    rows = [row for one in found for row in (_layer_rows(one) if per_layer else [one.row()])]
    columns = _LAYER_COLUMNS if per_layer else _PREDICTION_COLUMNS
    emit(lambda: rows, lambda: _show(found, rows, columns), Request(file_format=file_format, output=output))


def _devices(names: Sequence[str] | None, path: Path | None, precision: str) -> list[Device]:
    own = [] if path is None else [read_device(path)]
    if names == ["all"]:
        shipped = map(get_device, list_devices())
        return [*(device for device in shipped if precision in device.precisions), *own]
    return [*map(get_device, names or ([] if own else [DEFAULT_DEVICE])), *own]


def _calibrated(devices: Sequence[Device]) -> list[Device]:
    """By the results store. Raises: CalibrationError: too little of a device has been measured."""
    from analysis.hardware.measure.results import Results
    from analysis.hardware.predict.calibrated import calibrate_by

    measurements = Results().all()
    return [calibrate_by(measurements, device) for device in devices]


def _layer_rows(one: Prediction) -> list[Row]:
    facts = {"network": one.name, "device": one.device.name, "evidence": "predicted"}
    return [facts | layer._asdict() | {"share_of_time": layer.seconds / one.seconds} for layer in one.layers]


def _show(found: Sequence[Prediction], rows: list[Row], columns: Sequence[Column]) -> Iterator[RenderableType]:
    one = found[0]
    words = f"Predicted, not measured: batch {one.batch_size}, {one.precision}, {one.layout}, {one.execution}."
    yield Text(words, style="dim")
    yield table(rows, columns)
    if any(each.error is None for each in found):
        yield Text("Where no error is given, no published figure tells how far off such predictions are.", style="dim")


def published(
    table_name: Annotated[str, typer.Argument(metavar="TABLE", help=f"{', '.join(TABLES)}.")] = "throughput",
    arch: Annotated[str | None, typer.Option(metavar="NAME", help="A registered name, or the source's.")] = None,
    device: Annotated[str | None, typer.Option(metavar="DEVICE", help="As the source names it.")] = None,
    metric: Annotated[str | None, typer.Option(metavar="METRIC", help="images_per_s, top1_error …")] = None,
    dataset: Annotated[str | None, typer.Option(metavar="NAME", help="ImageNet, CIFAR-10+ …")] = None,
    execution: Annotated[str | None, typer.Option(metavar="EXECUTION", help="eager or compiled.")] = None,
    layout: Annotated[str | None, typer.Option(metavar="LAYOUT", help="nchw or nhwc.")] = None,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show what others have published, each figure with its source and the doubts about it."""
    from analysis.hardware.facts.published import published as find

    frame = find(
        table_name, arch=arch, device=device, metric=metric, dataset=dataset, execution=execution, layout=layout
    )
    rows = _plain_rows(frame)
    used = [column for column in _PUBLISHED_COLUMNS if any(column.cell(row) for row in rows)]
    emit(lambda: rows, lambda: [table(rows, used)], Request(file_format=file_format, output=output))


def _plain_rows(frame: pd.DataFrame) -> list[Row]:
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{"evidence": "published"} | {str(key): value for key, value in record.items()} for record in records]


def validate(
    trials: Annotated[bool, typer.Option("--trials", help="Every figure instead of a summary.")] = False,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Predict every published throughput from what is known without it, and show how far off that is."""
    from analysis.hardware.predict.validation import error_row, small_batch_trials, validate_predictions

    checks.choice("format", file_format or "table", ALL_FORMATS)
    found = validate_predictions()
    small = small_batch_trials()
    if trials:
        rows = [trial.row() for trial in (*found.trials, *small)]
    else:
        last = {"left_out": "small batch", "execution": "eager", "of": small[0].run.device} | error_row(small)
        rows = [*found.rows(), last]
    grid = table(rows, _TRIAL_COLUMNS if trials else _ERROR_COLUMNS)
    emit(lambda: rows, lambda: [grid], Request(file_format=file_format, output=output))


def _si(key: str, header: str, unit: str = "") -> Column:
    return Column(header, lambda row: format_si(row[key], unit))


def _share(key: str, header: str) -> Column:
    return Column(header, lambda row: "" if row[key] is None else format_share(row[key]))


def _signed(key: str, header: str) -> Column:
    return Column(header, lambda row: f"{100 * row[key]:+.1f} %")


def _words(key: str, header: str) -> Column:
    return Column(header, lambda row: "" if row[key] is None else str(row[key]), numeric=False)


_PREDICTION_COLUMNS = (
    text("name", "Name"),
    text("device", "Device"),
    text("calibration", "Calibrated by"),
    Column("Image", lambda row: format_size(row["image_size"])),
    _si("seconds", "Predicted time", "s"),
    _si("images_per_s", "Predicted images/s"),
    _si("flops_per_s", "Predicted FLOP/s", "FLOP/s"),
    _share("share_of_peak", "Share of peak"),
    Column("Held back by memory", lambda row: format_share(row["memory_seconds"] / row["seconds"])),
    Column("by compute", lambda row: format_share(row["compute_seconds"] / row["seconds"])),
    Column("by launch overhead", lambda row: format_share(row["launch_overhead_seconds"] / row["seconds"])),
    _share("median_error", "Known error, median"),
    _share("worst_error", "worst"),
)
_LAYER_COLUMNS = (
    text("network", "Network"),
    text("device", "Device"),
    text("name", "Layer"),
    text("kind", "Kind"),
    _si("flops", "FLOPs", "FLOP"),
    _si("seconds", "Predicted time", "s"),
    _share("share_of_time", "Share of time"),
    text("bound", "Held back by"),
)
_PUBLISHED_COLUMNS = (
    _words("network", "Network"),
    _words("arch", "Ours"),
    _words("dataset", "Data"),
    _words("metric", "Metric"),
    Column("Value", lambda row: f"{row['value']:.10g} {row['unit']}".rstrip()),
    _words("device", "Device"),
    _words("precision", "Precision"),
    _words("layout", "Layout"),
    _words("execution", "Execution"),
    _words("batch_size", "Batch"),
    _words("image_size", "Image"),
    _words("scope", "Of"),
    _words("recipe", "Recipe"),
    _words("evaluation", "Evaluation"),
    _words("software", "Software"),
    _words("source", "Source"),
    _words("note", "Doubts"),
)
_ERROR_COLUMNS = (
    text("left_out", "Left out"),
    text("execution", "Execution"),
    text("of", "Of"),
    Column("Figures", lambda row: str(row["figures"])),
    _share("median_error", "Median error"),
    _share("worst_error", "Worst error"),
    _signed("bias", "Bias"),
    Column("Rank correlation", lambda row: "" if row["rank_correlation"] is None else f"{row['rank_correlation']:.3f}"),
)
_TRIAL_COLUMNS = (
    text("left_out", "Left out"),
    text("network", "Network"),
    text("device", "Device"),
    text("layout", "Layout"),
    text("execution", "Execution"),
    text("image_size", "Image"),
    text("batch_size", "Batch"),
    _si("published_seconds", "Published time", "s"),
    _si("predicted_seconds", "Predicted time", "s"),
    _signed("error", "Error"),
)
