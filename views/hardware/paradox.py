"""Hardware: do FLOPs tell the time?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.hardware.findings import paradox_finding
from analysis.hardware.measure.record import Measurement
from analysis.hardware.speeds import EXECUTIONS, Speed, measured_speed, strongest
from archs.registry import get_config, list_archs
from views import widgets
from views.charts import accuracy as figures
from views.hardware import speeds as hardware_speeds
from views.hardware.inputs import Question, choose_device

#: Networks that see images of this size at least: those for ImageNet.
IMAGENET_SIDE = 224
HELP = (
    "Each mark is one image's FLOPs and time on one device, in batches. The dotted lines are those of equal FLOP/s, "
    "through the best and the worst. Hover a mark for its source."
)


def draw(question: Question) -> None:
    """The section."""
    left, right = st.columns(2)
    with left:
        device = choose_device(question)
    with right:
        execution = widgets.choose_segment("Execution", "execution", EXECUTIONS, "eager")
    family = [name for name in list_archs() if get_config(name).image_size == IMAGENET_SIDE]
    names = list(dict.fromkeys([*family, *question.names]))
    found = hardware_speeds.known(question, names, [device]).speeds
    speeds = [speed for speed in strongest(found) if speed.execution == execution]
    if not speeds:
        st.info(f"Nothing is known about {device.name} at {question.conditions.precision}: choose another precision.")
        return
    st.markdown(paradox_finding(speeds))
    st.caption(hardware_speeds.circumstances(question))
    shown = [*speeds, *_own(question.measurements, names, speeds)]
    with widgets.chart_or_table(
        "Do FLOPs tell the time?", HELP, lambda: hardware_speeds.show_table(shown, "paradox_table")
    ):
        theme = widgets.current_theme()
        figure = figures.paradox(shown, hardware_speeds.colours(names, theme), theme)
        widgets.draw(figure, "paradox", f"Time against FLOPs of {len(shown)} networks on {device.name}.")


def _own(measurements: Sequence[Measurement], names: Sequence[str], shown: Sequence[Speed]) -> list[Speed]:
    """The user's measurements of these networks, whatever they ran on; of repeated ones the last."""
    own = [measured_speed(one) for one in measurements if one.name in names and not one.out_of_memory]
    return [speed for speed in strongest(own) if speed not in shown]
