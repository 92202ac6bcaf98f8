"""Files: weights, measurements and devices that are damaged, forged or no files at all."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.support.fuzz.values import WORDS

SMALL = {"block_config": (1, 1), "growth_rate": 4, "num_init_features": 8}


def _damaged(random: Random, content: bytes) -> bytes:
    """Some bits turned, cut off, or put in twice."""
    made = bytearray(content)
    for _ in range(random.choice([1, 1, 2, 20])):
        place = random.randrange(min(len(made), random.choice([100, 4000, len(made)])))
        made[place] ^= 1 << random.randrange(8)
    if random.random() < 0.2:
        made = made[: random.randint(1, len(made))]
    if random.random() < 0.1:
        made += made[: random.randint(1, len(made))]
    return bytes(made)


def _special(random: Random, path: Path) -> Path:
    """Something that is no ordinary file."""
    match random.randrange(4):
        case 0:
            os.mkfifo(path)
        case 1:
            path.symlink_to("/dev/zero")
        case 2:
            path.mkdir()
        case _:
            with path.open("wb") as file:
                file.truncate(random.choice([0, 1, 2**40]))
    return path


@cache
def _tensors() -> dict[str, Any]:
    import archs

    return dict(archs.create_model("densenet121", **SMALL).state_dict())


def _safetensors(random: Random) -> bytes:
    import safetensors.torch
    import torch

    kind = random.choice([None, None, torch.bool, torch.int8, torch.float16, torch.float64, torch.uint8])
    state = {key: value if kind is None else value.to(kind) for key, value in _tensors().items()}
    if random.random() < 0.2:
        state[random.choice(["x", "a" * 100_000, "b."])] = torch.zeros(1)
    content: bytes = safetensors.torch.save(state)
    if random.random() < 0.3:
        length = random.choice([0, 1, 10**6, 99_999_999, 2**40, 2**63])
        content = struct.pack("<Q", length) + content[8:]
    if random.random() < 0.2:
        header = {"x": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}
        text = json.dumps(header).encode()
        content = struct.pack("<Q", len(text)) + text
    return content


class _Made:
    """Becomes a call in a pickle."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.call = function, args

    def __reduce__(self) -> Any:
        return self.call


def _laughing() -> Any:
    """A mapping in whose entries the same mapping stands a thousand times, and so on."""
    inner: dict[str, Any] = {"x": 1}
    for _ in range(4):
        inner = {f"k{number}": inner for number in range(300)}
    return inner


def _pickle(random: Random) -> bytes:
    import torch

    one = torch.zeros(1)
    content: Any = random.choice(
        [
            _tensors(),
            {"state_dict": _tensors(), "epoch": 3, "args": _Made(Path, "/x")},
            {key: value.to(torch.int8) for key, value in _tensors().items()},
            {key: value.bool() for key, value in _tensors().items()},
            {"x": one.expand(10**12)},
            {"a" * 100_000: one},
            {".".join("ab" * 5000): one},
            _laughing(),
            _Made(bytearray, 3 * 10**9),
            _Made(os.getcwd),
            _Made(eval, "1"),
            [one] * 1000,
            None,
        ]
    )
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=random.random() < 0.7)
    return stream.getvalue()


def _deflated(random: Random) -> bytes:
    """An archive that is small until it is opened."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"x": 1}, 2))
        archive.writestr("archive/data/0", bytes(random.choice([10**6, 10**8])))
        archive.writestr("archive/version", "3\n")
    return stream.getvalue()


def weights(random: Random, folder: Path) -> Path:
    """A file of weights for a network of `SMALL`."""
    ending = random.choice([".safetensors", ".safetensors", ".pth", ".pt", ".bin", ".txt"])
    path = folder / f"weights{ending}"
    if random.random() < 0.1:
        return _special(random, path)
    make = _safetensors if ending == ".safetensors" else random.choice([_pickle, _pickle, _deflated])
    content = make(random)
    path.write_bytes(_damaged(random, content) if random.random() < 0.5 else content)
    return path


def json_file(random: Random, folder: Path, content: bytes) -> Path:
    """A file of JSON, or what stands in its place."""
    path = folder / "file.json"
    if random.random() < 0.1:
        return _special(random, path)
    path.write_bytes(_damaged(random, content) if random.random() < 0.3 else content)
    return path


def forged(random: Random, values: Any) -> Any:
    """A record of JSON with something else in one place."""
    odd = [None, -1, 0, 5e-324, 1e308, 10**400, 2**63, True, "", "x", [], {}, [[]], [None], {"a": {}}, "9" * 4000]
    if not isinstance(values, (dict, list)) or not values or random.random() < 0.2:
        return random.choice([*odd, random.choice(WORDS)[:3000]])
    copy = dict(values) if isinstance(values, dict) else dict(enumerate(values))
    key = random.choice(list(copy))
    copy[key] = forged(random, copy[key])
    if random.random() < 0.1:
        del copy[key]
    if isinstance(values, list):
        return list(copy.values())
    if random.random() < 0.1:
        copy["colour"] = 1
    return copy
