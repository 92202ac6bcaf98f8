"""Training: runs abreast, live: how far they are, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from analysis.findings import reason
from analysis.units import format_duration, format_percent, format_si
from archs.errors import DenseScopeError
from training import delete_run, get_run, rename_run
from training.data import get_data
from training.findings import outcome_of, runs_finding
from training.forecast import forecast_of
from training.runs import Run, launch
from training.runs.examples import is_shipped, shipped
from training.runs.progress import Progress, progress_of
from views import widgets
from views.training.curves import draw_curves
from views.training.start import MOST_SHOWN, SHOWN

#: Seconds between two looks at the logs of runs that go on.
POLL_SECONDS = 2
#: In the session: what became of the last action, what went wrong in it, and that all of the page is to be drawn.
_DONE, _PROBLEM, _ALL = "done with a run", "problem with a run", "runs have changed"
STATES = {
    "new": ("not begun", "gray"),
    "starting": ("starting", "blue"),
    "running": ("running", "blue"),
    "finished": ("finished", "green"),
    "stopped": ("stopped", "orange"),
    "failed": ("failed", "red"),
    "killed": ("killed", "red"),
}
GOES_ON = ("starting", "running")


def choose_runs() -> list[Run]:
    """The runs that are shown: some of one's own, else what is shipped of the data set at hand, if anything is."""
    found = {run.name: run for run in launch.readable_runs()}
    if not found:
        return [run for run in shipped() if run.data == st.session_state.get("train_data")] or shipped()[:1]
    if SHOWN in st.session_state:
        st.session_state[SHOWN] = [name for name in st.session_state[SHOWN] if name in found]
    names = widgets.choose_many(
        "Runs", SHOWN, list(found), list(found)[:2], max_selections=MOST_SHOWN, help="Shown abreast, at most six."
    )
    return [found[name] for name in names]


def follow(draw: Callable[[Sequence[Run]], None], runs: Sequence[Run]) -> None:
    """Draw something of some runs, and again as long as one of them goes on; then the page."""
    goes_on = _goes_on(runs)

    def draw_again() -> None:
        try:
            now = [Run(run.folder) for run in runs]
        except DenseScopeError:  # renamed or deleted elsewhere
            st.rerun()
        if st.session_state.pop(_ALL, False) or (goes_on and not _goes_on(now)):
            st.rerun()
        draw(now)

    widgets.fragment(draw_again, run_every=POLL_SECONDS if goes_on else None, key=draw.__name__)()


def _goes_on(runs: Sequence[Run]) -> bool:
    return any(launch.state_of(run) in GOES_ON for run in runs)


def say_finding(runs: Sequence[Run]) -> None:
    """What came of the runs, or has come of them so far."""
    widgets.say(runs_finding([outcome_of(run, launch.state_of(run)) for run in runs]))


def say_done() -> None:
    """What became of the last action, now that all of the page is drawn."""
    st.session_state.pop(_ALL, None)
    if message := st.session_state.pop(_DONE, None):
        st.success(widgets.literal(message), icon=":material/check:")
    if problem := st.session_state.pop(_PROBLEM, None):
        widgets.say_error(problem)


def draw_runs(runs: Sequence[Run]) -> None:
    """How far each run is, and the curves of all."""
    if any(map(is_shipped, runs)):
        st.caption("Trained by DenseScope and shipped with it, for you have no runs yet: start one above.")
    found, busy = {run.name: progress_of(run) for run in runs}, launch.in_progress()
    for run in runs:
        _draw_head(run, launch.state_of(run), found[run.name], busy)
    draw_curves(runs, found)


