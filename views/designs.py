"""Designs on the shelf as networks that every selection offers, by names that tell their content."""

from __future__ import annotations

from zlib import crc32

import streamlit as st

from archs.design import Design
from archs.registry import get_config, override
from views.design.workbench import BENCH

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
