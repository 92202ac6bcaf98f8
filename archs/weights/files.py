"""Files of weights: what they hold is read as plain tensors, and nothing in them is ever run."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archs.errors import MissingPackageError, WeightsError, abbreviate, require

if TYPE_CHECKING:
    from torch import Tensor

PICKLE_ENDINGS = (".pth", ".pth.tar", ".pt", ".bin")
ENDINGS = (".safetensors", *PICKLE_ENDINGS)
#: Names under which training scripts keep the state dict beside epoch, optimizer and the like.
WRAPPERS = ("state_dict", "model", "model_state_dict")
#: More than anybody nests; a hostile file may nest without end.
MAX_WRAPPERS = 3
#: What `DataParallel` and `torch.compile` put in front of every key.
PREFIXES = ("module.", "_orig_mod.")


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name, without wrappers and prefixes.

    Raises:
        WeightsError: there is no such file, it cannot be read, or it holds something else.
        MissingPackageError: the package that reads this format is not installed.
    """
    _check_file(path)
    read = _read_safetensors if _is_safetensors(path) else _read_pickle
    try:
        content = read(path)
    except MissingPackageError:
        raise
    except Exception as error:  # whatever a damaged file makes its reader do, it is a damaged file
        raise WeightsError(f"{str(path)!r} {_refusal(error)}.") from None
    return _without_prefixes(_state_dict(content, path))


def read_exported_config(path: Path) -> Mapping[str, Any]:
    """The fields that a .safetensors file of `cli.py export` keeps beside its tensors; none for other files."""
    if not _is_safetensors(path):
        return {}
    with require("safetensors", "Reading a .safetensors file").safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
    try:
        config = json.loads(metadata.get("config", "{}"))
    except (ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


def _check_file(path: Path) -> None:
    shown = repr(str(path))
    try:
        if path.is_dir():
            raise WeightsError(f"{shown} is a folder, not a file of weights.")
        if not path.exists():
            raise WeightsError(f"There is no file {shown}.")
        if not path.is_file():
            raise WeightsError(f"{shown} is not an ordinary file.")
        if not path.name.lower().endswith(ENDINGS):
            raise WeightsError(f"{shown} must end in one of {', '.join(ENDINGS)}.")
        with path.open("rb") as file:
            if not file.read(1):
                raise WeightsError(f"{shown} is empty.")
    except OSError as error:
        raise WeightsError(f"Cannot read {shown}: {error.strerror}.") from None


def _is_safetensors(path: Path) -> bool:
    return path.name.lower().endswith(".safetensors")


def _read_safetensors(path: Path) -> Any:
    return require("safetensors.torch", "Reading a .safetensors file").load_file(path)


def _read_pickle(path: Path) -> Any:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", weights_only=True)


def _refusal(error: Exception) -> str:
    """What is wrong with a file that made its reader raise `error`."""
    if match := re.search(r"GLOBAL ([\w.]+)", str(error)):
        return f"was refused and nothing in it was run: it asks for {match[1]}, while weights need tensors only"
    return "is truncated, damaged, or no file of weights of the kind that its ending says"


def _state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    for _ in range(MAX_WRAPPERS):
        content = _unwrapped(content)
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(f"{str(path)!r} holds no state dict but a value of type {type(content).__name__}.")
    for key, value in content.items():
        if not (isinstance(key, str) and _is_plain_tensor(value)):
            raise WeightsError(f"{str(path)!r} holds no state dict: its entry {abbreviate(key)} is no plain tensor.")
    return dict(content)


def _unwrapped(content: Any) -> Any:
    if not isinstance(content, Mapping):
        return content
    return next((content[name] for name in WRAPPERS if isinstance(content.get(name), Mapping)), content)


def _is_plain_tensor(value: Any) -> bool:
    import torch

    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and not (value.is_meta or value.is_quantized or value.is_complex())
    )


def _without_prefixes(state: dict[str, Tensor]) -> dict[str, Tensor]:
    while prefix := next((prefix for prefix in PREFIXES if all(key.startswith(prefix) for key in state)), None):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state
