"""Training: start a run from a network, a data set and a recipe; what it will take is said first."""

from __future__ import annotations

import importlib.util
from typing import Any

import streamlit as st

import training
from analysis.findings import reason
from archs.errors import DenseScopeError
from training.data import get_data
from training.forecast import Forecast, forecast
from training.recipes import get_recipe, steps_of_epoch
from training.runs import free_name, launch
from training.train import Settings
from views import widgets
from views.answers import kept
from views.charts import training as figures
from views.public import refused
from views.training import question as training_question
from views.training.optimiser import draw_optimiser
from views.training.question import Question

#: In the session: the runs that are shown, and what went wrong when one was to begin.
SHOWN, _PROBLEM = "runs", "problem of a run"
#: In the session: what was asked for when steps were measured last, and what they took.
_MEASURED = "measured forecast"
#: Runs abreast.
MOST_SHOWN = 6
MEASURED_HOW = "Makes three steps here, on a copy that is thrown away, and times them."
WHAT_IT_DOES = (
    "It goes on in a process of its own: leaving or reloading the page, or ending the app, does not stop it, and after "
    "a kill it resumes where it was."
)


def draw_start() -> None:
    """The widgets, what the training will take, and the button."""
    way_out = "Choose another network at the side, or another data set or image side."
    with st.container(border=True, key="training_start"), widgets.errors_said(way_out):
        question = training_question.ask()
        _say_forecast(question)
        _draw_button(question)
        _draw_recipe(question)


def _draw_recipe(question: Question) -> None:
    """What the recipe is: its schedule, its optimiser and every field, where they are asked for."""
    recipe, name = question.recipe, question.recipe_name
    changes = len(training_question.changes_of(name))
    label = f"The recipe in full{f' ({changes} changed)' if changes else ''}"
    unfolded = st.expander(label, icon=":material/tune:", on_change="rerun", key="recipe_unfolded")
    if not unfolded.open:
        return
    with unfolded:
        titles = ["Learning rate", "Optimiser", "Every field"]
        schedule, optimiser, fields = st.tabs(titles, on_change="rerun", key="recipe_tabs")
        with schedule:
            if schedule.open:
                figure = figures.schedule(recipe.lr_curve(), recipe.epochs, widgets.current_theme())
                widgets.draw(figure, "schedule_chart", f"The learning rate of {name} over its epochs.")
        with optimiser:
            if optimiser.open:
                draw_optimiser(recipe)
        with fields:
            if fields.open:
                training_question.draw_fields(question)


@kept()
def _counted(settings: Settings) -> Forecast:
    """What is known without a step. Raises: DenseScopeError: its memory cannot be counted."""
    return forecast(settings, steps=0)


def _say_forecast(question: Question) -> None:
    """What it will take: counted, and measured where somebody has asked for it."""
    data, recipe, settings = get_data(question.data), question.recipe, question.settings
    images = data.learned_from(recipe)
    said = [
        f"{question.network} learns from {images:,} images in {recipe.epochs:,} epochs of "
        f"{steps_of_epoch(images, recipe.batch_size):,} steps and is tested on {data.test_images:,}."
    ]
    asked, measured = st.session_state.get(_MEASURED, (None, None))
    try:
        found = measured if asked == settings else _counted(settings)
        said.append(found.sentence())
    except DenseScopeError as error:
        said.append(f"Its memory cannot be counted: {reason(error)}")
    widgets.say(" ".join(filter(None, [*said, *question.notes])))


def _measure(question: Question) -> None:
    """Make a few steps here, on a copy that is thrown away, and keep what they took."""
    with st.spinner(f"Building {widgets.literal(question.network)}, and making a few steps …"):
        st.session_state[_MEASURED] = question.settings, forecast(question.settings)
    st.rerun()


def _draw_button(question: Question) -> None:
    """Start, unless a run is in progress and nobody asks for another one beside it."""
    if refused("networks are trained"):
        return
    if not _can_train():
        st.info("Training needs torch and accelerate, which are not installed here; runs of others can be looked at.")
        return
    if problem := st.session_state.pop(_PROBLEM, None):
        widgets.say_error(problem)
    running = launch.in_progress()
    with st.container(horizontal=True, vertical_alignment="center"):
        beside = not running or st.checkbox(
            f"Beside {running[0] if len(running) == 1 else f'the {len(running)} that are running'}",
            key="beside_running",
            help="Two trainings share the machine: each of them takes longer.",
        )
        st.button(
            "Start training",
            type="primary" if beside else "secondary",
            icon=":material/play_arrow:",
            disabled=not beside,
            help=WHAT_IT_DOES if beside else f"{running[0]} is being trained: tick the box to train another beside it.",
            on_click=_start,
            args=(question,),
        )
        asked = st.button("How long will it take?", icon=":material/timer:", help=MEASURED_HOW)
        st.caption(widgets.literal(_origin(question)))
    if asked:
        _measure(question)


def _can_train() -> bool:
    """Whether what trainings need is installed; imports none of it."""
    try:
        return all(importlib.util.find_spec(name) for name in ("torch", "accelerate"))
    except ImportError:  # something keeps them out
        return False


def _origin(question: Question) -> str:
    """Where the recipe is from, and what its source leaves open."""
    return f"Recipe {question.recipe_name}, after {question.recipe.source}. {question.recipe.notes}".strip()


def _start(question: Question) -> None:
    """Make the run, begin it, and show it."""
    state: Any = st.session_state
    changed = question.recipe != get_recipe(question.recipe_name)
    data = "" if get_recipe(question.recipe_name).data == question.data else f"-{question.data}"
    wished = f"{question.network}-{question.recipe_name}{data}{'-changed' if changed else ''}"
    try:
        run = training.prepare(question.target, question.data, question.recipe, name=free_name(wished))
        launch.start(run)
    except DenseScopeError as error:
        state[_PROBLEM] = reason(error)
        return
    state[SHOWN] = [run.name, *(name for name in state.get(SHOWN, ()) if name != run.name)][:MOST_SHOWN]
