"""What the browser keeps, and tells: designs after a reload, and that the page's colours have changed."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import streamlit as st

from archs.design import Design
from archs.registry import list_archs
from views import workbench
from views.component import component
from views.workbench import MEMORY, STARTING_NETWORK, Step, Workbench, read, written

KEY, _SESSION = "browser", "browser's session"
_browser = component(__file__)


def attach() -> None:
    """Called before all else that a page draws: what the browser has kept comes with the next run."""
    session = st.session_state.setdefault(_SESSION, uuid4().hex)
    data = {"session": session, **_to_keep()}
    _browser(key=KEY, data=data, on_kept_change=_take_back, on_theme_change=lambda: None)


def _take_back() -> None:
    kept = st.session_state[KEY].get("kept")
    if isinstance(kept, dict):
        take_back(kept.get("shelf"), kept.get("bench"))


def _to_keep() -> dict[str, str]:
    """The shelf, in an order that two tabs agree on, and the steps, as texts for the browser; empty ones of nothing."""
    found = st.session_state.get(workbench.BENCH)
    if not found:
        return {"shelf": "", "bench": ""}
    texts = sorted(map(written, found.shelf.values()))
    steps = [(written(step.design), step.baseline) for step in found.history]
    untouched = found.history == Workbench.with_network(STARTING_NETWORK).history
    return {
        "shelf": json.dumps(texts) if texts else "",
        "bench": "" if untouched else json.dumps({"position": found.position, "steps": steps}),
    }


def take_back(shelf: object, bench: object) -> None:
    """Add what the browser has kept to what there is."""
    for design in read_shelf(shelf):
        workbench.bench().shelve(design)
    history, position = read_bench(bench)
    if history:
        workbench.bench().take_up(history, position)


def read_shelf(text: object) -> list[Design]:
    """The designs in what the browser says, whatever that is."""
    return [design for each in _read(text, list)[:MEMORY] if (design := _design(each))]


def read_bench(text: object) -> tuple[list[Step], int]:
    """The steps in what the browser says, whatever that is, and the number of the one on the bench."""
    kept = _read(text, dict)
    steps, position = kept.get("steps"), kept.get("position")
    history = [step for each in (steps if isinstance(steps, list) else [])[-MEMORY:] if (step := _step(each))]
    return history, position if isinstance(position, int) else len(history)


def _step(value: object) -> Step | None:
    """A step as `_to_keep` writes it, if it is one."""
    text, baseline = value if isinstance(value, list) and len(value) == 2 else ("", "")
    design = _design(text)
    return Step(design, baseline) if design and baseline in list_archs() else None


def _design(value: object) -> Design | None:
    return read(value) if isinstance(value, str) else None


def _read(text: object, kind: type) -> Any:
    """What a JSON text holds; something empty of this kind if that is something else."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, kind) else kind()
