"""How fast networks are on devices that nobody here owns: predict, published, validate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.columns import Column, by_evidence, columns
from analysis.facts import DEFAULT_DEVICE, TABLES, Device, get_device, list_devices, read_device
from analysis.precision import ARITHMETICS
from analysis.targets import resolve_target
from analysis.units import join
from archs import checks
from archs.checks import parse_image_size
from commands.options import (
    ALL_FORMATS,
    BatchOption,
    ChangesOption,
    DeviceFileOption,
    FormatOption,
    HostOption,
    NamesArgument,
    OutputOption,
    Request,
    SizeOption,
    parse_changes,
    parse_value,
)
from commands.output import Grid, Row, emit

if TYPE_CHECKING:
    import pandas as pd

    from analysis.hardware.predict.predict import Prediction


def predict(
    names: NamesArgument,
    device: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DEVICE", help=f"{', '.join(list_devices())}, or all that have the precision; repeatable."
        ),
    ] = None,
    device_file: DeviceFileOption = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Fit the devices to your own measurements of them, three or more each.")
    ] = False,
    batch_size: BatchOption = "256",
    image_size: SizeOption = "own",
    precision: Annotated[str, typer.Option(metavar="PRECISION", help=f"{', '.join(ARITHMETICS)}.")] = "float16",
    layout: Annotated[str, typer.Option(metavar="LAYOUT", help="nchw, or nhwc (channels last).")] = "nchw",
    execution: Annotated[str, typer.Option(metavar="EXECUTION", help="eager, or compiled (torch.compile).")] = "eager",
    mode: Annotated[str, typer.Option(metavar="MODE", help="inference, or training: a step.")] = "inference",
    optimizer: Annotated[
        str, typer.Option(metavar="NAME", help="Of training: sgd (with momentum), adamw, or none.")
    ] = "sgd",
    images: Annotated[
        int | None, typer.Option(metavar="N", help="Of a data set: how long an epoch of training takes.")
    ] = None,
    host_microseconds: HostOption = None,
    per_layer: Annotated[bool, typer.Option("--per-layer", help="Every layer, and what holds it back.")] = False,
    changes: ChangesOption = None,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Predict how long networks take on GPUs and CPUs, or training steps on GPUs, from layers and data sheets."""
    from analysis.hardware.predict.host import host_of
    from analysis.hardware.predict.predict import predict as predict_one

    checks.choice("format", file_format or "table", ALL_FORMATS)
    fields, batch, size = parse_changes(changes or ()), parse_value(batch_size), parse_image_size(image_size)
    targets = [resolve_target(name, **fields) for name in names]
    devices = _devices(device, device_file, precision, mode)
    if calibrate:
        devices = _calibrated(devices)
    host = host_of(host_microseconds)
    found = [
        predict_one(
            *(target, met, batch, size, precision, layout, execution),
            mode=mode,
            optimizer=optimizer,
            host_seconds=host,
        )
        for target in targets
        for met in devices
    ]
    rows = [row for one in found for row in (_layer_rows(one) if per_layer else [one.row() | _training(one, images)])]
    shown = (STEP_LAYERS if per_layer else STEPS) if mode == "training" else LAYERS if per_layer else PREDICTIONS
    emit(lambda: rows, lambda: _show(found, rows, shown), Request(file_format=file_format, output=output))


def _training(one: Prediction, images: int | None) -> Row:
    """What is told of a training step beside."""
    from analysis.hardware.predict.step_prediction import StepPrediction

    if not isinstance(one, StepPrediction):
        return {}
    epoch = None if images is None else one.epoch_seconds(images)
    return {"float32_bytes": one.float32_bytes(), "epoch_images": images, "epoch_seconds": epoch}


def _devices(names: Sequence[str] | None, path: Path | None, precision: str, mode: str) -> list[Device]:
    own = [] if path is None else [read_device(path)]
    if names == ["all"]:
        shipped = [device for device in map(get_device, list_devices()) if precision in device.precisions]
        return [*(device for device in shipped if mode == "inference" or not device.is_cpu), *own]
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


def _show(found: Sequence[Prediction], rows: list[Row], shown: Sequence[Column]) -> Iterator[RenderableType]:
    one = found[0]
    of = "" if "mode" not in rows[0] else f" a training step ({rows[0]['optimizer']}; loading images is not in it),"
    words = f"Predicted, not measured:{of} batch {one.batch_size}, {one.precision}, {one.layout}, {one.execution}."
    yield Text(words, style="dim")
    yield Grid([_with_bounds(row) for row in rows], shown, only_used=shown is STEPS)
    rules: dict[str, list[str]] = {}
    for each in found:
        rules.setdefault(each.interval.rule if each.interval else "", []).append(each.device.name)
    for rule, devices in rules.items():
        where = f"{join(list(dict.fromkeys(devices)))}: " if len(rules) > 1 else ""
        yield Text(f"{where}{rule}.", style="dim")
    for left_out in dict.fromkeys(each.target.left_out for each in found if each.target.left_out):
        yield Text(f"{left_out}.", style="dim")


