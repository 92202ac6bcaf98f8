"""A few hostile inputs of each kind; `make fuzz` gives many, in a process that is watched."""

from __future__ import annotations

import warnings
from random import Random

import pytest

from tests.support.exhaustive import examples
from tests.support.fuzz.calls import KINDS
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