def _draw_head(run: Run, state: str, progress: Progress, busy: Sequence[str]) -> None:
    """A run in a line, and what can be done with it while some are busy."""
    with st.container(border=True, key=f"run_{run.name}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            word, colour = STATES[state]
            said = f"{run.design.name} on {get_data(run.data).title}"
            st.markdown(f"**{widgets.literal(run.name)}** {widgets.literal(said)}", width="stretch")
            st.badge(word, color=colour)
            if not is_shipped(run):
                _draw_actions(run, state, busy)
        if state in GOES_ON:
            share = min(1.0, progress.epochs_done / run.recipe.epochs)
            st.progress(share, widgets.literal(_pace(run, state, progress)))
        elif sentence := _trouble(run, state):
            st.caption(sentence)


def _pace(run: Run, state: str, progress: Progress) -> str:
    """How far a run is, how fast, and how long it will take."""
    told = forecast_of(run)
    if state == "starting":
        return told.sentence() if told else "The process starts: PyTorch is being loaded."
    parts = [f"Epoch {min(int(progress.epochs_done) + 1, run.recipe.epochs):,} of {run.recipe.epochs:,}"]
    if run.accuracy is not None:
        parts.append(f"{format_percent(run.accuracy)} right")
    if found := run.average_precision:
        parts.append(f"AP50 {format_percent(found.ap50)}")
    if progress.images_per_s:
        parts.append(f"{format_si(progress.images_per_s)} images/s")
    if progress.seconds_left:
        parts.append(f"{format_duration(progress.seconds_left)} left")
    elif told and told.total_seconds:
        parts.append(f"forecast: {format_duration(told.total_seconds)} in all")
    return ", ".join(parts)


def _trouble(run: Run, state: str) -> str:
    """Why a run is not at its end, and what to do."""
    match state:
        case "new":
            return "It has not begun: Start begins it."
        case "stopped":
            return "It was stopped and is kept as it was: Resume goes on from there."
        case "killed":
            return "Its process was killed, or the machine went down: Resume goes on from its last checkpoint."
        case "failed":
            return f"It failed: {widgets.literal(launch.problem_of(run) or 'its process did not say why.')}"
    return ""


def _draw_actions(run: Run, state: str, busy: Sequence[str]) -> None:
    """Stop or resume; rename and delete where nothing goes on."""
    if state in GOES_ON:
        st.button("Stop", key=f"stop {run.name}", icon=":material/stop:", on_click=_act, args=("stop", run.name))
        return
    if state != "finished":
        word = "Start" if state == "new" else "Resume"
        other = next(iter(busy), "")
        st.button(
            word,
            key=f"resume {run.name}",
            icon=":material/play_arrow:",
            disabled=bool(other),
            help=f"{widgets.literal(other)} is being trained: stop it first, or wait." if other else None,
            on_click=_act,
            args=("resume", run.name),
        )
    with st.popover("More", icon=":material/more_horiz:", key=f"more {run.name}"):
        st.text_input("Name", run.name, key=f"name of {run.name}")
        st.button("Rename", key=f"rename {run.name}", on_click=_act, args=("rename", run.name))
        st.button(
            "Delete", key=f"delete {run.name}", icon=":material/delete:", on_click=_act, args=("delete", run.name)
        )
        st.caption("A deleted run goes to a trash folder beside the runs.")


def _act(what: str, name: str) -> None:
    """Do something with a run, and say what became of it."""
    state: Any = st.session_state
    state[_ALL] = True
    try:
        match what:
            case "stop":
                launch.stop(get_run(name))
                state[_DONE] = f"{name} was asked to stop; it ends after its step."
            case "resume":
                launch.start(get_run(name))
            case "rename":
                new = rename_run(name, state[f"name of {name}"].strip()).name
                state[SHOWN] = [new if each == name else each for each in state.get(SHOWN, ())]
                state[_DONE] = f"{name} is called {new} now."
            case "delete":
                place = delete_run(name)
                state[SHOWN] = [each for each in state.get(SHOWN, ()) if each != name]
                state[_DONE] = f"{name} lies in the trash: {place}"
    except DenseScopeError as error:
        state[_PROBLEM] = reason(error)
