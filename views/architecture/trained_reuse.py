"""Architecture: what training made of two networks' connections, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis import Summary
from analysis.structure.connectivity import blocks
from analysis.units import format_percent
from training.reuse import TrainedReuse, get_trained_reuse
from views import widgets
from views.architecture.reuse_maps import draw_maps

#: The networks that are shipped trained: of layers that read all features before them, and of one-shot aggregation.
DENSE, ONE_SHOT = "densenetbc40_k12", "osa40_5x43"
#: Seconds that each epoch is shown when they are played.
STEP = 0.7


def example_of(summary: Summary) -> str | None:
    """Which of them is wired like a network; None for one that has no such blocks."""
    own = blocks([cost.layer for cost in summary.layers])
    if not own:
        return None
    return ONE_SHOT if all(block.count() == len(block.makers) for block in own) else DENSE


def draw_examples(untrained: Sequence[Summary]) -> None:
    """The trained networks that are wired as some are, each once."""
    examples = dict.fromkeys(example for summary in untrained if (example := example_of(summary)))
    for column, name in widgets.side_by_side([*examples]) if examples else ():
        with column:
            playing = st.session_state.get(f"{name}_plays", False)
            widgets.fragment(draw_epochs, run_every=STEP if playing else None)(name, alone=len(examples) == 1)


def draw_epochs(name: str, *, alone: bool) -> None:
    """The map after an epoch that is chosen, or after one and the next."""
    trained = get_trained_reuse(name)
    widgets.say(trained.finding())
    st.caption(f":material/school: {widgets.literal(trained.describe())}")
    epoch = choose_epoch(trained)
    watched = trained.at(epoch)
    draw_maps(name, watched.maps, alone=alone, trained=True)


def choose_epoch(trained: TrainedReuse) -> int:
    """A slider over the epochs, and a button that moves it, from where it stands or from the first."""
    key, plays = f"epoch_{trained.name}", f"{trained.name}_plays"
    options = [watched.epoch for watched in trained.epochs]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        slider, button = st.container(), st.container(width="content")
    playing = st.session_state.get(plays, False)
    if playing:
        st.session_state[key] = options[(options.index(st.session_state[key]) + 1) % len(options)]
        if st.session_state[key] == options[-1]:
            st.session_state[plays] = False
            st.rerun()
    label, icon = ("Pause", "pause") if playing else ("Play", "play_arrow")
    if button.button(label, key=f"{plays}_button", icon=f":material/{icon}:"):
        st.session_state[plays] = not playing
        st.rerun()
    return slider.select_slider(
        "Epochs of training",
        options,
        options[-1],
        key=key,
        format_func=lambda epoch: said_of(trained, epoch),
        persist_state="session",
    )


def said_of(trained: TrainedReuse, epoch: int) -> str:
    """How an epoch is called: by what the network had learned."""
    accuracy = trained.at(epoch).accuracy
    return f"{epoch}: {format_percent(accuracy)} right" if accuracy else "untrained"
