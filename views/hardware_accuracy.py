"""Hardware: what does accuracy cost?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from analysis.accuracy import COUNTED_COSTS, accuracy_rows, pareto_front
from analysis.hardware_findings import accuracy_finding
from analysis.quantities import QUANTITIES
from analysis.speeds import Conditions, measured_speed, strongest
from analysis.units import format_quantity, format_si, format_size
from views import hardware_speeds, tables, widgets
from views.figures import accuracy as figures
from views.hardware_inputs import Question, choose_device

Row = dict[str, Any]
LABELS = {
    **{key: QUANTITIES[key].label for key in COUNTED_COSTS},
    "seconds": "Time of an image",
    "joules": "Energy of an image",
}
HELP = (
    "Published ImageNet top-1 errors on one crop, at the image size they were tested at, against what the network "
    "costs at that size. The dashed line joins those that no other beats at both. Recipes differ by mark."
)
TITLES = {
    "name": ("Network", "Name in the registry."),
    "error": ("Top-1 error", "Published, single crop."),
    "image_size": ("Input", "Side of the test image in pixels."),
    "cost": ("Cost", "As chosen, of one image."),
    "cost_evidence": ("Cost is", "The kind of evidence of the cost."),
    "group": ("Trained by", "Who trained it."),
    "recipe": ("Recipe", "As the source states it."),
    "evaluation": ("Evaluation", "As the source states it."),
    "source": ("Source", "Who says so."),
    "note": ("Doubts", "Where sources contradict each other."),
}


@st.cache_data(show_spinner=False)
def _rows() -> list[Row]:
    return accuracy_rows()


def draw(question: Question) -> None:
    """The section."""
    left, right = st.columns(2)
    with left:
        key = widgets.choose("Cost", "cost", list(LABELS), "macs", format_func=LABELS.__getitem__)
    with right:
        device = choose_device(question) if key == "seconds" else None
    rows = _with_cost(key, question, device)
    if not rows:
        st.info("Energy is known only of measurements on a GPU with an energy counter: run a benchmark there first.")
        return
    where = f"{LABELS[key]} on {device.name}" if device else LABELS[key]
    write = _writer(key)
    front = pareto_front(rows)
    st.markdown(accuracy_finding(rows, front, write, where.lower()))
    with widgets.chart_or_table("What does accuracy cost?", HELP, lambda: _show(rows, write)):
        theme = widgets.current_theme()
        colours = hardware_speeds.colours(list({row["name"] for row in rows}), theme)
        figure = figures.accuracy(rows, front, write, where, colours, theme)
        widgets.draw(figure, "accuracy", f"ImageNet error against {where} of {len(rows)} published figures.")


def _writer(key: str) -> Callable[[float], str]:
    units = {"seconds": "s", "joules": "J"}
    if key in units:
        return lambda value: format_si(value, units[key])
    return lambda value: format_quantity(key, int(value))


def _with_cost(key: str, question: Question, device: Any) -> list[Row]:
    """The published errors for which the cost is known."""
    if key in COUNTED_COSTS:
        return [row | {"cost": row[key], "cost_evidence": "counted"} for row in _rows() if row[key]]
    costs = _times(question, device) if key == "seconds" else _energies(question)
    keyed = [(row, costs.get((row["name"], row["image_size"]))) for row in _rows()]
    return [row | {"cost": found[0], "cost_evidence": found[1]} for row, found in keyed if found]


def _times(question: Question, device: Any) -> Mapping[tuple[str, int], tuple[float, str]]:
    """Eager times on a device, by network and image side."""
    costs = {}
    given = question.conditions
    for side in sorted({row["image_size"] for row in _rows()}):
        names = list(dict.fromkeys(row["name"] for row in _rows() if row["image_size"] == side))
        conditions = Conditions(given.batch_size, side, given.precision, given.layout)
        speeds = hardware_speeds.known(question._replace(conditions=conditions), names, [device]).speeds
        for speed in strongest(speeds):
            if speed.execution == "eager":
                costs[speed.name, side] = (speed.seconds_per_image, speed.evidence)
    return costs


def _energies(question: Question) -> Mapping[tuple[str, int], tuple[float, str]]:
    """Measured energies by network and image side."""
    own = [measured_speed(one) for one in question.measurements if not one.out_of_memory and one.joules_per_image]
    return {(speed.name, speed.image_size[0]): (speed.joules_per_image or 0.0, "measured") for speed in own}


def _show(rows: Sequence[Row], write: Callable[[float], str]) -> None:
    frame = pd.DataFrame(rows)[list(TITLES)].replace({"note": {"": None}})
    writers = {
        "error": lambda value: f"{value:.2f}\u2009%",
        "cost": write,
        "image_size": lambda value: format_size((value, value)),
    }
    tables.show(frame, writers, TITLES, "accuracy_table", height=460)