def _with_bounds(row: Row) -> Row:
    """Why it takes its time, and of a step of training what for, as shares of that."""
    bounds = ("memory", "compute", "launch_overhead", "forward", "again", "backward", "update")
    return row | {f"{one.split('_')[0]}_share": row.get(f"{one}_seconds", 0) / row["seconds"] for one in bounds}


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
    from analysis.facts import published as find

    frame = find(
        table_name, arch=arch, device=device, metric=metric, dataset=dataset, execution=execution, layout=layout
    )
    rows = _plain_rows(frame)
    shown = [row | {"value": f"{row['value']:.10g} {row['unit']}".rstrip()} for row in rows]
    facts = DETECTION_FACTS if table_name == "detection" else FACTS
    emit(lambda: rows, lambda: [Grid(shown, facts, only_used=True)], Request(file_format=file_format, output=output))


def _plain_rows(frame: pd.DataFrame) -> list[Row]:
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{"evidence": "published"} | {str(key): value for key, value in record.items()} for record in records]


def validate(
    trials: Annotated[bool, typer.Option("--trials", help="Every figure instead of a summary.")] = False,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Predict every published throughput without it: how far off, and how often within the interval; training too."""
    from analysis.hardware.predict.coverage import check_intervals, coverage_rows
    from analysis.hardware.predict.cpus import cpu_error_rows
    from analysis.hardware.predict.detector_trials import detector_rows, detector_trials
    from analysis.hardware.predict.step_calibrated import error_rows
    from analysis.hardware.predict.validation import (
        error_row,
        left_out_devices,
        small_batch_trials,
        validate_predictions,
    )

    checks.choice("format", file_format or "table", ALL_FORMATS)
    found, small, devices = validate_predictions(), small_batch_trials(), left_out_devices()
    if trials:
        rows = [trial.row() for trial in (*found.trials, *small, *devices)]
        rows += [each.trial.row() for each in detector_trials()]
        grids: list[RenderableType] = [Grid(rows, TRIALS)]
    else:
        last = {"left_out": "small batch", "execution": "eager", "of": small[0].run.device} | error_row(small)
        errors = [*found.rows(), last]
        covered = coverage_rows(check_intervals(found, devices))
        steps = [{"mode": "training", **row} for row in error_rows()]
        cpus = [{"device_class": "CPU", **row} for row in cpu_error_rows()]
        detectors = detector_rows()
        rows = [*errors, *covered, *steps, *cpus, *detectors]
        grids = [Grid(errors, ERRORS), Grid(covered, COVERAGE)]
        grids += [Text("\nTraining steps:"), Grid(steps, STEP_ERRORS), Text("\nOn CPUs:"), Grid(cpus, CPU_ERRORS)]
        grids += [Text("\nDetectors, with what others of the machine take beside:"), Grid(detectors, STEP_ERRORS)]
    emit(lambda: rows, lambda: grids, Request(file_format=file_format, output=output))


PREDICTIONS = (
    *columns("network.name", "device", "calibration", "image_size", "prediction.seconds"),
    *columns("at_least_seconds", "at_most_seconds"),
    *by_evidence("Predicted", "images_per_s", "flops_per_s"),
    *columns("share_of_peak", "memory_share", "compute_share", "launch_share"),
)
LAYERS = columns(*("network", "device", "layer.name", "kind", "flops", "prediction.seconds", "share_of_time", "bound"))
STEPS = (
    *columns("network.name", "device", "image_size", "prediction.seconds", "at_least_seconds", "at_most_seconds"),
    *by_evidence("Predicted", "images_per_s"),
    *columns("forward_share", "again_share", "backward_share", "update_share", "epoch_seconds", "float32_bytes"),
)
STEP_LAYERS = columns(
    *("network", "device", "layer.name", "kind", "flops", "forward_seconds", "again_seconds", "backward_seconds"),
    *("update_seconds", "share_of_time", "bound"),
)
FACTS = columns(
    *("network", "arch", "dataset", "metric", "published.value", "device", "precision", "layout", "execution"),
    *("batch_size", "side.image_size", "scope", "recipe", "evaluation", "software", "source", "note"),
)
DETECTION_FACTS = columns(
    *("detector", "backbone", "arch", "detector.dataset", "schedule", "detector.image_size"),
    *("metric", "published.value", "detector.device", "software", "source", "note"),
)
ERRORS = columns(*("left_out", "execution", "of", "figures", "median_error", "worst_error", "bias", "rank_correlation"))
COVERAGE = columns("left_out", "of", "figures", "median_error", "bias", "half_width", "coverage")
STEP_ERRORS = columns("left_out", "of", "figures", "median_error", "worst_error", "bias", "coverage")
CPU_ERRORS = columns("left_out", "of", "figures", "median_error", "worst_error", "bias", "half_width", "coverage")
TRIALS = columns(
    *("left_out", "network", "device", "layout", "execution", "side.image_size", "batch_size"),
    *("published_seconds", "predicted_seconds", "trial.error"),
)
