"""Hardware: how long does a training step take, and an epoch?"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from analysis.columns import columns
from analysis.facts import Device
from analysis.findings import reason
from analysis.hardware.findings import interval_finding
from analysis.hardware.predict.step_prediction import OPTIMIZERS, StepPrediction
from analysis.hardware.published_steps import published_step_speeds
from analysis.hardware.speeds import Conditions, predicted_speed
from analysis.hardware.step_memory import NO_ROOM, StepBytes, step_bytes
from analysis.hardware.steps import (
    IMAGENET,
    has_no_room,
    predict_steps,
    published_row,
    room_finding,
    step_row,
    training_finding,
)
from archs.errors import DenseScopeError
from views import tables, widgets
from views.answers import by_content
from views.charts.speeds import bars
from views.hardware.question import Question, circumstances, colours
from views.hardware.speeds import draw_abreast
from views.workbench import target_of

HELP = (
    "Forward pass, gradients and update, by the model of docs/prediction.md; loading images and the loss are not in "
    "it. The line at a bar is the interval that is meant to hold nine of ten, closed where published training steps "
    "check it, open where a rule widens it. Published steps stand beside the predicted ones, at their own batch size; "
    "hover a bar for the rule, or the source."
)
#: Images of an epoch.
EPOCHS = (f"{IMAGENET:,}", "118,287", "60,000", "50,000", "10,000", "1,000")
EPOCHS_HELP = "1,281,167 are ImageNet's, 118,287 COCO's, 60,000 MNIST's, 50,000 CIFAR's."
COLUMNS = columns(
    *("network.name", "device", "evidence", "step.seconds", "least_bytes", "most_bytes", "room"),
    *("at_least_seconds", "at_most_seconds", "checked", "images_per_s", "epoch_seconds"),
    *("forward_share", "again_share", "backward_share", "update_share"),
    *("batch_size", "image_size", "precision", "layout", "source", "note"),
)


def draw_training(question: Question) -> None:
    """The section."""
    left, right = st.columns(2)
    optimizer = widgets.choose("Optimizer", "step_optimizer", OPTIMIZERS, "sgd", left, help="sgd is with momentum.")
    chosen = widgets.choose("Images of an epoch", "epoch_images", EPOCHS, EPOCHS[0], right, help=EPOCHS_HELP)
    images = int(chosen.replace(",", ""))
    answers = {name: _steps(name, tuple(question.devices), question.conditions, optimizer) for name in question.names}
    widgets.say_left_out({name: told for name, told in answers.items() if isinstance(told, str)})
    steps = [step for told in answers.values() if not isinstance(told, str) for step in told]
    held = {name: _bytes(name, question.conditions, optimizer) for name in dict.fromkeys(step.name for step in steps)}
    with_room = [step for step in steps if not has_no_room(step, held)]
    best = training_finding(with_room, images) if with_room or not steps else ""
    widgets.say(f"{best} {room_finding(steps, held)}".strip())
    if not steps:
        return
    published = published_step_speeds(steps)
    notes = [f"the step {NO_ROOM} into the memory" if has_no_room(step, held) else "" for step in steps]
    predicted = [
        replace(predicted_speed(step, step.device), note=note) for step, note in zip(steps, notes, strict=True)
    ]
    speeds = [*predicted, *published]
    st.caption(widgets.literal(f"{circumstances(question, training=True)} {interval_finding(speeds)}".rstrip()))
    rows = [step_row(step, images, held[step.name]) for step in steps]
    frame = pd.DataFrame(rows + [published_row(speed, images) for speed in published])
    with widgets.chart_or_table(
        "How many images a second are trained on?", HELP, lambda: tables.show(frame, COLUMNS, "steps_table", 460)
    ):
        theme = widgets.current_theme()
        shades = colours(list(dict.fromkeys(speed.name for speed in speeds)), theme)
        draw_abreast(bars(speeds, "images_per_s", shades, theme), "step_bars", "Bars of images/s in training on")


@by_content(256)
def _bytes(name: str, conditions: Conditions, optimizer: str) -> StepBytes | None:
    return step_bytes(target_of(name), conditions, optimizer)


@by_content(256)
def _steps(
    name: str, devices: tuple[Device, ...], conditions: Conditions, optimizer: str
) -> list[StepPrediction] | str:
    try:
        return predict_steps(target_of(name), devices, conditions, optimizer)
    except DenseScopeError as error:
        return reason(error)
