"""Hardware, first question: how much of a GPU do networks use, and what does a compiler change?"""

from __future__ import annotations

import streamlit as st

from analysis.hardware.findings import speed_finding
from analysis.hardware.speeds import strongest
from views import widgets
from views.charts import speeds as figures
from views.charts.speeds import flipped_pairs, order
from views.hardware import speeds as hardware_speeds
from views.hardware.inputs import Question

QUANTITIES = {"flops_per_s": "FLOP/s", "images_per_s": "Images/s"}
SHOWN = {"best": "Strongest", "all": "All kinds"}
QUESTIONS = {
    "flops_per_s": "How much of each GPU do the networks use?",
    "images_per_s": "Which network is fastest, eager and compiled?",
}
HELP = (
    "GPU FLOP/s: 2 × MACs of convolution and linear layers / time. Each panel ends at its device's peak, so that "
    "lengths are shares of it. Eager runs each layer as its own kernel; compiled is torch.compile. "
    "Hover a bar for its source."
)

ORDER_HELP = (
    "Networks whose order in images/s differs between eager and compiled: their lines cross. Heights are images/s over "
    "the mean of these networks, so that what all of them gain is left out. The table above has the figures."
)


def draw(question: Question) -> None:
    """The section."""
    speeds, _ = hardware_speeds.known(question)
    best = strongest(speeds)
    st.markdown(speed_finding(best))
    st.caption(hardware_speeds.circumstances(question))
    if not best:
        return
    left, right = st.columns(2)
    with left:
        key = widgets.choose_segment(
            "Quantity", "speed", list(QUANTITIES), "flops_per_s", format_func=QUANTITIES.__getitem__
        )
    with right:
        shown = widgets.choose_segment(
            "Evidence",
            "evidence",
            list(SHOWN),
            "best",
            format_func=SHOWN.__getitem__,
            help="Strongest: measured before published before predicted. All kinds: side by side.",
        )
    with widgets.chart_or_table(QUESTIONS[key], HELP, lambda: hardware_speeds.show_table(speeds, "speeds_table")):
        theme = widgets.current_theme()
        colours = hardware_speeds.colours(question.names, theme)
        figure = figures.bars(best if shown == "best" else speeds, key, colours, theme)
        widgets.draw(figure, "speed_bars", f"Bars of {QUANTITIES[key]} by network, execution and device.")
    if flipped := flipped_pairs(best):
        st.subheader("Where does compiling turn the order around?", help=ORDER_HELP, anchor=False)
        widgets.draw(order(flipped, colours, theme), "order", "Crossing lines from eager to compiled, by device.")
