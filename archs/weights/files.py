"""Files of weights: what they hold is read as plain tensors, and nothing in them is ever run."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from archs import files
from archs.errors import DenseScopeError, WeightsError, require
from archs.weights.pickles import check_pickle

PICKLE_ENDINGS = (".pth", ".pth.tar", ".pt", ".bin")
ENDINGS = (".safetensors", *PICKLE_ENDINGS)
#: Longer than any network, its optimizer and its averages.
MAX_BYTES = 32 * 1024**3
PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
#: What training scripts keep beside their tensors: arguments, paths, single numbers. It is passed over, unmade.
PASSED_OVER = (
    "argparse.Namespace",
    "types.SimpleNamespace",
    *(f"{home}.{kind}" for home in ("pathlib", "pathlib._local") for kind in PATHS),
    *(f"numpy.{core}.multiarray.scalar" for core in ("core", "_core")),
    "numpy.dtype",
    *(f"datetime.{kind}" for kind in ("datetime", "date", "timedelta")),
    "uuid.UUID",
)


class PassedOver:
    """Stands in a file's content for a value that isn't needed."""

    def __new__(cls, *_: Any) -> PassedOver:
        return super().__new__(cls)

    def __setstate__(self, _: Any) -> None:
        """Keep nothing."""


def read_content(path: Path) -> Any:
    """What a file holds: tensors by name, or more around them.

    Raises:
        WeightsError: there is no such file, or it cannot be read.
        MissingPackageError: the package that reads this format is not installed.
    """
    _check_file(path)
    read = _read_safetensors if is_safetensors(path) else _read_pickle
    try:
        return read(path)
    except DenseScopeError:
        raise
    except Exception as error:  # whatever a damaged file makes its reader do, it is a damaged file
        raise WeightsError(f"{str(path)!r} {_refusal(error)}.") from None


def _check_file(path: Path) -> None:
    shown = repr(str(path))
    try:
        if path.exists():
            size = path.stat().st_size
            if size > MAX_BYTES:
                raise WeightsError(f"{shown} has {size:,} bytes, but at most {MAX_BYTES:,} are read.")
        if path.is_dir():
            raise WeightsError(f"{shown} is a folder, not a file of weights.")
        if not path.exists():
            raise WeightsError(f"There is no file {shown}.")
        if not path.is_file():
            raise WeightsError(f"{shown} is not an ordinary file.")
        if not path.name.lower().endswith(ENDINGS):
            raise WeightsError(f"{shown} must end in one of {', '.join(ENDINGS)}.")
        with files.opened(path, MAX_BYTES) as file:
            if not file.read(1):
                raise WeightsError(f"{shown} is empty.")
    except OSError as error:
        raise WeightsError(f"Cannot read {shown}: {error.strerror}.") from None


def is_safetensors(path: Path) -> bool:
    return path.name.lower().endswith(".safetensors")


def _read_safetensors(path: Path) -> Any:
    return require("safetensors.torch", "Reading a .safetensors file").load_file(path)


def _read_pickle(path: Path) -> Any:
    import torch

    check_pickle(path, repr(str(path)))
    passed_over: Any = [(PassedOver, name) for name in PASSED_OVER]
    with warnings.catch_warnings(), torch.serialization.safe_globals(passed_over):
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", weights_only=True)


def _refusal(error: Exception) -> str:
    """What is wrong with a file that made its reader raise `error`."""
    if match := re.search(r"GLOBAL ([\w.]+)", str(error)):
        return f"was refused and nothing in it was run: it asks for {match[1]}, while weights need tensors only"
    return "is truncated, damaged, or no file of weights of the kind that its ending says"
