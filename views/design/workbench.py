"""The design that is being edited, its history, and the shelf of designs that are kept beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from archs.config import NetworkConfig
from archs.design import Design
from archs.errors import ConfigError
from archs.registry import get_config, list_archs, override

#: Where a session keeps its workbench.
BENCH = "workbench"
#: Steps that can be undone.
MEMORY = 200


@dataclass
class Workbench:
    """One person's designs. Every change is a step that can be undone; nothing on the shelf is ever overwritten."""

    #: The registered network that the design started from: figures are compared with it.
    baseline: str
    history: list[Design]
    position: int = 0
    shelf: dict[str, Design] = field(default_factory=dict)

    @classmethod
    def starting_from(cls, baseline: str, design: Design | None = None) -> Workbench:
        """A bench with a registered network on it, or a design of somebody's."""
        return cls(baseline, [design or Design(baseline, get_config(baseline))])

    @property
    def current(self) -> Design:
        """The design at hand."""
        return self.history[self.position]

    def put(self, design: Design) -> None:
        """Go on with another design; what was undone before is gone."""
        if design != self.current:
            self.history = [*self.history[: self.position + 1], design][-MEMORY:]
            self.position = len(self.history) - 1

    def change(self, **fields: Any) -> None:
        """Change fields of the config. Raises: ConfigError: a value is not allowed; the design stays as it was."""
        config = override(self.current.config, **fields)
        self.put(Design(self._name_for(config), config))

    def rename(self, name: str) -> None:
        """Give the design a name. Raises: ConfigError: it is none, or a registered network has it."""
        name, config = name.strip(), self.current.config
        if name in list_archs() and config != get_config(name):
            raise ConfigError("name", name, "one that no registered network has")
        self.put(Design(name, config))

    def start_from(self, baseline: str) -> None:
        """Take a registered network to start from and to compare with."""
        self.baseline = baseline
        self.put(Design(baseline, get_config(baseline)))

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
