"""The design that is being edited, its history, and the shelf of designs, which every selection offers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from zlib import crc32

import streamlit as st

from archs.config import NetworkConfig
from archs.design import Design, nearest_arch, parse_design
from archs.errors import ConfigError, DenseScopeError
from archs.registry import get_config, list_archs, override
from views import widgets

#: What is edited, and compared with, before anything was chosen.
STARTING_NETWORK = "densenet121"
#: Where a session keeps its workbench.
BENCH = "workbench"
#: Steps that can be undone.
MEMORY = 200


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

    def _go_on(self, design: Design, baseline: str) -> None:
        """Another step; what was undone before is gone."""
        step = Step(design, baseline)
        if step != self.history[self.position]:
            self.history = [*self.history[: self.position + 1], step][-MEMORY:]
            self.position = len(self.history) - 1

    def change(self, **fields: Any) -> None:
        """Change fields of the config. Raises: ConfigError: a value is not allowed; the design stays as it was."""
        config = override(self.current.config, **fields)
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
        """Put a copy of the design on the shelf, under a name that nothing there has."""
        design = self.current
        if self.shelf.get(design.name) != design:
            name, number = design.name, 2
            while name in self.shelf:
                name, number = f"{design.name} {number}", number + 1
            design = self.shelf[name] = replace(design, name=name)
        return design

    def _name_for(self, config: NetworkConfig) -> str:
        """A registered name says what a network is, so a changed one must not go by it."""
        name = self.current.name
        if name == self.baseline and config != get_config(self.baseline):
            return f"my {self.baseline}"
        if name == f"my {self.baseline}" and config == get_config(self.baseline):
            return self.baseline
        return name


#: Of the link.
PARAMETER = "design"


def bench() -> Workbench:
    """The session's workbench; a new one has the link's design on it."""
    if BENCH not in st.session_state:
        design = _linked()
        new = Workbench.with_design(design) if design else Workbench.with_network(STARTING_NETWORK)
        st.session_state[BENCH] = new
    return st.session_state[BENCH]


def carry_in_link() -> None:
    """Let the page's link carry the design."""
    st.query_params[PARAMETER] = bench().current.to_link()


def _linked() -> Design | None:
    """The design that the link carries."""
    widgets.check_link(PARAMETER, _is_design, "a design that this page wrote")
    text = st.query_params.get(PARAMETER, "")
    return parse_design(text) if text and _is_design(text) else None


def _is_design(text: str) -> bool:
    try:
        return bool(parse_design(text))
    except DenseScopeError:
        return False


PREFIX = "design/"
#: Of a design's name, in the name of a selection.
MOST_LETTERS = 40
#: Of all sessions: as a name tells the content, it means the same in each, and caches may go by it.
_BY_NAME: dict[str, Design] = {}


def offered() -> list[str]:
    """Names of the designs on the session's shelf."""
    bench = st.session_state.get(BENCH)
    return [_offer(design) for design in bench.shelf.values()] if bench else []


def target_of(name: str) -> str | Design:
    """What `analysis` takes for a name of a selection."""
    return _BY_NAME.get(name, name)


def config_of(name: str, **changes: object) -> object:
    """The config of a design or of a registered network. Raises: as `archs.registry.override`."""
    design = _BY_NAME.get(name)
    return override(design.config, **changes) if design else get_config(name, **changes)


def is_design(name: str) -> bool:
    """Whether a name of a selection means a design."""
    return name in _BY_NAME


def _offer(design: Design) -> str:
    """The name of a design; the same content always has the same."""
    name = f"{PREFIX}{design.name[:MOST_LETTERS]} {crc32(design.to_link().encode()):08x}"
    _BY_NAME[name] = Design(name, design.config)
    return name
