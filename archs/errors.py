"""Everything that DenseScope raises on purpose: each message is one sentence that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from reprlib import Repr
from typing import Any

#: No sentence is longer, whatever was given.
MAX_SENTENCE = 4000


class DenseScopeError(Exception):
    """Base of all errors whose message may be shown to a user as it stands."""

    def __init__(self, *args: object) -> None:
        first, *rest = args or ("",)
        if isinstance(first, str):
            line = " ".join(first[: MAX_SENTENCE + 1].splitlines())  # names may hold anything
            args = line if len(line) <= MAX_SENTENCE else f"{line[:MAX_SENTENCE]}…", *rest
        super().__init__(*args)

    def __str__(self) -> str:  # KeyError would print its message in quotes
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:  # between processes; the arguments of __init__ are not kept
        return _remake, (type(self), self.args, self.__dict__)


def _remake(kind: type[DenseScopeError], args: tuple[Any, ...], state: dict[str, Any]) -> DenseScopeError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class UnknownNameError(DenseScopeError, KeyError):
    """Nothing has that name; the nearest three that something has are named."""

    def __init__(self, what: str, name: object, known: Iterable[str]) -> None:
        nearest = nearest_names(name, known)
        rest = f"the nearest names are {nearest}" if nearest else "there are none yet"
        super().__init__(f"There is no {what} {abbreviate(name)}; {rest}.")


class UnknownArchError(UnknownNameError):
    """No architecture is registered under that name."""

    def __init__(self, name: object, known: Iterable[str]) -> None:
        super().__init__("architecture", name, known)


class ConfigError(DenseScopeError, ValueError):
    """A field holds a value that is not allowed; `field` names it."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field} is {abbreviate(value)}, but must be {allowed}.")
        self.field = field


class UnknownFieldError(DenseScopeError, TypeError):
    """An override names a field that the config does not have."""

    def __init__(self, field: object, owner: str, known: Iterable[str]) -> None:
        super().__init__(
            f"{owner} has no field {abbreviate(field)}; the nearest fields are {nearest_names(field, known)}."
        )


class UnknownOpError(DenseScopeError, NotImplementedError):
    """A layer's operation has no rule in the meter."""

    def __init__(self, op: str, layer: str) -> None:
        super().__init__(
            f"The meter has no rule for the operation {op!r} (layer {layer!r}); "
            "counts, unlike predictions, list it as uncounted with allow_uncounted=True."
        )
        self.op, self.layer = op, layer


class TraceError(DenseScopeError, RuntimeError):
    """A module could not be turned into layers."""


class CountMismatchError(DenseScopeError, RuntimeError):
    """Two ways to count a module differ."""


class WeightsError(DenseScopeError, ValueError):
    """Weights that cannot be found, fetched, read, or fitted to the network."""


class WeightsWarning(UserWarning):
    """Weights were loaded, but a part of the network keeps its initialisation."""


class ExportError(DenseScopeError):
    """A network cannot be written to a file, or the file computes something else."""


class MissingPackageError(DenseScopeError, ImportError):
    """Something needs a package that is not installed."""

    def __init__(self, what: str, package: str) -> None:
        super().__init__(f"{what} needs the package {package}: install it with `pip install {package}`.")
        self.package = package


def require(module: str, purpose: str, package: str | None = None) -> Any:
    """The module of that dotted name. Raises: MissingPackageError: it is not installed.

    >>> require("json", "Reading a header").loads("[1]")
    [1]
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise MissingPackageError(purpose, package or module.partition(".")[0]) from None


def require_installed(package: str, purpose: str) -> None:
    """Raises: MissingPackageError: a package is not installed; it is not imported."""
    try:
        found = find_spec(package)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise MissingPackageError(purpose, package)


def first_line(error: Exception) -> str:
    """What others' errors say, as far as a sentence has room for it.

    >>> first_line(ValueError("shapes differ.\\nTraceback: …")), first_line(KeyError())
    ('shapes differ', 'KeyError')
    """
    return said(error).strip().partition("\n")[0].rstrip(". ") or type(error).__name__


def nearest_names(name: object, known: Iterable[str], count: int = 3) -> str:
    """The `count` known names most like `name`, quoted and joined for a sentence."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = get_close_matches(said(name)[:100].lower(), by_lower, n=count, cutoff=0.0)
    return ", ".join(repr(by_lower[match]) for match in matches)


def said(value: object) -> str:
    """`str(value)` as far as a name goes, whatever the value makes of being asked."""
    try:
        return str.__str__(value) if issubclass(type(value), str) else str(value)
    except Exception:  # its own `__str__` is broken, or an integer has too many digits
        return abbreviate(value)


def abbreviate(value: object, length: int = 60) -> str:
    """The beginning of `repr(value)`, so that a hostile value can neither flood a message nor raise or cost much.

    >>> abbreviate("a" * 9, 5), abbreviate(10**5000), abbreviate([[1], (2,)])
    ("'aaaa…", 'an integer of about 5001 digits', '[[1], (2,)]')
    """
    text = " ".join(_SHOWN.repr(value).split("\n"))
    return text if len(text) <= length else f"{text[:length]}…"


class _Shown(Repr):
    """Looks at the beginning of a value only."""

    #: More items and characters than are shown of anything.
    SEEN = 512

    def __init__(self) -> None:
        super().__init__()
        self.maxtuple = self.maxlist = self.maxarray = self.maxset = self.maxfrozenset = self.maxdeque = self.SEEN
        self.maxother = 1 << 30

    def repr1(self, x: Any, level: int) -> str:
        try:
            return super().repr1(x, level)
        except Exception:  # its class has the name of a type, and nothing else of it
            return f"<{type(x).__name__} object>"

    def repr_str(self, x: str, level: int) -> str:
        return repr(x[: self.SEEN])

    def repr_bytes(self, x: bytes, level: int) -> str:
        return repr(x[: self.SEEN])

    def repr_int(self, x: int, level: int) -> str:
        try:
            return repr(x)
        except ValueError:  # of Python's bound on the digits that it writes
            return f"an integer of about {int(x.bit_length() * 0.30103) + 1} digits"

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        if level <= 0:
            return "{...}"
        parts = (f"{self.repr1(key, level - 1)}: {self.repr1(x[key], level - 1)}" for key in islice(x, self.SEEN))
        return "{" + ", ".join(parts) + "}"


_SHOWN = _Shown()
