"""Which networks of timm and torchvision are counted as PyTorch counts them: `python -m scripts.libraries [PATTERN]`.

The smallest network of each model file of timm, and all classifiers, segmentation networks, video networks and
detectors of torchvision; a pattern such as `timm.models.res*` or `torchvision/video/*` picks some. The status is 1 if
one is wrong or ends in a traceback.
"""

from __future__ import annotations

import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import partial
from typing import Any

import timm
import torch
import torchvision
from torch import nn

import analysis
from analysis.targets import build, list_library
from analysis.trace.stand_in import Weightless
from archs import DenseScopeError
from archs.checks import image_size
from tests.support import truth
from tests.support.project import ROOT

#: What counting a network twice may take.
SECONDS = 120
#: The smallest network of each of timm's model files; of other files, all are built to find it.
SMALLEST = {f"timm/{name}" for name in (ROOT / "tests/data/smallest_of_timm.txt").read_text(encoding="utf-8").split()}
#: Networks of torchvision that `list_library` leaves out, by their part of it, and what they take.
OTHERS = {"segmentation": (1, 3, 128, 128), "video": (1, 3, 16, 224, 224), "detection": (1, 3, 320, 320)}

Shape = tuple[int, ...]


def networks() -> Iterator[tuple[str, Callable[[], tuple[nn.Module, Shape]]]]:
    """Names of the networks, and how to build each, with the shape of its input."""
    files: dict[str, list[str]] = defaultdict(list)
    for name in list_library("timm"):
        files[timm.model_entrypoint(name.removeprefix("timm/")).__module__].append(name)
    for file, names in files.items():
        yield file, partial(_smallest, names)
    for name in list_library("torchvision"):
        yield name, partial(_classifier, name)
    for part, shape in OTHERS.items():
        for name in torchvision.models.list_models(module=getattr(torchvision.models, part)):
            yield f"torchvision/{part}/{name}", partial(_other, name, shape)


def _smallest(names: list[str]) -> tuple[nn.Module, Shape]:
    known = [name for name in names if name in SMALLEST]
    return min(map(_classifier, known or names), key=lambda built: truth.parameters(built[0]))


def _classifier(name: str) -> tuple[nn.Module, Shape]:
    module, given = build(name)
    return module, (1, given.in_channels or 3, *image_size(given.image_size))


def _other(name: str, shape: Shape) -> tuple[nn.Module, Shape]:
    backbone = {"weights_backbone": None} if len(shape) == 4 else {}
    with Weightless():
        return torchvision.models.get_model(name, weights=None, **backbone), shape


def survey(pattern: str = "*") -> bool:
    """Print what comes of each network; whether none is wrong."""
    outcomes: dict[str, list[str]] = defaultdict(list)
    signal.signal(signal.SIGALRM, _too_long)
    for name, built in networks():
        if fnmatch(name, pattern):
            signal.alarm(SECONDS)
            try:
                outcome = verdict(*built())
            except DenseScopeError as error:
                outcome = str(error)
            except Exception as error:
                outcome = f"WRONG: {type(error).__name__}: {error}"
            signal.alarm(0)
            outcomes[outcome].append(name)
    for outcome, names in sorted(outcomes.items(), key=lambda found: -len(found[1])):
        print(f"- {len(names)} {outcome}: {', '.join(names)}")
    return not any(outcome.startswith("WRONG") for outcome in outcomes)


def _too_long(*_: Any) -> None:
    raise TimeoutError(f"no answer in {SECONDS} s")


def verdict(module: nn.Module, shape: Shape) -> str:
    """How a network is counted; PyTorch counts it on tensors without data, where it runs on those."""
    summary, expected = analysis.summarize(module, input=shape), truth.parameters(module)
    if summary.params != expected:
        return f"WRONG: {summary.params:,} parameters, not {expected:,}"
    try:
        expected = truth.flops(module.to("meta"), torch.empty(shape, device="meta"))
    except Exception:
        return "verified by its trace alone" if summary.verified else "WRONG: not verified"
    return "verified" if summary.flops == expected else f"WRONG: {summary.flops:,} FLOPs, not {expected:,}"


if __name__ == "__main__":
    sys.exit(not survey(*sys.argv[1:]))
