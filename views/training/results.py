"""Training: what a finished run gets right and wrong: classes mixed up, accuracy by class, the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.columns import Column, count
from analysis.units import format_percent
from training.data import get_data
from training.data.registry import DataSet
from training.engine.predictions import (
    FILE,
    Mistake,
    Predictions,
    class_scores,
    confusion,
    read_predictions,
    worst_mistakes,
)
from training.findings import mistakes_finding
from training.runs import Run
from views import tables, widgets
from views.answers import kept
from views.charts import training as figures
from views.theme import family_colour

#: Mistakes that are shown; the side of each in pixels.
SHOWN, SIDE = 12, 128
CONFUSION_HELP = (
    "Each row holds the test images of a class, each column what they are taken for. What is right stands on the "
    "diagonal without a colour."
)
MISTAKES_HELP = "Wrongly classified test images to whose true class the network gives the least probability."
COLUMNS = (
    Column("name", "Class", "Of the data set."),
    Column("images", "Test images", "Of this class.", count),
    Column("right", "Right", "So many of them.", count),
    Column("accuracy", "Accuracy", "Share of them that is classified right.", format_percent),
    Column("taken_for", "Most often taken for", "The class that most of its wrong images are taken for."),
    Column("taken", "as often", "So many of them.", count),
)


@kept(16)
def _predictions(folder: Path, written: float) -> Predictions | None:
    return read_predictions(folder)


def predictions_of(run: Run) -> Predictions | None:
    """What a run says of the test images; None before its end."""
    path = run.folder / FILE
    return _predictions(run.folder, path.stat().st_mtime) if path.exists() else None


def draw_results(runs: Sequence[Run]) -> None:
    """Of one of the runs that have come to their end."""
    known = {run.name: found for run in runs if (found := predictions_of(run))}
    if not known:
        if all(run.recipe.boxes for run in runs):
            st.caption("What a detector finds in which image is not kept: its weights are, as a network of their own.")
            return
        st.caption("Which images are mistaken shows once a run has finished.")
        return
    name = next(iter(known))
    if len(known) > 1:
        name = widgets.choose_segment("Mistakes of", "mistakes_of", list(known), name)
    run, predictions = next(run for run in runs if run.name == name), known[name]
    data = get_data(run.data)
    widgets.say(mistakes_finding(run.design.name, predictions, data))
    table = confusion(predictions, len(data.classes))
    scores = _frame(predictions, data)
    with widgets.chart_or_table("Which classes are mixed up?", CONFUSION_HELP, lambda: _show_scores(scores)):
        colour = family_colour(run.design.config.family)
        figure = figures.confusion(table.tolist(), data.classes, colour, widgets.current_theme())
        widgets.draw(figure, "confusion_chart", "Matrix: how many images of each class are taken for each class.")
    _draw_mistakes(worst_mistakes(predictions)[:SHOWN], data)
    widgets.downloads(scores, f"{run.name}_classes")


def _frame(predictions: Predictions, data: DataSet) -> pd.DataFrame:
    """A row a class."""
    rows: list[dict[str, Any]] = []
    for one in class_scores(predictions, len(data.classes)):
        other = "" if one.taken_for is None else data.classes[one.taken_for]
        row = {"name": data.classes[one.label], "images": one.images, "right": one.right, "accuracy": one.accuracy}
        rows.append(row | {"taken_for": other, "taken": one.taken or None})
    return pd.DataFrame(rows)


def _show_scores(scores: pd.DataFrame) -> None:
    tables.show(scores, COLUMNS, "classes_table", 460)


def _draw_mistakes(mistakes: Sequence[Mistake], data: DataSet) -> None:
    """The images, enlarged, with what they are and what they are taken for."""
    if not mistakes:
        return
    st.header("Which mistakes are the worst?", help=MISTAKES_HELP, anchor=False)
    with st.container(horizontal=True, gap="medium"):
        for one in mistakes:
            true, predicted = data.classes[one.true], data.classes[one.predicted]
            with st.container(width=SIDE, gap="xsmall"):
                st.image(enlarged(one.pixels), width=SIDE, alt=f"Test image {one.number}, of class {true}")
                right, wrong = map(widgets.literal, (true, predicted))
                st.caption(f"**{right}**, taken for **{wrong}** ({format_percent(one.confidence)} sure)")


def enlarged(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Bytes (C, H, W) of an image as (H, W) or (H, W, 3), each pixel a square."""
    factor = max(1, -(-SIDE // pixels.shape[-1]))
    image = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    return image.repeat(factor, axis=0).repeat(factor, axis=1)
