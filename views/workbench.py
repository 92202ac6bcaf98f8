"""The design that is being edited, its history, and the shelf of designs, which every selection offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import streamlit as st

from archs.config import NetworkConfig
from archs.design import MAX_NAME, Design, nearest_arch, parse_design
from archs.errors import ConfigError, DenseScopeError
from archs.registry import check_recomputes, get_config, list_archs, override
from archs.resolve import resolve_config
from views import widgets

#: What is edited, and compared with, before anything was chosen.
STARTING_NETWORK = "densenet121"
#: Where a session keeps its workbench.
BENCH = "workbench"
#: Steps that can be undone.
MEMORY = 200
#: What a selection calls nothing.
NOTHING = "none"


class Step(NamedTuple):
    """A design, and the registered network that its figures are compared with."""

    design: Design
    baseline: str


@dataclass
class Workbench:
    """One person's designs. Every change is a step that can be undone; nothing on the shelf is ever overwritten."""

    history: list[Step]
    position: int = 0
    shelf: dict[str, Design] = field(default_factory=dict)

    @classmethod
    def with_network(cls, name: str) -> Workbench:
        """A bench with a registered network on it."""
        return cls([Step(Design(name, get_config(name)), name)])

    @classmethod
    def with_design(cls, design: Design) -> Workbench:
        """A bench with somebody's design on it."""
        return cls([Step(design, nearest_arch(design.config)[0])])

    @property
    def current(self) -> Design:
        """The design at hand."""
        return self.history[self.position].design

    @property
    def baseline(self) -> str:
        """The registered network that the design started from, or is nearest to."""
        return self.history[self.position].baseline

    def put(self, design: Design) -> None:
        """Go on with somebody's design, compared with the registered network that it differs least from."""
        self._go_on(design, nearest_arch(design.config)[0])

    def go_to(self, design: Design) -> None:
        """Go to the step of the history that made a design, or put it on the bench."""
        if self.current == design:
            return
        if found := [number for number, step in enumerate(self.history) if step.design == design]:
            self.position = found[-1]
        else:
            self.put(design)

    def _go_on(self, design: Design, baseline: str) -> None:
        """Another step; what was undone before is gone."""
        step = Step(design, baseline)
        if step != self.history[self.position]:
            self.history = [*self.history[: self.position + 1], step][-MEMORY:]
            self.position = len(self.history) - 1

    def change(self, **fields: Any) -> None:
        """Change fields of the config. Raises: ConfigError: a value is not allowed; the design stays as it was."""
        config = check_recomputes(override(self.current.config, **fields))
        self._go_on(Design(self._name_for(config), config), self.baseline)

    def rename(self, name: str) -> None:
        """Give the design a name. Raises: ConfigError: it is none, or a registered network has it."""
        name, config = name.strip(), self.current.config
        if name in list_archs() and config != get_config(name):
            raise ConfigError("name", name, "one that no registered network has")
        self._go_on(Design(name, config), self.baseline)

    def start_from(self, baseline: str) -> None:
        """Take a registered network to start from and to compare with."""
        self._go_on(Design(baseline, get_config(baseline)), baseline)

    def undo(self) -> None:
        self.position = max(0, self.position - 1)

    def redo(self) -> None:
        self.position = min(len(self.history) - 1, self.position + 1)

    @property
    def can_undo(self) -> bool:
        return self.position > 0

    @property
    def can_redo(self) -> bool:
        return self.position < len(self.history) - 1

    def keep(self) -> Design:
        """Put a copy of the design on the shelf."""
        return self.shelve(self.current)

    def shelve(self, design: Design) -> Design:
        """Put a design on the shelf, under a name that nothing else has."""
        if self.shelf.get(design.name) != design:
            given = design.name.replace("/", " ")  # a selection takes `timm/…` for a library's network
            name, number = given, 2
            while name in self.shelf or not _is_free(name, design.config):
                name, number = f"{given[: MAX_NAME - 4]} {number}", number + 1
            design = self.shelf[name] = replace(design, name=name)
        return design

    def take_up(self, history: list[Step], position: int) -> None:
        """Go on where an earlier session ended, with what is on the bench as the last step."""
        position = min(max(position, 0), len(history) - 1)
        if self.history == self.with_network(STARTING_NETWORK).history or (
            len(self.history) == 1 and self.current == history[position].design
        ):
            self.history, self.position = history, position
        else:
            steps = [*history[: position + 1], *self.history]
            self.history = steps[-MEMORY:]
            self.position = max(0, position + 1 + self.position - (len(steps) - len(self.history)))

    def _name_for(self, config: NetworkConfig) -> str:
        """A registered name says what a network is, so a changed one must not go by it."""
        name = self.current.name
        if name == self.baseline and config != get_config(self.baseline):
            return f"my {self.baseline}"
        if name == f"my {self.baseline}" and config == get_config(self.baseline):
            return self.baseline
        return name


