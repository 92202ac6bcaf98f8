"""From whatever stands for a network, a name, a config, a design, a run or a file, to its config."""

from __future__ import annotations

from typing import Any

from archs.described import described_network, is_described
from archs.design import Design, is_design_path, read_design
from archs.registry import check_recomputes, get_config, is_config, override


def resolve_config(arch: Any, /, **overrides: Any) -> Any:
    """A config, of a registered name, a config, a design or its file, a run, or weights that say what they are of.

    Raises: as `get_config`, `read_design` and `described_network`.
    """
    if is_described(arch):
        arch = described_network(arch)
    elif is_design_path(arch):
        arch = read_design(arch)
    if isinstance(arch, Design):
        arch = arch.config
    return check_recomputes(override(arch, **overrides) if is_config(arch) else get_config(arch, **overrides))
