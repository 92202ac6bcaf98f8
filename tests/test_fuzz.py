"""A few hostile inputs of each kind; `make fuzz` gives many, in a process that is watched."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any
from unittest.mock import MagicMock

import pytest

import analysis
import archs
from analysis.chains import get_chain
from analysis.search.store import Store
from tests.support.exhaustive import examples
from tests.support.fuzz.calls import KINDS
from tests.support.fuzz.values import LyingText, broken
from tests.support.fuzz.watch import judge

#: What imports timm where a word names it, measures time, or opens pages, is left to `make fuzz`.
SHORT = [kind for kind in KINDS if kind not in ("command", "huge", "link")]


@pytest.mark.parametrize("kind", SHORT)
def test_whatever_is_given_is_taken_or_refused_in_a_sentence(kind, tmp_path):
    _, draw = KINDS[kind]
    for number in range(examples(25)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            name, deed = draw(Random(f"{kind} {number}"), folder)
            _, faults = judge(deed)
        assert not faults, f"{kind} {number}, {name}"


def _space(**choices: Any) -> object:
    return analysis.Space("densenet121", choices)


#: What has raised, or could have, something else than a sentence once; each is refused now.
REFUSED = {
    "a chain's name that answers nothing": lambda: get_chain(LyingText("densenet121")),
    "a network's": lambda: analysis.summarize(LyingText("nobody")),
    "a space's": lambda: analysis.get_space(LyingText("nobody")),
    "a device's": lambda: analysis.Device(name=LyingText(" "), fp32_flops_per_s=1e12, bandwidth_bytes_per_s=1e12),
    "a path": lambda: archs.read_design(LyingText("nowhere.json")),
    "a design": lambda: archs.parse_design(LyingText("{}")),
    "a name of two lines": lambda: analysis.Device(name="a\nb", fp32_flops_per_s={}, bandwidth_bytes_per_s=1e12),
    "half a character": lambda: analysis.published("throughput", arch="\ud800"),
    "what only looks like a number": lambda: archs.get_config("densenet121", growth_rate=MagicMock(spec=int)),
    "like a share": lambda: archs.get_config("densenet121", drop_rate=MagicMock(spec=float)),
    "like a switch": lambda: analysis.memory("peleenet", inplace_relu=MagicMock(spec=bool)),
    "like a name": lambda: archs.get_config(MagicMock(spec=str)),
    "a pair without a length": lambda: analysis.summarize("peleenet", broken("__len__", "__iter__", base=list)),
    "a budget": lambda: analysis.search("peleenet", {"macs": broken("__len__", "__iter__", base=tuple)}, limit=1),
    "values": lambda: _space(growth_rate=(broken("__getitem__", base=list),), bn_size=(LyingText("x"),)),
    "taps": lambda: archs.create_backbone("vovnet27_slim", out_indices=broken("__getitem__", "__iter__", base=list)),
    "a format": lambda: archs.create_model("vovnet27_slim", device="meta").forward_intermediates(
        None, output_fmt=broken("__getattr__")
    ),
    "a network to optimise": lambda: analysis.optimize_for_inference(broken("__getattr__")),
    "a folder of half a character": lambda: Store("\ud800"),
    "a class to tell of progress": lambda: analysis.search("peleenet", limit=1, progress=range),
    "what takes nothing to tell of progress": lambda: analysis.search("peleenet", limit=1, progress=lambda: None),
    "an input that is neither true nor false": lambda: analysis.summarize("peleenet", input=broken("__bool__")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_answers_nothing_is_refused_in_a_sentence(what):
    assert judge(REFUSED[what]) == ("refused", [])


def test_names_are_taken_as_pythons_own():
    assert archs.get_config(LyingText("densenet121")) == archs.get_config("densenet121")
    assert analysis.summarize(LyingText("densenet121")).macs == analysis.summarize("densenet121").macs
