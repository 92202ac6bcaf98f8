"""Modules that are called: where a function has the name of its module, the package has one name for both.

`analysis.search(space)` searches, and `import analysis.search.store` finds what lies in the package.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from inspect import signature
from types import ModuleType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def as_its_module(function: Function) -> Function:
    """Let the module of a function be called like it; packages above leave the module under that name.

    >>> import analysis
    >>> analysis.search.search.__module__, callable(analysis.search)
    ('analysis.search', True)
    """
    module = sys.modules[function.__module__]
    module.__class__ = type("CalledModule", (ModuleType,), {"__call__": staticmethod(function)})
    module.__dict__["__signature__"] = signature(function)
    return function
