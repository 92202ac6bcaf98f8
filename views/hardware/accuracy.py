"""Hardware: what does accuracy cost?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mode
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from analysis.columns import Column, columns
from analysis.hardware.accuracy import (
    COUNTED_COSTS,
    accuracy_rows,
    counted_costs,
    pareto_front,
    plainly_trained,
    with_costs,
)
from analysis.hardware.findings import accuracy_finding, front_finding
from analysis.hardware.speeds import Conditions, Speed, published_speeds, strongest
from analysis.quantities import in_a_sentence, label_of
from analysis.units import format_quantity, join
from archs import checks
from archs.kept import RUN
from training.accuracy import accuracy_rows as trained_rows
from training.accuracy import finished_runs
from views import tables, widgets
from views.answers import kept
from views.candidates import trained_here
from views.charts import accuracy as figures
from views.hardware.question import (
    Question,
    ask,
    circumstances,
    colours,
    draw_devices,
    known,
)

Row = dict[str, Any]
#: Of each network and image side: a cost, and its kind of evidence.
Costs = dict[tuple[str, int], tuple[float, str]]
#: Costs that come from a speed: its attributes.
OF_SPEED = ("images_per_s", "seconds_per_image")
#: What is said of what was trained here instead of `HELP`, and how marks differ there.
HELP_TRAINED = (
    "The share of all test images that networks classify wrong after a training here, against what they cost at the "
    "image size that they were trained at. The dashed line joins those that no other, trained as most of them were, "
    "beats at both. Recipes differ by mark. Where the cost is predicted, so is the mark."
)
LABELS = {key: label_of(key) for key in (*COUNTED_COSTS, *OF_SPEED, "joules_per_image")}
HELP = (
    "Published ImageNet top-1 errors on one crop, at the image size they were tested at, against what the network "
    "costs at that size. The dashed line joins those that no other shown beats at both. Recipes differ by mark. "
    "Grey: networks that are not chosen. Where the cost is predicted, so is the mark, and a chosen network's "
    "line is the interval that is meant to hold nine of ten, closed where published figures check it, open elsewhere."
)


#: How the link calls what is published.
PUBLISHED = "published"
#: So many of the networks that are left out are named.
NAMED = 3


class Told(NamedTuple):
    """Accuracies of one kind: published ones, or what was trained here on one data set."""

    rows: list[Row]
    heading: str
    help: str

    @property
    def is_trained(self) -> bool:
        return self.heading != figures.PUBLISHED

    def alike(self, rows: list[Row]) -> list[Row]:
        """Those that may be set against each other: plainly trained, or trained as most are."""
        if not self.is_trained:
            return plainly_trained(rows)
        usual = mode(row["group"] for row in self.rows)
        return [row for row in rows if row["group"] == usual]

    def chosen(self, names: Sequence[str]) -> list[Row]:
        """The rows of some networks; of what was trained here, all where none of them was."""
        if not self.is_trained:
            return [row for row in self.rows if row["name"] in names]
        runs = {f"{RUN}{one.run}" for learned in trained_here(names).values() for one in learned.values()}
        return [row for row in self.rows if row["name"] in runs] or self.rows


@kept(1)
def _published() -> list[Row]:
    with st.spinner("Counting what networks cost …"):
        return accuracy_rows()


def _choose_accuracy() -> Told:
    """What is said of accuracy: what is published, or what was trained here, where anything was."""
    widgets.know_parameters(["accuracy_of"])
    trained = list(dict.fromkeys(one.trained.title for one in finished_runs()))
    titles = {PUBLISHED: "ImageNet, published"} | {title: f"{title}, trained here" for title in trained}
    title = PUBLISHED
    if trained:
        with st.sidebar:
            st.header("Accuracy")
            title = widgets.choose("Accuracy", "accuracy_of", titles, PUBLISHED, label_visibility="collapsed")
    if title == PUBLISHED:
        return Told(_published(), figures.PUBLISHED, HELP)
    return Told(trained_rows(title), f"{title} error, trained here", HELP_TRAINED)


def draw_accuracy() -> None:
    """The section; of the devices it asks where the cost is a speed."""
    with st.sidebar:
        st.header("Cost")
        key = widgets.choose("Cost", "cost", LABELS, "macs", label_visibility="collapsed")
    told = _choose_accuracy()
    question = ask("one" if key in OF_SPEED else "none")
    where = LABELS[key]
    if key in OF_SPEED:
        where = f"{where} on {question.device.name}, {question.execution}"
        speeds = dict(_speeds(question, told.rows))
        costs = {at: (getattr(one, key), one.evidence) for at, one in speeds.items()}
        rows = [row | _interval(speeds.get((row["name"], row["image_size"])), key) for row in told.rows]
        told = told._replace(rows=rows)
    else:
        costs = counted_costs(told.rows, key) if key in COUNTED_COSTS else _energies(question)
    _draw_costs(told, costs, key, where, question)
    if key in OF_SPEED:
        draw_devices(question.devices)


def _draw_costs(told: Told, costs: Costs, key: str, where: str, question: Question) -> None:
    """Accuracy against a cost, called `where`: the finding, the chart and its table."""
    told = told._replace(rows=with_costs(told.rows, costs))
    rows = told.rows
    if not rows:
        _explain_nothing(key)
        return
    alike = told.alike(rows)
    chosen = told.chosen(question.names)
    faster_is_better = key == "images_per_s"
    write = _writer(key)
    say = _writer(key, in_a_sentence(LABELS[key]) if key in (*COUNTED_COSTS, "images_per_s") else "")
    if (plain := told.alike(chosen)) or not chosen:
        widgets.say(accuracy_finding(plain, alike, say, in_a_sentence(where), more_is_better=faster_is_better))
    known_names = {row["name"] for row in chosen}
    notes = [] if told.is_trained else _left_out([name for name in question.names if name not in known_names])
    if key in OF_SPEED:
        notes.append(circumstances(question, "the input size that each was tested at"))
    if told.is_trained:
        notes += _trained_otherwise(alike, rows)
    elif len(alike) < len(rows):
        notes.append("Stars were distilled or pretrained on more images: what is said, and the front, leave them out.")
    front = pareto_front(alike, more_is_better=faster_is_better)
    if front and not told.is_trained:
        notes.insert(0, front_finding(front, faster=key in OF_SPEED))
    if notes:
        st.caption(widgets.literal(" ".join(notes)))
    with widgets.chart_or_table("What does accuracy cost?", told.help, lambda: _show(rows, write)):
        theme = widgets.current_theme()
        shades = colours(sorted(known_names), theme)
        figure = figures.accuracy(rows, front, write, where, shades, theme, told.heading)
        widgets.draw(figure, "accuracy", f"{told.heading} against {where}, {len(rows)} figures.")


def _interval(speed: Speed | None, key: str) -> Row:
    """How far the cost may be off, and by what rule, of a prediction."""
    if speed is None or speed.evidence != "predicted":
        return {}
    error = speed.error if key == "images_per_s" else speed.error_of_time
    return {"cost_error": error, "is_checked": speed.is_checked, "cost_error_meaning": speed.error_meaning}


def _trained_otherwise(alike: Sequence[Row], rows: Sequence[Row]) -> list[str]:
    """How those were trained of which all is said, and how many were not."""
    others = len(rows) - len(alike)
    left_out = f", without {others} trained otherwise" if others else ""
    return [f"What is said, and the front, is of {len(alike)} trained by {alike[0]['group']}{left_out}."]


def _left_out(names: Sequence[str]) -> list[str]:
    """Which of the chosen networks are not in the chart."""
    shown, more = names[:NAMED], names[NAMED:]
    words = [*shown, *([f"{len(more)} more"] if more else [])]
    return [f"No ImageNet error at a known cost is published of {join(words)}."] if words else []


def _writer(key: str, noun: str = "") -> Callable[[float], str]:
    return lambda value: f"{format_quantity(key, int(value) if key in COUNTED_COSTS else value)} {noun}".rstrip()


def _speeds(question: Question, told: Sequence[Row]) -> list[tuple[tuple[str, int], Speed]]:
    """The strongest known speed of each network at each image side; for those of timm only what is published."""
    found: dict[tuple[str, int], Speed] = {}
    given, device, execution = question.conditions, question.device, question.execution
    for side in sorted({row["image_size"] for row in told}):
        rows = [row for row in told if row["image_size"] == side]
        at = Conditions(given.batch_size, side, given.precision, given.layout)
        speeds = []
        if names := list(dict.fromkeys(row["name"] for row in rows if row["family"])):
            speeds += known(question._replace(conditions=at), names).speeds
        for name in dict.fromkeys(row["name"] for row in rows if not row["family"]):
            speeds += published_speeds(name, device, execution, (side, side), at)
        found |= {(speed.name, side): speed for speed in strongest(speeds) if speed.execution == execution}
    return list(found.items())


def _energies(question: Question) -> Costs:
    """Measured energies by network and image side."""
    own = [(one, checks.image_size(one.workload.image_size)) for one in question.measurements if one.joules_per_image]
    return {(one.name, side): (one.joules_per_image or 0.0, "measured") for one, (side, _) in own}


def _explain_nothing(key: str) -> None:
    """Why the chart would be empty, and what is known instead."""
    if key != "joules_per_image":
        st.info("Nothing is known of these networks in these conditions: choose another device or precision.")
        return
    st.info(
        "No energy of a classifier is known: published joules are those of detectors, which have no ImageNet error and "
        "stand in Detection, and a measurement counts where the GPU has an energy counter. Run a benchmark there."
    )


def _show(rows: Sequence[Row], write: Callable[[float], str]) -> None:
    cost = Column("cost", "Cost", "As chosen, of one image.", write)
    facts = columns("cost_evidence", "group", "recipe", "evaluation", "source", "note")
    shown = [*columns("network.name", "accuracy.error", "side.image_size"), cost, *facts]
    tables.show(pd.DataFrame(rows), shown, "accuracy_table", 460)
