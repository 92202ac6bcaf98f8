"""What a person asks of a space of networks: budgets with sliders, objectives, and how many configs to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor, log10

import streamlit as st

from analysis.facts import DEFAULT_DEVICE
from analysis.quantities import label_of
from analysis.search.quantities import (
    COUNTED,
    EVALUATORS,
    SEARCH_QUANTITIES,
    SLOW,
    format_value,
)
from analysis.search.space import Space, get_space, list_spaces
from views import sidebar, widgets
from views.answers import kept
from views.public import MOST_SEARCHED, is_public
from views.work import tasks

#: What the browser offers: what takes its machine for seconds a network is left to the command line.
EVALUATED = tuple(name for name in EVALUATORS if name not in SLOW)
QUANTITIES = (*COUNTED, *EVALUATED)
DEFAULT_BUDGETS = ("params", "macs")
DEFAULT_OBJECTIVES = (("memory_access_cost", "min"), ("capacity_proxy", "max"))
LIMITS = ("1,000", "10,000", "50,000", "100,000", "500,000")
#: A slider's ends.
LEAST, MOST = "least", "most"
#: Between powers of ten a slider stops at these.
STOPS = (1, 1.2, 1.5, 1.8, 2, 2.3, 2.6, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9)
#: How many configs tell how far the sliders reach.
SAMPLE, EVALUATED_SAMPLE = 4096, 24

Limits = tuple[float | None, float | None]


@dataclass(frozen=True)
class Question:
    """A search, in plain values that a cache can tell apart."""

    space: str | Space
    budgets: tuple[tuple[str, Limits], ...]
    #: Quantity and "min" or "max".
    objectives: tuple[tuple[str, str], ...]
    limit: int
    device: str

    @property
    def looked_at(self) -> int:
        """How many configs the search looks at."""
        return min(self.limit, self.sought.space.size)

    @property
    def evaluated(self) -> list[str]:
        """What is not counted of all configs at once, but takes each its time."""
        wanted = [*(name for name, _ in self.budgets), *(name for name, _ in self.objectives)]
        return [name for name in dict.fromkeys(wanted) if name in EVALUATED]

    @property
    def sought(self) -> tasks.Sought:
        """As it is searched for, wherever."""
        space = get_space(self.space) if isinstance(self.space, str) else self.space
        return tasks.Sought(space, dict(self.budgets), dict(self.objectives), self.limit, self.device)


def ask() -> Question:
    """The widgets in the sidebar, and what they say; a device is asked for where a time is predicted."""
    widgets.know_parameters(["search_device", "search_x", "search_y", "search_tabs"])
    with st.sidebar:
        st.header("Search")
        space = widgets.choose("Space", "space", list_spaces(), list_spaces()[1], help=_spaces())
        below_space = st.container()
        limits = [text for text in LIMITS if not is_public() or _number(text) <= MOST_SEARCHED]
        limit = widgets.choose("Configs to look at", "looked_at", limits, LIMITS[1], help="Drawn with a fixed seed.")
        goals = {f"{word} {label_of(name)}": (name, sense) for name in QUANTITIES for word, sense in _SENSES}
        shown = {goal: text for text, goal in goals.items()}
        texts = widgets.choose_many(
            "Objectives", "objectives", list(goals), [shown[goal] for goal in DEFAULT_OBJECTIVES], help=_definitions()
        )
        objectives = tuple({goals[text][0]: goals[text] for text in texts}.values()) or DEFAULT_OBJECTIVES
        bounded = choose_quantities("Budgets", "budgets", DEFAULT_BUDGETS)
        device = DEFAULT_DEVICE
        if not {"predicted_seconds", "training_seconds"}.isdisjoint((*bounded, *(name for name, _ in objectives))):
            with below_space:
                device = sidebar.choose_device("Predict for", "search_device")
        limits = tuple((name, choose_limits(space, name, device)) for name in bounded)
    budgets = tuple((name, pair) for name, pair in limits if pair != (None, None))
    return Question(space, budgets, objectives, _number(limit), device)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


_SENSES = (("↓", "min"), ("↑", "max"))


def choose_quantities(label: str, key: str, default: Sequence[str]) -> list[str]:
    """Any number of quantities, by their labels."""
    names = {label_of(name): name for name in QUANTITIES}
    chosen = widgets.choose_many(label, key, list(names), [label_of(name) for name in default])
    return [names[text] for text in chosen]


def choose_limits(space: str, name: str, device: str) -> Limits:
    """A slider over what the networks of a space have of a quantity; at first, up to what its base network has."""
    low, high, base = reach(space, name, device)
    stops = {format_value(name, value): value for value in slider_stops(low, high)}
    upper = next((text for text, value in stops.items() if value >= base), MOST)
    options = [LEAST, *stops, MOST]
    lower, upper = widgets.choose_range(label_of(name), f"budget_{name}_{space}", options, (LEAST, upper))
    return stops.get(lower), stops.get(upper)


@kept(512)
def reach(space: str, name: str, device: str) -> tuple[float, float, float]:
    """The least and the most that a sample of a space has of a quantity, and what its base network has."""
    goals = (("params", "min"),) if name in COUNTED else ((name, "min"),)
    question = Question(space, (), goals, SAMPLE if name in COUNTED else EVALUATED_SAMPLE, device)
    values = question.sought.search().feasible[name]
    only_base = Space(get_space(space).base, {})
    base = replace(question, space=only_base).sought.search().feasible[name]
    return float(values.min()), float(values.max()), float(base[0])


def slider_stops(low: float, high: float) -> list[float]:
    """Round numbers from the last that is not above `low` to the first that is not below `high`.

    >>> slider_stops(0.9e6, 2.2e6)
    [900000.0, 1000000.0, 1200000.0, 1500000.0, 1800000.0, 2000000.0, 2300000.0]
    """
    decades = range(floor(log10(low)), floor(log10(high)) + 2)
    every = [round(stop * 10.0**decade, 12) for decade in decades for stop in STOPS]
    first = max(index for index, value in enumerate(every) if value <= low * (1 + 1e-9))
    last = min(index for index, value in enumerate(every) if value >= high * (1 - 1e-9))
    return every[first : last + 1]


def _definitions() -> str:
    """What can be optimised and bounded, here and elsewhere."""
    lines = [f"**{label_of(name)}**: {SEARCH_QUANTITIES[name].definition}" for name in QUANTITIES]
    elsewhere = "measured time, accuracy after a short training of its own, and zero-cost proxies of that"
    return "\n\n".join([*lines, f"What takes seconds a network is left to `cli.py search`: {elsewhere}."])


def _spaces() -> str:
    """What the spaces are."""
    lines = [f"**{name}**: {get_space(name).size:,} configs." for name in list_spaces()]
    return "\n\n".join(lines)
