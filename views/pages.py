"""The pages, and what each of them reads of the input in the sidebar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from views import widgets
from views.sidebar import BACKBONE, INPUT

SIZE, COUNTS = INPUT[:1], INPUT[:2]
#: Of pages that also count networks without their heads.
HEADLESS = (*INPUT, BACKBONE)
ANY_NUMBER = 1_000_000


@dataclass(frozen=True)
class Page:
    """One screen."""

    script: str
    title: str
    icon: str
    #: How many networks stand in it beside each other; in Design and Search none that one chooses.
    shows: int = 1
    #: Of the input, all sections but those that read less.
    reads: Sequence[str] = INPUT
    #: The key of the choice between sections, and what some of them read.
    section: str = ""
    sections: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: Whether it opens where a link names no page.
    is_start: bool = False

    @property
    def reads_now(self) -> Sequence[str]:
        """What the section that is shown reads of the input."""
        if not self.section:
            return self.reads
        shown = widgets.coming_value(self.section) or ""
        return self.sections.get(shown, self.reads)


PAGES = (
    Page("story/story.py", "Story", "auto_stories", 0, section="story", sections={"Claims": ()}),
    Page("compare.py", "Compare", "compare_arrows", ANY_NUMBER, HEADLESS, is_start=True),
    Page("layers.py", "Layers", "layers", reads=HEADLESS),
    Page(
        "architecture/architecture.py",
        "Architecture",
        "account_tree",
        2,
        COUNTS,
        "aspect",
        dict.fromkeys(("Whole network", "Connectivity", "Data flow", "What changed"), INPUT)
        | {"Feature reuse": SIZE, "Code": SIZE},
    ),
    Page("design/design.py", "Design", "edit", 0),
    Page("memory/memory.py", "Memory", "memory", reads=HEADLESS),
    Page("training/training.py", "Training", "model_training", reads=()),
    Page("search/search.py", "Search", "travel_explore", 0, ()),
    Page(
        "detection/detection.py",
        "Detection",
        "center_focus_strong",
        ANY_NUMBER,
        INPUT[1:],
        "detection",
        dict.fromkeys(("Precision and cost", "Energy"), ()),
    ),
    Page("counters.py", "Counters", "calculate", reads=COUNTS),
    Page("hardware/hardware.py", "Hardware", "speed", ANY_NUMBER, SIZE, "section", {"Accuracy and cost": ()}),
)
