"""Story: how one network became another, change by change, and what each change costs and saves."""

from __future__ import annotations

from collections.abc import Callable

from views import widgets
from views.story.chain import draw_chain

#: What the page tells; one section alone needs no choice.
SECTIONS: dict[str, Callable[[], None]] = {"Chains": draw_chain}


def render() -> None:
    """The page."""
    section = next(iter(SECTIONS))
    if len(SECTIONS) > 1:
        section = widgets.choose_segment("Part", "story", [*SECTIONS], section, label_visibility="collapsed")
    SECTIONS[section]()


render()
