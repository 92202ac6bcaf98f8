"""Hardware: what does accuracy cost?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from analysis.columns import Column, columns
from analysis.facts import published
from analysis.hardware.accuracy import (
    COUNTED_COSTS,
    accuracy_rows,
    counted_costs,
    pareto_front,
    plainly_trained,
    with_costs,
)
from analysis.hardware.findings import accuracy_finding
from analysis.hardware.speeds import Conditions, Speed, measured_speed, published_speeds, strongest
from analysis.quantities import in_a_sentence, label_of
from analysis.units import format_quantity, join
from views import tables, widgets
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
LABELS = {key: label_of(key) for key in (*COUNTED_COSTS, *OF_SPEED, "joules_per_image")}
HELP = (
    "Published ImageNet top-1 errors on one crop, at the image size they were tested at, against what the network "
    "costs at that size. The dashed line joins those that no other shown beats at both. Recipes differ by mark. "
    "Grey: networks that are not chosen. Where the cost is predicted, so is the mark."
)


#: So many of the networks that are left out are named.
NAMED = 3
ENERGY_COLUMNS = columns("network", "joules_per_image", "side.image_size", "device", "source", "note")


@st.cache_data(show_spinner="Counting what networks cost …")
def _rows() -> list[Row]:
    return accuracy_rows()


def draw_accuracy() -> None:
    """The section; of the devices it asks where the cost is a speed."""
    with st.sidebar:
        st.header("Cost")
        key = widgets.choose("Cost", "cost", LABELS, "macs", label_visibility="collapsed")
    question = ask("one" if key in OF_SPEED else "none")
    where = LABELS[key]
    if key in OF_SPEED:
        where = f"{where} on {question.device.name}, {question.execution}"
        costs = {at: (getattr(one, key), one.evidence) for at, one in _speeds(question)}
    else:
        costs = counted_costs(_rows(), key) if key in COUNTED_COSTS else _energies(question)
    _draw_costs(costs, key, where, question)
    if key in OF_SPEED:
        draw_devices(question.devices)


def _draw_costs(costs: Costs, key: str, where: str, question: Question) -> None:
    """Accuracy against a cost, called `where`: the finding, the chart and its table."""
    rows = with_costs(_rows(), costs)
    if not rows:
        _explain_nothing(key)
        return
    alike = plainly_trained(rows)
    chosen = [row for row in rows if row["name"] in question.names]
    faster_is_better = key == "images_per_s"
    write = _writer(key)
    say = _writer(key, in_a_sentence(LABELS[key]) if key in (*COUNTED_COSTS, "images_per_s") else "")
    if (plain := plainly_trained(chosen)) or not chosen:
        widgets.say(accuracy_finding(plain, alike, say, in_a_sentence(where), more_is_better=faster_is_better))
    known_names = {row["name"] for row in chosen}
    notes = _left_out([name for name in question.names if name not in known_names])
    if key in OF_SPEED:
        notes.append(circumstances(question, "the input size that each was tested at"))
    if len(alike) < len(rows):
        notes.append("Stars were distilled or pretrained on more images: what is said, and the front, leave them out.")
    if notes:
        st.caption(" ".join(notes))
    with widgets.chart_or_table("What does accuracy cost?", HELP, lambda: _show(rows, write)):
        theme = widgets.current_theme()
        front = pareto_front(alike, more_is_better=faster_is_better)
        figure = figures.accuracy(rows, front, write, where, colours(sorted(known_names), theme), theme)
        widgets.draw(figure, "accuracy", f"ImageNet error against {where} of {len(rows)} published figures.")


def _left_out(names: Sequence[str]) -> list[str]:
    """Which of the chosen networks are not in the chart."""
    shown, more = names[:NAMED], names[NAMED:]
    words = [*shown, *([f"{len(more)} more"] if more else [])]
    return [f"No ImageNet error at a known cost is published of {join(words)}."] if words else []


def _writer(key: str, noun: str = "") -> Callable[[float], str]:
    return lambda value: f"{format_quantity(key, int(value) if key in COUNTED_COSTS else value)} {noun}".rstrip()


def _speeds(question: Question) -> list[tuple[tuple[str, int], Speed]]:
    """The strongest known speed of each network at each image side; for those of timm only what is published."""
    found: dict[tuple[str, int], Speed] = {}
    given, device, execution = question.conditions, question.device, question.execution
    for side in sorted({row["image_size"] for row in _rows()}):
        rows = [row for row in _rows() if row["image_size"] == side]
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
    own = [measured_speed(one) for one in question.measurements if not one.out_of_memory and one.joules_per_image]
    return {(speed.name, speed.image_size[0]): (speed.joules_per_image or 0.0, "measured") for speed in own}


def _explain_nothing(key: str) -> None:
    """Why the chart would be empty, and what is known instead."""
    if key != "joules_per_image":
        st.info("Nothing is known of these networks in these conditions: choose another device or precision.")
        return
    frame = published("latency", metric="joules_per_image")
    st.info(
        "No energy of a classifier is known: published joules are those of detectors, which have no ImageNet error, "
        "and a measurement counts where the GPU has an energy counter. Run a benchmark there, or see what is published."
    )
    st.header("What energy do detectors take?", help="Published, not comparable with classifiers.", anchor=False)
    shown = frame.rename(columns={"value": "joules_per_image"})
    told = [column for column in ENERGY_COLUMNS if (shown[column.key] != "").any()]
    tables.show(shown, told, "energy_table")


def _show(rows: Sequence[Row], write: Callable[[float], str]) -> None:
    cost = Column("cost", "Cost", "As chosen, of one image.", write)
    facts = columns("cost_evidence", "group", "recipe", "evaluation", "source", "note")
    shown = [*columns("network.name", "accuracy.error", "side.image_size"), cost, *facts]
    tables.show(pd.DataFrame(rows), shown, "accuracy_table", 460)