def _is_free(name: str, config: NetworkConfig) -> bool:
    """Whether a name means nothing else in a selection."""
    return name != NOTHING and (name not in list_archs() or config == get_config(name))


#: Of the link: the design on the bench, and those that a selection holds.
PARAMETER, SELECTED = "design", "designs"
_CARRIED = "designs that the link carries"


def bench() -> Workbench:
    """The session's workbench; a new one has the link's design on it, and Back brings an earlier one."""
    if BENCH not in st.session_state:
        design = _linked()
        new = Workbench.with_design(design) if design else Workbench.with_network(STARTING_NETWORK)
        st.session_state[BENCH] = new
    return st.session_state[BENCH]


def read_link() -> None:
    """Put the designs of the link where the page looks for them; called before its widgets are drawn."""
    widgets.know_parameters([PARAMETER, SELECTED])
    st.session_state[_CARRIED] = {PARAMETER: [], SELECTED: []}
    if BENCH in st.session_state and not widgets.by_history():
        return
    widgets.check_link(SELECTED, _is_design, "designs that this app wrote")
    for design in filter(None, map(read, st.query_params.get_all(SELECTED)[:MEMORY])):
        bench().shelve(design)
    if design := _linked():
        bench().go_to(design)


def write_link() -> None:
    """Let the link carry the designs that the page shows; called when its widgets have been drawn."""
    for key, texts in st.session_state[_CARRIED].items():
        if texts and st.query_params.get_all(key) != texts:
            st.query_params[key] = texts
        elif not texts and key in st.query_params:
            del st.query_params[key]


def carry_in_link() -> None:
    """Let the page's link carry the design on the bench."""
    st.session_state[_CARRIED][PARAMETER] = [written(bench().current)]


def carry(names: str | Sequence[str]) -> None:
    """Let the page's link carry those of some names that mean designs."""
    texts = st.session_state[_CARRIED][SELECTED]
    texts += [text for text in contents_of(names) if text not in texts]


def _linked() -> Design | None:
    """The design that the link carries."""
    widgets.check_link(PARAMETER, _is_design, "a design that this page wrote")
    return read(st.query_params.get(PARAMETER, ""))


def _is_design(text: str) -> bool:
    return read(text) is not None


@lru_cache(4 * MEMORY)
def read(text: str) -> Design | None:
    """The design that a link or the browser holds, if it is one."""
    try:
        return parse_design(text)
    except DenseScopeError:
        return None


#: A design in one short line.
written = lru_cache(4 * MEMORY)(Design.to_link)


def shelved() -> dict[str, Design]:
    """The designs on the session's shelf, by name."""
    found = st.session_state.get(BENCH)
    return found.shelf if found else {}


def offered() -> list[str]:
    """Names of the designs on the session's shelf, but for those of registered networks as they are."""
    return [name for name in shelved() if name not in list_archs()]


def target_of(name: str) -> str | Design:
    """What `analysis` takes for a name of a selection."""
    return shelved().get(name, name)


def contents_of(names: str | Sequence[str]) -> list[str]:
    """What those of some names that mean designs stand for in this session."""
    shelf = shelved()
    return [written(shelf[name]) for name in ([names] if isinstance(names, str) else names) if name in shelf]


def config_of(name: str, **changes: object) -> object:
    """The config of a design, a run or a registered network. Raises: as `archs.planning.resolve_config`."""
    return resolve_config(target_of(name), **changes)


def is_design(name: str) -> bool:
    """Whether a name of a selection means a design."""
    return name in offered()
