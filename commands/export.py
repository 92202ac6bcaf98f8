"""A network for other programs, and made faster: export, optimize."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from analysis.columns import columns
from analysis.optimize.saving import COUNTED, saving
from analysis.summary import summarize
from analysis.targets import resolve_target
from archs.checks import parse_image_size
from archs.create import create_backbone, create_model
from archs.described import check_bytes
from archs.errors import ConfigError, DenseScopeError, WeightsWarning
from commands.options import NameArgument, Request, parse_changes, parse_value, takes_request
from commands.output import Grid, emit
from detectors import DetectorConfig, is_detector_name, resolve_detector


def export(
    name: NameArgument,
    onnx: Annotated[Path | None, typer.Option(metavar="FILE", help="Write ONNX, checked with onnxruntime.")] = None,
    torchscript: Annotated[Path | None, typer.Option(metavar="FILE", help="Write TorchScript, checked.")] = None,
    safetensors: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the weights alone.")] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHTS",
            help="A file, run:NAME, timm/NAME.TAG or torchvision/DEFAULT; left out: a run's own, else freshly drawn.",
        ),
    ] = None,
    image_size: Annotated[str, typer.Option(metavar="SIZE", help="A side, height x width, or its own.")] = "own",
    batch_size: Annotated[str, typer.Option(metavar="N", help="The one batch that it takes, or any.")] = "any",
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change a field: num_classes=10.")
    ] = None,
) -> None:
    """Write a network to a file that other programs can run, compared with PyTorch first."""
    targets = {"onnx": onnx, "torchscript": torchscript, "safetensors": safetensors}
    chosen = [(file_format, path) for file_format, path in targets.items() if path is not None]
    if len(chosen) != 1:
        raise DenseScopeError("Give one of --onnx FILE, --torchscript FILE and --safetensors FILE.")
    [(file_format, path)] = chosen
    size, batch = parse_image_size(image_size), None if batch_size == "any" else parse_value(batch_size)
    fields = parse_changes(changes or ())
    check_bytes("Its weights would have", 4 * summarize(resolve_target(name, **fields), size).params)
    model = _build(name, weights, fields)
    from archs.export import export_model

    difference = export_model(model, path, file_format, size, batch)
    row = {
        "name": name,
        "file": str(path),
        "weights": str(model.weights_report or "freshly initialised."),
        "largest_difference": difference,
    }
    emit(lambda: [row], lambda: [Text(_SENTENCES.format_map(row))], Request())


_SENTENCES = """\
{name} written to {file}.
Weights: {weights}
Largest difference from PyTorch's output, on random images: {largest_difference:.2g} of the largest output."""


def _build(name: str, weights: str | None, fields: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeightsWarning)  # the report says the same
        if is_detector_name(name):
            config = resolve_detector(name, **fields)
            if isinstance(config, DetectorConfig):
                allowed = f"'backbone/{name.partition('/')[2]}': what boxes become is torchvision's Python, in no file"
                raise ConfigError("name", name, allowed)
            return create_backbone(config.backbone, out_indices=config.out_indices, weights=weights)
        return create_model(name, weights=weights, **fields)


@takes_request
def optimize(
    name: NameArgument,
    channels_last: Annotated[
        bool, typer.Option(help="Lay weights channels last; then dense blocks write into one buffer.")
    ] = True,
    *,
    request: Request,
) -> None:
    """Show what folding batch norms and avoiding concatenations saves; docs/inference.md tells how to use it."""
    [(_, target)] = request.targets([name])
    found = saving(target, *request.input, channels_last=channels_last)
    rows = [{"name": found.name} | found.before, {"name": "optimised"} | found.after]
    emit(lambda: rows, lambda: [Grid(rows, columns("network.name", *COUNTED)), Text(str(found.report))], request)
