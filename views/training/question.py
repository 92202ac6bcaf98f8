"""What is to be trained, on what and how: a network of the sidebar or of Design, a data set, a recipe, its fields."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NamedTuple

import streamlit as st

from archs.config import Field, NetworkConfig, declared
from archs.design import MAX_NAME, Design
from archs.errors import ConfigError, DenseScopeError
from archs.kept import is_run
from training.data import get_data, list_data
from training.recipes import GROUPS, Recipe, batch_note, get_recipe, list_recipes
from training.train import Settings, fitted
from views import sidebar, widgets, workbench

#: What a first visit trains: seconds on any machine.
NETWORK, RECIPE = "densenetbc40_k12", "digits"
#: Sides that images are resized to where a network finds them too small.
SIDES = (32, 64, 96, 128, 224)
#: In the session: fields of recipes that were changed, by recipe; and what was wrong with the last change.
_CHANGES, _PROBLEM = "changes of recipes", "problem of a recipe's field"
#: Of the link: the fields that were changed.
LINK = "changes"
#: Fields that stand beside recipe and data set, not among the others.
FIRST = ("epochs", "batch_size")
ABREAST = 4


class Question(NamedTuple):
    """A training that can begin."""

    #: What `training.prepare` takes, and what it is called.
    target: str | Design
    network: str
    #: Fitted to the data set and the recipe.
    config: NetworkConfig
    data: str
    recipe_name: str
    #: As it stands with what was changed.
    recipe: Recipe
    #: What was done to it that nobody asked for, in sentences.
    notes: tuple[str, ...]

    @property
    def settings(self) -> Settings:
        """What a forecast is made of."""
        return Settings(Design(self.network[:MAX_NAME], self.config), self.data, self.recipe)


def choose_network() -> str:
    """The network of the sidebar, or the design at hand in Design."""
    name = sidebar.choose_network(default=NETWORK, libraries=False)
    design = workbench.bench().current.name if workbench.BENCH in st.session_state else name
    if design == name or design == workbench.STARTING_NETWORK:
        return name
    with st.sidebar:
        return widgets.choose("Train", "train_which", (name, f"{design} (Design)"), name)


def ask() -> Question:
    """The question, from widgets in a row. Raises: DenseScopeError: the network cannot be trained on such images."""
    network = choose_network()
    first, second, third, fourth = st.columns([3, 3, 2, 2], vertical_alignment="bottom")
    recipe_name = widgets.choose("Recipe", "recipe", list_recipes(boxes=False), RECIPE, first, on_change=_follow_recipe)
    titles = {name: get_data(name).title for name in list_data(boxes=False)}
    wished = get_recipe(recipe_name).data
    data = widgets.choose("Data set", "train_data", titles, wished if wished in titles else next(iter(titles)), second)
    base = get_recipe(recipe_name)
    _read_link(recipe_name)
    recipe, notes = changed_recipe(base, changes_of(recipe_name))
    for place, field in zip((third, fourth), FIRST, strict=True):
        with place:
            _draw_field(field, base, recipe, recipe_name)
    if problem := st.session_state.pop(_PROBLEM, None):
        widgets.say_error(f"{problem} Until then the value before stands.")
    _write_link(recipe_name)
    target = _target(network)
    if is_run(network):
        notes.append("Its weights begin anew, not as that run left them.")
    config = target.config if isinstance(target, Design) else workbench.config_of(target)
    config, recipe, note = fit(config, data, recipe)
    name = target.name if isinstance(target, Design) else target
    return Question(target, name, config, data, recipe_name, recipe, tuple(filter(None, (*notes, note))))


def _target(network: str) -> str | Design:
    """What a choice of `choose_network` stands for."""
    if network.endswith(" (Design)"):
        return workbench.bench().current
    return workbench.target_of(network)


def changed_recipe(base: Recipe, changes: dict[str, Any]) -> tuple[Recipe, list[str]]:
    """A recipe with some fields changed; another batch takes the learning rate along, which a sentence says."""
    recipe = base
    if "batch_size" in changes and "lr" not in changes:
        recipe = base.for_batch(changes["batch_size"])
    recipe = recipe.varied(**changes)
    return recipe, [batch_note(recipe, base)]


def fit(config: NetworkConfig, data: str, recipe: Recipe) -> tuple[NetworkConfig, Recipe, str]:
    """The config for a data set's images, which are resized where they are too small for the network.

    Raises: DenseScopeError: no size suits it.
    """
    images = get_data(data)
    try:
        return fitted(config, images, recipe), recipe, ""
    except DenseScopeError:
        if recipe.image_size:
            raise
    for side in (side for side in SIDES if side > images.image_size):
        try:
            larger = replace(recipe, image_size=side)
            note = f"Images of {images.image_size} px are too small for this network: they are resized to {side} px."
            return fitted(config, images, larger), larger, note
        except DenseScopeError:
            continue
    return fitted(config, images, recipe), recipe, ""


def changes_of(recipe_name: str) -> dict[str, Any]:
    """Fields of a recipe that were changed on this page."""
    return st.session_state.setdefault(_CHANGES, {}).setdefault(recipe_name, {})


def _read_link(recipe_name: str) -> None:
    """Take over what the link says was changed, as it opens the page or Back leads to it."""
    widgets.check_link(LINK, lambda text: _linked(text, recipe_name) is not None, "what this page wrote")
    if _CHANGES not in st.session_state or widgets.by_history():
        st.session_state[_CHANGES] = {recipe_name: _linked(st.query_params.get(LINK, ""), recipe_name) or {}}


def _linked(text: str, recipe_name: str) -> dict[str, Any] | None:
    """The changes that a link holds, if the recipe allows them."""
    base = get_recipe(recipe_name)
    try:
        found = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(text).items()}
        changed_recipe(base, found)
    except (ValueError, AttributeError, TypeError, DenseScopeError):
        return None
    return found


def _write_link(recipe_name: str) -> None:
    """Let the link carry what was changed."""
    changes = changes_of(recipe_name)
    text = json.dumps(changes, separators=(",", ":")) if changes else ""
    if text and st.query_params.get(LINK) != text:
        st.query_params[LINK] = text
    elif not text and LINK in st.query_params:
        del st.query_params[LINK]


def draw_fields(question: Question) -> None:
    """Every field of the recipe but those in the first row; what was changed is marked."""
    base = get_recipe(question.recipe_name)
    known = declared(Recipe)
    for group, names in GROUPS.items():
        shown = [name for name in names if name not in FIRST and name in known]
        st.markdown(f"**{group}**")
        for start in range(0, len(shown), ABREAST):
            for place, name in zip(st.columns(ABREAST), shown[start : start + ABREAST], strict=False):
                with place:
                    _draw_field(name, base, question.recipe, question.recipe_name)
    if changes_of(question.recipe_name):
        st.button("As the recipe says", icon=":material/undo:", on_click=_forget, args=(question.recipe_name,))


def _draw_field(name: str, base: Recipe, recipe: Recipe, recipe_name: str) -> None:
    """The widget of one field, by what the field declares of itself."""
    field, value, before = declared(Recipe)[name], getattr(recipe, name), getattr(base, name)
    key = f"recipe {name}"
    st.session_state[key] = _shown(field, value)
    label = field.label if value == before else f"**{field.label}** (not {_written(before)})"
    idle = field.idle(recipe)
    common: dict[str, Any] = {
        "key": key,
        "help": f"{field.help} {f'No effect: {idle}.' if idle else ''}".strip(),
        "on_change": _change,
        "args": (name, recipe_name),
    }
    if field.kind == "boolean":
        st.toggle(label, **common)
    elif field.kind == "choice":
        st.selectbox(label, field.choices, **common)
    elif _is_text(field):
        st.text_input(label, **common)
    elif field.kind == "integer":
        st.number_input(label, int(field.low), int(field.high), step=1, **common)
    else:
        st.number_input(label, float(field.low), float(field.high), step=float(field.step), format="%g", **common)


def _is_text(field: Field) -> bool:
    """Whether a field is typed: a row of numbers, or one that may be none."""
    return field.lengths is not None or field.optional


def _shown(field: Field, value: Any) -> Any:
    """A value as its widget holds it."""
    if _is_text(field):
        return _written(value)
    return float(value) if field.kind == "number" else value


def _written(value: Any) -> str:
    """A value in words."""
    if isinstance(value, tuple):
        return ", ".join(f"{each:g}" for each in value) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _read(field: Field, name: str, value: Any) -> Any:
    """What a widget holds as a value of the field. Raises: ConfigError: it is none."""
    if not _is_text(field):
        return value
    text = value.strip()
    try:
        if field.lengths is None:
            return None if text in ("", "none") else int(text)
        return () if text in ("", "none") else tuple(float(part) for part in text.replace(";", ",").split(","))
    except ValueError:
        raise ConfigError(name, text, field.allowed) from None


def _change(name: str, recipe_name: str) -> None:
    """Take over what was set, if the recipe allows it."""
    field, base = declared(Recipe)[name], get_recipe(recipe_name)
    changes = changes_of(recipe_name)
    try:
        value = _read(field, name, st.session_state[f"recipe {name}"])
        wished = {**changes, name: value}
        changed_recipe(base, wished)
    except DenseScopeError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    changes[name] = value
    if value == getattr(base, name) and not (name == "lr" and "batch_size" in changes):
        del changes[name]


def _forget(recipe_name: str) -> None:
    changes_of(recipe_name).clear()


def _follow_recipe() -> None:
    """A recipe brings the data set that it was made for."""
    wished = get_recipe(st.session_state["recipe"]).data
    if wished in list_data():
        st.session_state["train_data"] = wished
