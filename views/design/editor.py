"""The editor of the Design view: what a person sets goes into the design as soon as it makes a valid one.

Each control is given its value twice, as what it is set to and as its default: a browser that is slow takes it up at
the second run of the script, which sets it no more, and would send another default as if somebody had chosen it.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from analysis.findings import reason
from archs.errors import DenseScopeError
from archs.layer import Pair
from archs.registry import list_archs
from views import widgets
from views.design import controls as design_controls
from views.design.controls import Control
from views.workbench import Workbench

#: What was set but does not make a valid design yet, by field, and the sentence that says why.
_DRAFTS, _PROBLEM = "design drafts", "design problem"
#: Numbers abreast in a row.
_ABREAST = 4


def draw_editor(bench: Workbench, image_size: int | Pair | None) -> None:
    """All controls, one below the other; the design is going to be counted at an image size."""
    st.header("Design")
    _draw_head(bench)
    if sentence := st.session_state.get(_PROBLEM):
        widgets.say_error(f"{sentence} Until then the last valid design stands.")
    config, drafts = bench.current.config, st.session_state.get(_DRAFTS, {})
    for control in design_controls.controls_for(config):
        if control.field not in drafts:
            _fill(control, config)
        _draw(control, config, bench, image_size)


def drop_drafts() -> None:
    """Show the design as it is."""
    st.session_state[_DRAFTS], st.session_state[_PROBLEM] = {}, None


def _draw_head(bench: Workbench) -> None:
    _set("design baseline", bench.baseline)
    _set("design name", bench.current.name)
    archs = list_archs()
    st.selectbox(
        "Start from",
        archs,
        archs.index(bench.baseline),
        key="design baseline",
        on_change=_start_from,
        args=(bench,),
        help="Loads a registered network. All changes are against it; your design stays in the history.",
    )
    st.text_input("Name", st.session_state["design name"], key="design name", on_change=_rename, args=(bench,))
    with st.container(horizontal=True):
        st.button("Undo", icon=":material/undo:", on_click=_step, args=(bench.undo,), disabled=not bench.can_undo)
        st.button("Redo", icon=":material/redo:", on_click=_step, args=(bench.redo,), disabled=not bench.can_redo)


def _draw(control: Control, config: Any, bench: Workbench, image_size: int | Pair | None) -> None:
    declared = control.declared
    idle = declared.idle(config)
    label = f"{declared.label} (no effect: {idle})" if idle else declared.label
    if control.kind == "integers":
        _draw_row(control, config, bench, label, image_size)
        return
    common = {"key": _key(control), "help": declared.help, "on_change": _edited, "args": (control, bench)}
    value = st.session_state[_key(control)]
    if control.kind == "slider":
        st.slider(label, int(control.low), int(control.high), value, int(declared.step), **common)
    elif control.kind == "share":
        st.slider(label, float(control.low), float(control.high), value, declared.step, **common)
    elif control.kind == "choice":
        st.selectbox(label, control.choices, control.choices.index(value), **common)
    elif control.kind == "boolean":
        st.toggle(label, value, **common)
    else:
        st.number_input(label, int(control.low), int(control.high), value, int(declared.step), **common)


def _draw_row(control: Control, config: Any, bench: Workbench, label: str, image_size: int | Pair | None) -> None:
    """Numbers side by side; where blocks can be added, the buttons that do so."""
    st.markdown(label, help=control.declared.help)
    values = design_controls.numbers(config, control)
    number = int if control.declared.kind == "integer" else float
    for first in range(0, len(values), _ABREAST):
        for position, column in enumerate(st.columns(_ABREAST, gap="small"), start=first):
            if position < len(values):
                column.number_input(
                    f"{label}, {position + 1}",
                    number(control.low),
                    number(control.high),
                    st.session_state[_key(control, position)],
                    number(control.declared.step),
                    key=_key(control, position),
                    on_change=_edited,
                    args=(control, bench),
                    label_visibility="collapsed",
                )
    if control.grows:
        _draw_growth(control, config, bench, image_size)


def _draw_growth(control: Control, config: Any, bench: Workbench, image_size: int | Pair | None) -> None:
    """The buttons that add and remove blocks, where that makes a valid design, else why it does not."""
    drafts = st.session_state.get(_DRAFTS)
    steps = {"Add a block": True, "Remove the last": False}
    problems = {
        label: "First mend what is said above."
        if drafts
        else design_controls.problem(config, control, image_size, more=more)
        for label, more in steps.items()
    }
    with st.container(horizontal=True):
        for label, more in steps.items():
            fields = (design_controls.with_block if more else design_controls.without_block)(config, control)
            disabled, why, key = (
                bool(problems[label]),
                widgets.literal(problems[label]) or None,
                f"design {control.field}: {label}",
            )
            st.button(label, on_click=_change, args=(bench, fields), disabled=disabled, help=why, key=key)
    if problems["Add a block"]:
        st.caption(widgets.literal(f"No further block: {problems['Add a block']}"))


def _key(control: Control, position: int | None = None) -> str:
    """The widget's key."""
    return f"design {control.field}" if position is None else f"design {control.field} {position}"


def _fill(control: Control, config: Any) -> None:
    """Make the widget show the design's value."""
    if control.kind == "integers":
        for position, number in enumerate(design_controls.numbers(config, control)):
            _set(_key(control, position), number)
    else:
        value = getattr(config, control.field)
        _set(_key(control), design_controls.as_choice(value) if control.kind == "choice" else value)


def _set(key: str, value: Any) -> None:
    """Set a widget that shows something else; one that is being moved must not be set back to where it just was."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _value(control: Control, config: Any) -> Any:
    """What the widget shows, as the field's value."""
    if control.kind == "integers":
        count = len(design_controls.numbers(config, control))
        return tuple(st.session_state[_key(control, position)] for position in range(count))
    value = st.session_state[_key(control)]
    return design_controls.from_choice(control, value) if control.kind == "choice" else value


def _edited(control: Control, bench: Workbench) -> None:
    _change(bench, {control.field: _value(control, bench.current.config)})


def _change(bench: Workbench, fields: dict[str, Any]) -> None:
    """Put the fields into the design, together with what could not go in before."""
    drafts = st.session_state.get(_DRAFTS, {}) | fields
    try:
        bench.change(**drafts)
    except DenseScopeError as error:
        st.session_state[_DRAFTS], st.session_state[_PROBLEM] = drafts, reason(error)
    else:
        drop_drafts()


def _step(go: Any) -> None:
    go()
    drop_drafts()


def _start_from(bench: Workbench) -> None:
    bench.start_from(st.session_state["design baseline"])
    drop_drafts()


def _rename(bench: Workbench) -> None:
    try:
        bench.rename(st.session_state["design name"])
    except DenseScopeError as error:
        st.session_state[_PROBLEM] = reason(error)
    else:
        st.session_state[_PROBLEM] = None
