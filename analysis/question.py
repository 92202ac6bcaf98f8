"""What a person types into one box: names as papers write them, and an input: "DenseNet-121 vs ResNet-50 @512 b8"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from analysis.precision import DTYPE_BYTES, spelled
from analysis.targets import LIBRARIES, is_library_name, list_library
from archs import checks
from archs.errors import ConfigError, MissingPackageError, UnknownArchError
from archs.kept import is_run, weights_of_run
from archs.layer import Pair
from archs.registry import get_family, list_archs, list_families

#: Far more than a person types.
MAX_LETTERS = 2000
#: Commas within parentheses stand in names: "DenseNet-BC (L = 100, k = 12)".
_BETWEEN = re.compile(r"\s+(?:vs\.?|versus|against|beside|and|or|with)\s+|[,;&|](?![^()]*\))", re.IGNORECASE)
_DEPTH = re.compile(r"\b(?:L|depth)\s*=\s*(?=[0-9])", re.IGNORECASE)
#: "C = G = 8" is C = 8 and G = 8.
_EQUAL = re.compile(r"\b([A-Z])\s*=\s*([A-Z])\s*=\s*([0-9]+)", re.IGNORECASE)
_SIZE = re.compile(
    r"(?:@|\bat\b)\s*([0-9]+(?:\s*[x×*]\s*[0-9]+)?)\s*(?:px|pixels?)?|(?<![\w.-])([0-9]+)\s*px\b", re.IGNORECASE
)
_BATCH = re.compile(r"(?<=\s)(?:b|bs|batch(?:\s+size)?(?:\s+of)?)\s*=?\s*([0-9]{1,9})\b", re.IGNORECASE)


class Question(NamedTuple):
    """Networks, and what of their input was said; None of what was not."""

    names: tuple[str, ...]
    image_size: int | Pair | None = None
    batch_size: int | None = None
    dtype: str | None = None


def parse_question(text: str, own: Sequence[str] = ()) -> Question:
    """The networks, among them a person's `own`, and the input that are asked for.

    >>> parse_question("DenseNet-121 vs VoVNet-39 @512 b8")
    Question(names=('densenet121', 'vovnet39'), image_size=512, batch_size=8, dtype=None)

    Raises:
        UnknownArchError: no network has one of the names; it names the nearest three.
        ConfigError: a name that means several networks, an input that is not allowed, or no name at all.
    """
    rest, sizes = _taken(_SIZE, text[:MAX_LETTERS])
    rest, batches = _taken(_BATCH, rest)
    rest, dtypes = _without_dtypes(rest)
    names = [find_network(part, own) for part in _BETWEEN.split(rest) if part.strip(" ?.!")]
    if not names:
        raise ConfigError("the question", text, "names of networks, such as DenseNet-121 vs ResNet-50 @512 b8")
    return Question(
        tuple(dict.fromkeys(names)),
        checks.parse_image_size(sizes[-1]) if sizes else None,
        checks.batch_size(int(batches[-1])) if batches else None,
        dtypes[-1] if dtypes else None,
    )


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, list[str]]:
    """The text without what matches, and that."""
    return pattern.sub(" ", text), [next(filter(None, match)) for match in map(re.Match.groups, pattern.finditer(text))]


def _without_dtypes(text: str) -> tuple[str, list[str]]:
    """The text without number formats, and those in the project's own spelling."""
    words = text.split(" ")
    found = [spelled(word.strip(",;?.!")) for word in words]
    kept = [word for word, dtype in zip(words, found, strict=True) if dtype not in DTYPE_BYTES]
    return " ".join(kept), [dtype for dtype in found if dtype in DTYPE_BYTES]


def find_network(written: str, own: Sequence[str] = ()) -> str:
    """What a person means, whatever hyphens and capitals papers write; first one's `own`, then ours, then libraries'.

    >>> find_network("VoVNetV2-39"), find_network("DenseNet-40"), find_network("DenseNet-BC-250 (k = 24)")
    ('vovnetv2_39', 'densenet40_k12', 'densenetbc250_k24')

    Raises:
        UnknownArchError: no network has the name; it names the nearest three.
        UnknownNameError, WeightsError: there is no such run, or it has no weights.
        ConfigError: it means several.
    """
    written = written.strip(" ?.!")
    if is_run(written):
        weights_of_run(written)
        return written
    if is_library_name(written):
        return _only(written, list_library(written.partition("/")[0])) or _unknown(written)
    return _only(written, [*own, *list_archs()]) or _only(written, _of_libraries()) or _unknown(written)


def _only(written: str, names: Iterable[str]) -> str | None:
    """The one of some names that is meant: the same letters and digits, else the only one that goes on after them."""
    by_letters: dict[str, str] = {}
    for name in names:
        by_letters.setdefault(_letters(name.rpartition("/")[2]), name)
    wanted = _as_registered(_letters(written.rpartition("/")[2]))
    if not wanted or wanted in by_letters:
        return by_letters.get(wanted)
    longer = [name for letters, name in by_letters.items() if re.match(rf"{wanted}(?![0-9])", letters)]
    if len(longer) > 1 and wanted[-1].isdigit():
        raise ConfigError("the name", written, f"one of {', '.join(longer[:6])}")
    return longer[0] if len(longer) == 1 else None


def _as_registered(letters: str) -> str:
    """Letters that begin with another name of a family, as our names begin."""
    for family in map(get_family, list_families()):
        for called in map(_letters, family.also_called):
            if letters.startswith(called):
                return family.name + letters.removeprefix(called)
    return letters


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", _EQUAL.sub(r"\1\3\2\3", _DEPTH.sub("", name)).lower())


def _of_libraries() -> Iterable[str]:
    """The networks of all libraries that are installed."""
    found = []
    for library in LIBRARIES:
        try:
            found.append(list_library(library))
        except MissingPackageError:
            continue
    return chain.from_iterable(found)


def _unknown(written: str) -> str:
    raise UnknownArchError(written, [*list_archs(), *_of_libraries()])
