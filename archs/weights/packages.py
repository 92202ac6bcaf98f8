"""Packages that only weights need: imported when they are, and missed in one sentence."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from archs.errors import MissingPackageError


def require(module: str, purpose: str) -> Any:
    """The module of that dotted name. Raises: MissingPackageError: it is not installed.

    >>> require("json", "Reading a header").loads("[1]")
    [1]
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise MissingPackageError(purpose, module.partition(".")[0]) from None
