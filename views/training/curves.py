"""Training: the curves of runs abreast, beside what is published of their data sets and networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from analysis.units import format_percent, format_si
from archs.registry import list_families
from training.columns import RUNS, run_row
from training.data import get_data
from training.published_curves import Published, beside
from training.runs import Run
from training.runs.progress import Progress
from views import tables, widgets
from views.charts import training as figures
from views.charts.training import Curve
from views.theme import Theme, family_colour, mix

#: Runs of one family, one after the other: how far they are from its colour to the outline's, and their marks.
STYLES = (
    (0.0, "circle"),
    (0.6, "square"),
    (0.3, "diamond"),
    (0.75, "triangle-up"),
    (0.15, "triangle-down"),
    (0.45, "star"),
)
HELP = (
    "Share of the test images that is classified right, after each epoch. Own runs are solid, thin lines are of the "
    "images that a run learns from, and dotted is what others published: hover it for its source."
)


def draw_curves(runs: Sequence[Run], found: Mapping[str, Progress]) -> None:
    """What has been learned so far, with the table of the runs beside it; below, how."""
    theme = widgets.current_theme()
    styles = styles_of(runs, theme)
    epochs = max(run.recipe.epochs for run in runs)

    def lines(key: str, kind: str = "steps", *, said: str = "", averaged: str = "") -> list[Curve]:
        drawn = []
        for run in runs:
            known = found[run.name].curves
            points = known.get(averaged) or known.get(key, ())
            style = styles[run.name]
            told = f"{run.name}{said}" if said else ""
            drawn.append(Curve(run.name, kind, style.colour, points, told, symbol=style.symbol))
        return drawn

    first, *others = lines("train_accuracy", "learning")
    accuracy = [
        first._replace(said="thin: of the images that it learns from"),
        *others,
        *lines("test_accuracy", "trained", said=": trained here", averaged="averaged_accuracy"),
        *_published(runs, styles, epochs, theme),
    ]
    found_boxes = lines("test_ap50", "trained", said=": trained here", averaged="averaged_ap50")
    with widgets.chart_or_table("What has been learned?", HELP, lambda: _show_table(runs)):
        if any(line.points for line in accuracy if line.kind != "published") or not any(
            run.recipe.boxes for run in runs
        ):
            _draw_accuracy(accuracy, epochs, theme)
        if any(line.points for line in found_boxes):
            figure = figures.curves(found_boxes, format_percent, "AP50", epochs, theme, share=True)
            widgets.draw(figure, "precision_curves", "Lines: AP50 of each detector on the test images over its epochs.")
        elif all(run.recipe.boxes for run in runs):
            st.caption("The curve of AP50 begins with the end of the first epoch, where torchmetrics is installed.")
    panels = (
        ([*lines("loss", "learning"), *lines("test_loss", "trained", averaged="averaged_loss")], "Loss", _three_digits),
        (lines("lr"), "Learning rate", _three_digits),
        (lines("images_per_s"), "Images/s", format_si),
    )
    known = [panel for panel in panels if any(line.points for line in panel[0])]
    for place, (drawn, title, write) in zip(st.columns(len(panels)), known, strict=False):
        with place:
            figure = figures.curves(drawn, write, title, epochs, theme, height=figures.LOW)
            widgets.draw(figure, f"curves of {title}", f"Lines: {title} of each run over its epochs.")


def _draw_accuracy(accuracy: Sequence[Curve], epochs: float, theme: Theme) -> None:
    if not any(line.points for line in accuracy):
        st.caption("The curve begins with the end of the first epoch.")
        return
    figure = figures.curves(accuracy, format_percent, "Test accuracy", epochs, theme, share=True)
    widgets.draw(figure, "accuracy_curves", "Lines: accuracy of each run over its epochs, and what is published.")


class Style(NamedTuple):
    """How the curves of a run look."""

    colour: str
    symbol: str


def styles_of(runs: Sequence[Run], theme: Theme) -> dict[str, Style]:
    """The family's colour, and within a family shades and marks of their own."""
    count = dict.fromkeys(list_families(), 0)
    found = {}
    for run in runs:
        family = family_of(run)
        shade, symbol = STYLES[count[family] % len(STYLES)]
        found[run.name] = Style(mix(family_colour(family), theme.outline_towards, shade), symbol)
        count[family] += 1
    return found


def family_of(run: Run) -> str:
    """The family of what is trained, or of a detector's backbone."""
    config: Any = run.design.config
    return str(getattr(config, "backbone", config).family)


def _three_digits(value: float) -> str:
    return f"{value:.3g}"


def _published(runs: Sequence[Run], styles: Mapping[str, Style], epochs: int, theme: Theme) -> list[Curve]:
    """What is published of the runs' data sets and networks, each once, in the colour of the run of its network."""
    own = {run.design.name: styles[run.name].colour for run in runs}
    found = dict.fromkeys(one for run in runs for one in beside(run.design.name, run.data, run.recipe))
    return [_line(one, epochs, own.get(one.arch, theme.muted)) for one in found]


def _line(one: Published, epochs: int, colour: str) -> Curve:
    """A published curve as far as the axis reaches; an end point as a level."""
    name = f"{one.network}, {get_data(one.data).title}"
    source = f"<br>published: {one.source}{f'<br>{one.note}' if one.note else ''}"
    points = one.points if len(one.points) > 1 else ((0, one.accuracy), (epochs, one.accuracy))
    said = f"{one.network}: published, {format_percent(one.accuracy)} after {one.epochs:,} epochs"
    return Curve(name, "published", colour, [point for point in points if point[0] <= epochs], said, source)


def _show_table(runs: Sequence[Run]) -> None:
    tables.show(pd.DataFrame([run_row(run) for run in runs]), RUNS, "runs_table")
