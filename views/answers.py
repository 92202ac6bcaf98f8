"""What was computed, or why it could not be, for whoever asks the same again."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Sequence
from copy import copy
from functools import wraps
from hashlib import sha256
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from archs.design import Design
from archs.errors import DenseScopeError
from archs.kept import is_run, version_of_run
from views.public import session_id
from views.work.bounds import allowed
from views.work.process import UnwantedError
from views.work.turns import TURNS
from views.workbench import contents_of, written

Arguments, Result = ParamSpec("Arguments"), TypeVar("Result")


def kept(
    max_entries: int = 64, beside: Collection[str] = ()
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Remembers the latest answers of a function of plain values, and its errors: what fails would fail again.

    Args:
        max_entries: how many.
        beside: keywords that are no part of the question, such as who hears how far it is.

    Answers are shared and not to be changed; frames are given as copies, of which pandas copies what is written to.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        answers: OrderedDict[Hashable, Result | DenseScopeError] = OrderedDict()
        held = Lock()

        @wraps(function)
        def answer(*arguments: Arguments.args, **more: Arguments.kwargs) -> Result:
            TURNS.give_way()
            asked = {name: value for name, value in more.items() if name not in beside}
            key = _key((allowed(), arguments, asked))
            with held:
                known = key in answers
                if known:
                    answers.move_to_end(key)
                    found = answers[key]
            if not known:
                found = _found(function, arguments, more)
                with held:
                    answers[key] = found
                    while len(answers) > max_entries:
                        answers.popitem(last=False)
            if isinstance(found, DenseScopeError):
                raise copy(found)  # each with a traceback of its own
            return _apart(found)

        return answer

    return decorate


def _found(function: Callable[..., Result], arguments: Any, more: Any) -> Result | DenseScopeError:
    try:
        return function(*arguments, **more)
    except UnwantedError:
        raise
    except DenseScopeError as error:
        return copy(error)


def _key(value: Any) -> Hashable:
    """What tells questions apart."""
    if isinstance(value, bytes):  # a file, which is not to be kept beside its answer
        return sha256(value).digest()
    if isinstance(value, (list, tuple)):
        return tuple(map(_key, value))
    if isinstance(value, dict):
        return tuple((key, _key(each)) for key, each in value.items())
    try:
        hash(value)
    except TypeError:
        return sha256(pickle.dumps(value)).digest()
    return type(value), value


def _apart(value: Any) -> Any:
    """An answer that may be written into."""
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(map(_apart, value))
    if type(value) is dict:
        return dict(value)
    return value.copy(deep=False) if _is_frame(value) else value


def _is_frame(value: Any) -> bool:
    return type(value).__name__ == "DataFrame"


def by_content(
    max_entries: int = 64, beside: Collection[str] = ()
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """As `kept`, of functions of names, or of one, by what they mean: the name of a design may mean another one in
    another session, that of a run another one tomorrow.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @kept(max_entries, beside)
        def remembered(meanings: list[str], /, *arguments: Any, **more: Any) -> Any:
            return function(*arguments, **more)

        @wraps(function)
        def answer(*arguments: Any, **more: Any) -> Any:
            return remembered(meanings_of(arguments[0]), *arguments, **more)

        return answer

    return decorate


def meanings_of(names: str | Sequence[str]) -> list[str]:
    """What those of some names stand for that may mean one thing now and another later; of designs in this session."""
    runs = filter(is_run, [names] if isinstance(names, str) else names)
    designs = [fingerprint(text) for text in contents_of(names)]
    own = [session_id()] if designs else []
    return [*own, *designs, *(f"{name} {version_of_run(name)}" for name in runs)]


def fingerprint(value: str | Design) -> str:
    """What a cache knows a design by, or a text of its own: nobody makes another one with the same.

    Streamlit's own hash of a config leaves out what family it is of.
    """
    return sha256((written(value) if isinstance(value, Design) else value).encode()).hexdigest()
