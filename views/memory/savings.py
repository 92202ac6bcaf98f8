"""Memory: what do the schemes of training memory spare, and folding batch norms at inference?"""

from __future__ import annotations

import importlib.util
from collections import Counter

import streamlit as st

from analysis.hardware.measure.schemes import SchemeRun, schemes_finding, shipped
from analysis.optimize.saving import COUNTED, folding_finding
from analysis.targets import is_library_name
from analysis.units import format_size
from archs.registry import get_config
from views import cached, widgets
from views.charts import budget as figures
from views.elsewhere import elsewhere
from views.memory import tables as memory_tables
from views.memory.question import Question
from views.public import refused
from views.work import tasks
from views.workbench import config_of, target_of

BATCHES, SIZES, TURNS = ("1", "2", "4", "8", "16"), ("64", "96", "128", "160", "224"), ("3", "5", "10", "20")
SCHEMES_HELP = (
    "Each mark is one scheme, measured on this machine: what autograd saves (distinct storages, without parameters and "
    "buffers) and the median time of a step, with quartiles. All schemes take turns in one process. The further left "
    "and down, the better."
)
_RUN = "scheme_run"
#: That the steps may take.
SECONDS = 1800


def draw_schemes(question: Question) -> None:
    """The section: what was measured here, else what is shipped of this network, or of one of its family."""
    run: SchemeRun | None = st.session_state.get(_RUN)
    here = run is not None and run.network == question.name
    run = run if run and here else _shipped(question.name)
    if run.network != question.name:
        nothing = f"Nothing has been measured of {question.name} yet; {run.network} shows what to expect."
        widgets.say(nothing)
    widgets.say(schemes_finding(run))
    frame = memory_tables.schemes(run)
    with widgets.chart_or_table(
        "What does saving memory cost in time?", SCHEMES_HELP, lambda: memory_tables.show_schemes(frame)
    ):
        figure = figures.trade_off(run, widgets.current_theme())
        widgets.draw(figure, "schemes_chart", f"Time of a step against bytes saved of {len(run.schemes)} schemes.")
    where = "Measured here" if here else "Measured for DenseScope on another machine, a busy one, and shipped with it"
    st.caption(
        f"{where}: batch {run.batch_size:,}, {format_size(run.image_size)} input, float32, "
        f"{_threads(run.machine.threads)}, {run.machine.software}, median of {len(run.plain.times)} steps. Whatever "
        "else the machine does adds to times."
    )
    if refused("schemes are measured"):
        pass
    elif importlib.util.find_spec("torch") is None:
        st.info("Measuring schemes needs torch, which is not installed here.")
    elif is_library_name(question.name):
        name = widgets.literal(question.name)
        st.info(f"There is but one scheme of {name} here: choose a network of the registry in the sidebar.")
    else:
        _ask_and_run(question.name)
    widgets.downloads(frame, f"{run.network}_schemes")


def _shipped(name: str) -> SchemeRun:
    """Of the network, of its family, or of any."""
    runs = shipped()
    family = None if is_library_name(name) else config_of(name).family
    alike = [run for run in runs.values() if get_config(run.network).family == family]
    return runs.get(name) or next(iter([*alike, *runs.values()]))


def _threads(number: int) -> str:
    return f"{number} thread{'s' if number > 1 else ''}"


def _ask_and_run(name: str) -> None:
    left, middle, right, last = st.columns([2, 2, 2, 3], vertical_alignment="bottom")
    batch = widgets.choose("Batch of the steps", "design_batch", BATCHES, "2", left)
    size = widgets.choose("Side of the images", "design_size", SIZES, "96", middle, help="In pixels.")
    help = "Of each scheme, after one to warm up."
    turns = widgets.choose("Timed steps", "design_steps", TURNS, "3", right, help=help)
    if last.button("Measure here", type="primary", icon=":material/play_arrow:"):
        with widgets.errors_said():
            _run(name, int(batch), int(size), int(turns))


def _run(name: str, batch_size: int, image_size: int, turns: int) -> None:
    """Measure, keep for this session, and draw the page again. A click on any widget ends it."""
    bar = st.progress(0.0, f"Building and warming up the schemes of {widgets.literal(name)} …")

    def advance(done: str) -> None:
        if done.isdecimal():  # else it waits for its turn, or has not begun
            bar.progress(min(1.0, int(done) / (4 * turns)), f"{widgets.literal(name)}: step {done}")

    asked = target_of(name), batch_size, image_size, turns
    found = elsewhere(f"schemes of {name}", tasks.measured, *asked, told="before", tell=advance, seconds=SECONDS)
    st.session_state[_RUN] = found
    st.rerun()


FOLDING_HELP = (
    "What is left after `analysis.optimize_for_inference`, against the network as it is: a batch norm that reads one "
    "convolution, which nobody else reads, becomes part of that convolution; outputs stay the same."
)


def draw_folding(question: Question) -> None:
    """The section."""
    if importlib.util.find_spec("torch") is None:
        st.info("Folding is done on the real module and needs torch, which is not installed here.")
        return
    channels_last = widgets.switch(
        "Channels last",
        "channels_last",
        True,
        help="Weights and maps lie channels last; the other batch norms become multiply-adds, and dense blocks write "
        "into one buffer instead of concatenating.",
    )
    with st.spinner(f"Building {widgets.literal(question.name)} and folding its batch norms …"):
        found = cached.optimised(question.name, question.settings, channels_last)
    widgets.say(folding_finding(found))
    frame = memory_tables.saving(found)
    terms = "\n\n".join(f"**{quantity.label}**: {quantity.definition}" for quantity in COUNTED.values())
    with widgets.chart_or_table(
        "What is left after folding?", f"{FOLDING_HELP}\n\n{terms}", lambda: memory_tables.show_saving(frame)
    ):
        figure = figures.saving(found, widgets.current_theme())
        widgets.draw(figure, "saving_chart", "Bars: share of each quantity that is left after folding.")
    st.header("Which batch norms were folded?", anchor=False, help="Every one, and where it went or why it stays.")
    reasons = Counter(found.report.kept.values()).most_common()
    lines = [*(f"{count} stay: {reason}." for reason, count in reasons), *found.report.others_kept]
    if found.report.preallocated:
        lines.append(f"{len(found.report.preallocated)} dense blocks write into one buffer each.")
    if lines:
        st.markdown(widgets.literal("  \n".join(lines)))
    norms = memory_tables.norms(found.report)
    if not norms.empty:
        memory_tables.show_norms(norms)
    widgets.downloads(frame, f"{question.name}_folding")
