"""The options that commands share, and how their text becomes values."""

from __future__ import annotations

import ast
import inspect
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.export import FORMATS
from analysis.precision import DTYPE_BYTES
from analysis.summary import Summary, summarize
from analysis.targets import Target, resolve_target
from archs import checks
from archs.checks import parse_image_size
from archs.errors import ConfigError, DenseScopeError
from archs.layer import Pair

#: The formats of every command: tables for people, the others for machines.
ALL_FORMATS = ("table", *FORMATS)

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A registered network (`list` shows them), a design's file or run:NAME; without its head as "
        "backbone/NAME, in a detector as retinanet/NAME (docs/detection.md).",
    ),
]
SizeOption = Annotated[
    str, typer.Option(metavar="SIZE", help="A side (224), height x width (192x256), or each network's own.")
]
BatchOption = Annotated[str, typer.Option(metavar="N", help="Images at once.")]
ChangesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Change a field, such as growth_rate=24 or block_config=6,12,24,16: `fields` lists them.",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"{', '.join(ALL_FORMATS)}: units for people in a table, exact numbers in the others. "
        "Left out, the ending of FILE decides.",
    ),
]
HostOption = Annotated[
    float | None, typer.Option(metavar="N", help="What your host takes to issue a kernel; else the usual range.")
]
DeviceFileOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A device of your own: JSON with peaks and bandwidth.")
]
OutputOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write to a file.")]
NamesArgument = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Networks in this order; backbone/NAME or retinanet/NAME too.")
]


@dataclass(frozen=True)
class Request:
    """The options of every command about networks: how the networks are counted, and where the answer goes."""

    image_size: SizeOption = "own"
    batch_size: BatchOption = "1"
    dtype: Annotated[
        str, typer.Option(metavar="TYPE", help=f"What an element is stored as: {', '.join(DTYPE_BYTES)}.")
    ] = "float32"
    changes: ChangesOption = None
    allow_uncounted: Annotated[
        bool, typer.Option("--allow-uncounted", help="List operations without a rule, as nothing, instead of refusing.")
    ] = False
    verify: Annotated[
        str,
        typer.Option(metavar="HOW", help="A second count of networks from libraries: yes, no, or warn of differences."),
    ] = "yes"
    file_format: FormatOption = None
    output: OutputOption = None

    def __post_init__(self) -> None:
        if self.file_format is not None:  # before anything is said
            checks.choice("format", self.file_format, ALL_FORMATS)

    def summaries(self, names: Sequence[str]) -> list[Summary]:
        """The networks, counted as asked. Raises: DenseScopeError: it says which of several does not suit."""
        found = []
        for name, target in self.targets(names):
            try:
                found.append((name, self._count(target)))
            except ConfigError as error:
                raise DenseScopeError(f"{name}: {error}" if len(names) > 1 else str(error)) from None
        return _with_notes_said(found)

    def those_that_suit(self, names: Sequence[str]) -> list[Summary]:
        """As `summaries`, without networks that do not suit: a line on stderr says why. Raises: where none is left."""
        from analysis.findings import left_out_finding, reason

        found, left_out = [], {}
        for name, target in self.targets(names):
            try:
                found.append((name, self._count(target)))
            except DenseScopeError as error:
                left_out[name] = reason(error)
        if not found:
            name, why = next(iter(left_out.items()))
            raise DenseScopeError(f"{name}: {why}" if len(names) > 1 else why)
        for name, why in left_out.items():
            print(left_out_finding({name: why}), file=sys.stderr)
        return _with_notes_said(found)

    def _count(self, target: Target) -> Summary:
        how: dict[str, bool | str] = {"yes": True, "no": False, "warn": "warn"}
        verify = how[checks.choice("--verify", self.verify, tuple(how))]
        return summarize(target, *self.input, verify=verify, allow_uncounted=self.allow_uncounted)

    def targets(self, names: Sequence[str]) -> list[tuple[str, Target]]:
        """The networks with their fields changed. Raises: DenseScopeError: there is no such network, or field."""
        changes = parse_changes(self.changes or ())
        return [(name, resolve_target(name, **changes)) for name in names]

    @property
    def input(self) -> tuple[int | Pair | None, int, str]:
        """Image size, batch size and dtype, as `analysis.summarize` takes them."""
        return parse_image_size(self.image_size), parse_value(self.batch_size), self.dtype

    def unchanged(self) -> Request:
        """The same without changes to the networks' fields."""
        return replace(self, changes=None)


def _with_notes_said(found: Sequence[tuple[str, Summary]]) -> list[Summary]:
    """What was counted; its notes stand on stderr, once it is clear that no error will."""
    for name, summary in found:
        for note in summary.notes:
            print(f"{name}: {note}", file=sys.stderr)
    return [summary for _, summary in found]


def takes_request(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Request` in place of its keyword parameter `request`."""
    shared = inspect.signature(Request, eval_str=True).parameters
    own = inspect.signature(command, eval_str=True).parameters

    @wraps(command)
    def run(**values: Any) -> None:
        request = Request(**{name: values.pop(name) for name in shared})
        command(**values, request=request)

    parameters = [parameter for name, parameter in own.items() if name != "request"]
    run.__signature__ = inspect.Signature([*parameters, *shared.values()])  # type: ignore[attr-defined]
    return run


def parse_changes(changes: Iterable[str], option: str = "--set") -> dict[str, Any]:
    """Overrides of a config, or a recipe, from the `field=value` texts of an option.

    >>> parse_changes(["growth_rate=24", "block_config=6,12,24,16", "bn_size=none", "stem=cifar"])
    {'growth_rate': 24, 'block_config': (6, 12, 24, 16), 'bn_size': None, 'stem': 'cifar'}
    """
    values = {}
    for change in changes:
        field, equals, value = change.partition("=")
        if not (field.strip() and equals):
            raise ConfigError(option, change, f"a field and a value such as {_EXAMPLES[option]}")
        values[field.strip().replace("-", "_")] = parse_value(value.strip())
    return values


_EXAMPLES = {"--set": "growth_rate=24", "--with": "epochs=20"}
_WORDS = {"true": True, "false": False, "none": None}


def parse_value(text: str) -> Any:
    """A number, a tuple, true, false or none; any other text stands for itself."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        with warnings.catch_warnings(action="ignore"):  # of text that is almost a number
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    return value if isinstance(value, (int, float, tuple, list)) else text
