"""What others' detectors find and cost: detectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.detection import COSTS, Detector, find_detectors, rank_fronts
from analysis.detection_findings import (
    DETECTOR_COLUMNS,
    EXPORTED_KEYS,
    best_finding,
    gain_finding,
    gain_findings,
    gains,
)
from analysis.quantities import PRECISIONS
from archs import checks
from archs.errors import ConfigError
from commands.options import ALL_FORMATS, FormatOption, OutputOption, Request
from commands.output import Grid, Row, emit

#: More sentences than these are summed up in one.
MOST_SENTENCES = 3


def detectors(
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help='COCO, VOC, or one such as "VOC2007 test".')
    ] = None,
    detector: Annotated[
        str | None, typer.Option(metavar="NAME", help='A family, "Faster R-CNN", or one of it.')
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(metavar="NAME", help="A family (vovnet, resnet), a registered name, or the source's.")
    ] = None,
    schedule: Annotated[str | None, typer.Option(metavar="NAME", help="3x, 07+12 …, as the source states it.")] = None,
    device: Annotated[str | None, typer.Option(metavar="DEVICE", help="As the source names it.")] = None,
    front: Annotated[
        bool,
        typer.Option(
            "--front", help="Of the chosen, those that none beats in both precision and cost, like with like."
        ),
    ] = False,
    cost: Annotated[str, typer.Option(metavar="COST", help=f"Of the front: {', '.join(COSTS)}.")] = COSTS[0],
    metric: Annotated[
        str | None, typer.Option(metavar="METRIC", help=f"Of the front: {', '.join(PRECISIONS)}; else boxes.")
    ] = None,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show published detectors: precision, stated costs, source and doubts."""
    checks.choice("format", file_format or "table", ALL_FORMATS)
    found = find_detectors(dataset=dataset, detector=detector, backbone=backbone, schedule=schedule, device=device)
    rows = [row for one in found for row in one.rows()]
    ranked = rank_fronts(found, cost, metric)
    if front and not ranked:
        raise ConfigError("--cost", cost, "one that some of these detectors state beside their precision")
    rows = [row for row in (ranked if front else rows) if device is None or _is_on(row, device)]
    emit(
        lambda: [{key: row.get(key) for key in EXPORTED_KEYS} for row in rows],
        lambda: _show(found, rows),
        Request(file_format=file_format, output=output),
    )


def _is_on(row: Row, device: str) -> bool:
    return str(row.get("device", "")).casefold() == device.strip().casefold()


def _show(found: Sequence[Detector], rows: Sequence[Row]) -> Iterator[RenderableType]:
    yield Text("Published, each by its source; nothing here was trained or timed by DenseScope.", style="dim")
    yield Grid(rows, DETECTOR_COLUMNS, only_used=True)
    yield Text(best_finding(found))
    pairs = gains(found)
    said = list(gain_findings(pairs))
    yield from map(Text, said if len(said) <= MOST_SENTENCES else [gain_finding(pairs)])
