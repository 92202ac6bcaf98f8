"""Hardware: which device is enough for so many images a second, and what energy does it take at most?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.columns import columns
from analysis.facts import Device
from analysis.findings import reason
from analysis.hardware.needs import Fit, energy_finding, needs_finding, rank_devices
from analysis.hardware.predict.classes import CLASSES, device_class
from analysis.hardware.speeds import Conditions
from archs.errors import DenseScopeError
from views import tables, widgets
from views.answers import by_content
from views.charts import needs as figures
from views.hardware.question import Question, circumstances, colours
from views.workbench import target_of

HELP = (
    "Lines are intervals that are meant to hold nine of ten, closed where published figures check them, open where a "
    "rule widens them; hover one for the rule. Published figures stand for themselves. Energy is board power times "
    "time: the most that the board may take, not what it does."
)
#: Images a second that are asked for first.
NEEDED = ("2,000", "30", "100", "500", "1,000", "5,000", "10,000", "20,000", "50,000")
EVERY = "all classes"
COLUMNS = columns(
    *("device", "need.verdict", "least_images_per_s", "images_per_s", "most_images_per_s", "evidence", "checked"),
    *("devices_needed", "tdp_watts", "joules_at_most", "device_class"),
)


def draw_needs(question: Question) -> None:
    """The section."""
    first, second, third = st.columns([3, 2, 2])
    name = widgets.choose("Network", "needed_of", question.names, question.names[0], first)
    needed = float(widgets.choose("Images/s needed", "needed", NEEDED, NEEDED[0], second).replace(",", ""))
    of_class = widgets.choose("Of class", "device_class", [EVERY, *CLASSES], EVERY, third)
    devices = tuple(each for each in question.devices if of_class in (EVERY, device_class(each)))
    found = _ranked(name, needed, devices, question.execution, question.conditions)
    if isinstance(found, str):
        widgets.say_error(found)
        return
    if not found:
        st.info(f"No such device has {question.conditions.precision}: choose another precision or class.")
        return
    widgets.say(f"{needs_finding(found)} {energy_finding(found)}".rstrip())
    st.caption(widgets.literal(circumstances(question._replace(devices=[]))))
    with widgets.chart_or_table("Which device is enough?", HELP, lambda: _show(found)):
        theme = widgets.current_theme()
        figure = figures.needs(found, colours([name], theme)[name], theme)
        widgets.draw(figure, "needs", f"Intervals of images/s of {name} on {len(found)} devices, and what is needed.")
    widgets.downloads(pd.DataFrame([fit.row() for fit in found]), f"devices_for_{name}")


@by_content(64)
def _ranked(
    name: str, needed: float, devices: tuple[Device, ...], execution: str, conditions: Conditions
) -> list[Fit] | str:
    try:
        return rank_devices(target_of(name), needed, devices, execution, conditions)
    except DenseScopeError as error:
        return reason(error)


def _show(found: list[Fit]) -> None:
    tables.show(pd.DataFrame([fit.row() for fit in found]), COLUMNS, "needs_table", 560)
