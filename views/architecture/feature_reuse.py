"""Architecture: how strongly each layer weighs the features that it reads, as in Figure 5 of the DenseNet paper."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from analysis import Summary
from analysis.structure import BlockReuse, reuse
from analysis.structure.feature_reuse import reuse_finding, shares_finding, shares_read
from archs.create import create_model
from archs.described import described_file, described_network
from archs.errors import DenseScopeError, WeightsError, abbreviate
from archs.kept import is_run, trained_runs
from training.train import FITTED
from views import widgets
from views.answers import kept
from views.architecture.reuse_maps import draw_maps
from views.architecture.trained_reuse import draw_examples, example_of
from views.public import MOST_UPLOADED, is_public

RANDOM = (
    "{name} has no trained weights here: random ones say nothing of use, so this is the wiring alone, which share of "
    "what each layer reads comes from where. Give weights below to see what training made of it."
)
ENDINGS = ["safetensors", "pth", "pt", "bin", "tar"]
#: Names that may be typed; a path would tell what lies where, and is read by nobody here.
NAMES = re.compile(r"run:[A-Za-z0-9._-]{1,80}|timm/\w[\w.-]{0,90}|torchvision/\w{1,90}", re.ASCII)
NO_NAME = (
    "Weights of {name} are named as run:NAME, timm/NAME.TAG or torchvision/NAME, which {given} is not; "
    "a file is taken beside it."
)


def draw_feature_reuse(summaries: Sequence[Summary]) -> None:
    """The section: what training made of networks like these, and of these where their weights are given."""
    examples, untrained = st.container(), []
    for column, summary in widgets.side_by_side(summaries):
        with column:
            if summary.target.config is None:
                name = widgets.literal(summary.name)
                st.info(f"{name} is built without weights: only registered networks can be given some here.")
                continue
            if not draw_network(summary, alone=len(summaries) == 1):
                untrained.append(summary)
    with examples:
        draw_examples(untrained)


def draw_network(summary: Summary, *, alone: bool) -> bool:
    """Where the weights come from, and their heat maps; of random weights the wiring alone.

    Whether they are trained.
    """
    config, name = summary.target.config, summary.name
    picture = st.container()
    source, uploaded = choose_weights(name, config)
    trained = bool(source or uploaded)
    with picture, widgets.errors_said():
        if not trained:
            draw_wiring(summary, alone=alone)
            return False
        with st.spinner(f"Building {widgets.literal(name)} …"):
            check_name(name, source)
            content = uploaded.getvalue() if uploaded else None
            ending = ending_of(uploaded.name) if uploaded else ""
            if is_run(source) and not uploaded:
                config = described_network(source).config
            found, report = weighed(config, source, stamp(source), content, ending)
        widgets.say(reuse_finding(name, found))
        if found:
            st.caption(widgets.literal(f"{uploaded.name}: {report}" if uploaded else report))
            draw_maps(name, found, alone=alone, trained=True)
    return trained


def draw_wiring(summary: Summary, *, alone: bool) -> None:
    """What the layers can read, of a network that was not trained."""
    name = summary.name
    if name == example_of(summary):
        return  # it stands above, trained
    found = shares_read([cost.layer for cost in summary.layers])
    widgets.say(shares_finding(name, found))
    if found:
        st.caption(f":material/casino: {RANDOM.format(name=widgets.literal(name))}")
        draw_maps(name, found, alone=alone, trained=False)


def choose_weights(name: str, config: Any) -> tuple[str, Any]:
    """The name that a person typed, or the run of theirs that they chose, and the file that they gave.

    None of them is in the link, which must not make others fetch files.
    """
    if is_public():
        return "", take_file(name, MOST_UPLOADED)
    left, right = st.columns(2)
    with left:
        typed = st.text_input(
            f"Weights of {widgets.literal(name)}",
            key=f"weights_{name}",
            persist_state="session",
            placeholder="run:NAME, timm/NAME.TAG or torchvision/DEFAULT",
            help="Published weights are fetched once and kept: docs/weights.md.",
        )
    with right:
        uploaded = take_file(name)
    own = name if is_run(name) else ""
    runs = [] if own else runs_of(config)
    if runs:
        label = f"Or a run that trained {widgets.literal(name)}"
        own = left.selectbox(label, runs, index=None, key=f"run_{name}", persist_state="session") or ""
    return typed.strip() or own, uploaded


def take_file(name: str, most: int | None = None) -> Any:
    """A file of weights, of so many megabytes at most; the server's limit holds without one."""
    label = f"A file of weights for {widgets.literal(name)}"
    return st.file_uploader(label, type=ENDINGS, key=f"file_{name}", max_upload_size=most)


def check_name(network: str, given: str) -> None:
    """Raises: WeightsError: what was typed is no name of weights."""
    if given and not NAMES.fullmatch(given):
        raise WeightsError(NO_NAME.format(name=network, given=abbreviate(given)))


def ending_of(file_name: str) -> str:
    """What a file's name ends in, as far as it may be in the name of another one.

    >>> ending_of("weights.pth.tar"), ending_of("weights.p\\0th")
    ('.pth.tar', '')
    """
    ending = "".join(Path(file_name).suffixes[-2:])
    return ending if re.fullmatch(r"(\.\w{1,12}){0,2}", ending, re.ASCII) else ""


def runs_of(config: Any) -> list[str]:
    """The runs with weights of a network, whatever the images that it learned from; the newest first."""
    found = []
    for run in trained_runs():
        try:
            own = described_network(run).config
        except DenseScopeError:
            continue  # it says what is wrong with it where it is asked for
        if type(own) is type(config) and replace(own, **{key: getattr(config, key) for key in FITTED}) == config:
            found.append(run)
    return found


def stamp(source: str) -> float:
    """When the weights of a run were written; 0 for what is published."""
    try:
        return described_file(source).stat().st_mtime if is_run(source) else 0.0
    except (OSError, DenseScopeError):
        return 0.0


@kept(16)
def weighed(
    config: Any, source: str, stamp: float, content: bytes | None, ending: str
) -> tuple[tuple[BlockReuse, ...], str]:
    """The heat maps of a network, and the report on its weights; empty for random ones.

    Raises: DenseScopeError: the weights cannot be had, or do not fit.
    """
    if content is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"weights{ending}"
            path.write_bytes(content)
            try:
                model = load(config, str(path))
            except WeightsError as error:
                said = str(error).replace(repr(str(path)), "This file").replace(str(path), "this file")
                raise WeightsError(said) from None
        report = str(model.weights_report).replace(str(path), "this file")
    else:
        model = load(config, source or None)
        report = str(model.weights_report) if source else ""
    return reuse(model), report


def load(config: Any, weights: str | None) -> Any:
    """The module; what could not be loaded is in its report."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return create_model(config, weights=weights)
