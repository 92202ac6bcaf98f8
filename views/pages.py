"""The pages, and what each of them reads of the input in the sidebar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from views.sidebar import INPUT

SIZE, COUNTS = INPUT[:1], INPUT[:2]


@dataclass(frozen=True)
class Page:
    """One screen."""

    script: str
    title: str
    icon: str
    #: Of the input, all sections but those that read less.
    reads: Sequence[str] = INPUT
    #: The key of the choice between sections, and what some of them read.
    section: str = ""
    sections: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def reads_now(self) -> Sequence[str]:
        """What the section that is shown reads of the input."""
        if not self.section:
            return self.reads
        shown = st.session_state.get(self.section) or st.query_params.get(self.section, "")
        return self.sections.get(shown, self.reads)


PAGES = (
    Page("compare.py", "Compare", "compare_arrows"),
    Page("layers.py", "Layers", "layers"),
    Page(
        "architecture/architecture.py",
        "Architecture",
        "account_tree",
        COUNTS,
        "aspect",
        {"Connectivity": INPUT, "Data flow": INPUT, "What changed": INPUT, "Feature reuse": SIZE, "Code": SIZE},
    ),
    Page("design/design.py", "Design", "edit"),
    Page("memory/memory.py", "Memory", "memory"),
    Page("search/search.py", "Search", "travel_explore", ()),
    Page("counters.py", "Counters", "calculate", COUNTS),
    Page("hardware/hardware.py", "Hardware", "speed", SIZE, "section", {"Accuracy and cost": ()}),
)
