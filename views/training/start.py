"""Training: start a run from a network, a data set and a recipe; what it will take is said first."""

from __future__ import annotations

import importlib.util
from typing import Any

import streamlit as st

import training
from analysis.findings import reason
from analysis.memory import memory_of
from analysis.summary import summarize
from analysis.units import format_si
from archs.config import NetworkConfig
from archs.errors import DenseScopeError
from training import launch
from training.data import get_data
from training.recipes import get_recipe
from training.recipes.recipe import steps_of_epoch
from training.runs import free_name
from views import widgets
from views.charts import training as figures
from views.training import question as training_question
from views.training.question import Question

#: In the session: the runs that are shown, and what went wrong when one was to begin.
SHOWN, _PROBLEM = "runs", "problem of a run"
#: Runs abreast.
MOST_SHOWN = 6
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
    """What the recipe is: source and notes; its schedule and every field, where they are asked for."""
    recipe, name = question.recipe, question.recipe_name
    st.caption(widgets.literal(f"Recipe {name}, after {recipe.source}. {recipe.notes}".strip()))
    changes = len(training_question.changes_of(name))
    label = f"The recipe in full{f' ({changes} changed)' if changes else ''}"
    unfolded = st.expander(label, icon=":material/tune:", on_change="rerun", key="recipe_unfolded")
    if not unfolded.open:
        return
    with unfolded:
        schedule, fields = st.tabs(["Learning rate", "Every field"], on_change="rerun", key="recipe_tabs")
        with schedule:
            figure = figures.schedule(recipe.lr_curve(), recipe.epochs, widgets.current_theme())
            widgets.draw(figure, "schedule_chart", f"The learning rate of {name} over its epochs.")
        with fields:
            if fields.open:
                training_question.draw_fields(question)


@st.cache_data(max_entries=64, show_spinner=False)
def training_bytes(config: NetworkConfig, batch_size: int, dtype: str) -> int:
    """What a step holds at its peak, SGD's state included. Raises: DenseScopeError: it cannot be counted."""
    summary = summarize(config, batch_size=batch_size, dtype=dtype)
    return memory_of(summary, "training").total_bytes("sgd")


def _say_forecast(question: Question) -> None:
    """What it will take, counted and predicted."""
    data, recipe = get_data(question.data), question.recipe
    images = data.learned_from(recipe)
    steps = steps_of_epoch(images, recipe.batch_size)
    said = [
        f"{question.network} learns from {images:,} images in {recipe.epochs:,} epochs of {steps:,} steps "
        f"and is tested on {data.test_images:,}."
    ]
    try:
        nbytes = training_bytes(question.config, recipe.batch_size, recipe.precision)
        said.append(f"A step holds {format_si(nbytes, 'B')} at its peak (counted).")
    except DenseScopeError as error:
        said.append(f"Its memory cannot be counted: {reason(error)}")
    widgets.say(" ".join([*said, *question.notes]))


def _draw_button(question: Question) -> None:
    """Start, unless a run is in progress and nobody asks for another one beside it."""
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("accelerate") is None:
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
