"""`cli.py parts`: what backbone, neck, RPN and head cost, and one sentence for what is no detector."""

from __future__ import annotations

import json

import pytest

from analysis import summarize
from cli import main


def test_parts_of_two_detectors_with_their_sentences(capsys):
    assert (
        main(["parts", "retinanet/peleenet", "retinanet/vovnet39", "faster_rcnn/peleenet", "--image-size", "800"]) == 0
    )
    shown = capsys.readouterr().out.replace("\u2009", " ")
    assert "Under RetinaNet with 256 channels at 800×800 peleenet is 6.2 % of the MACs, the head 85 %;" in shown
    assert "Under Faster R-CNN with 256 channels at 800×800 peleenet is" in shown
    assert shown.count("RPN") == 1, "only Faster R-CNN has one"


def test_other_formats_hold_every_digit(capsys):
    assert main(["parts", "retinanet/peleenet", "--image-size", "320", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["part"] for row in rows] == ["backbone", "neck", "head"]
    assert sum(row["macs"] for row in rows) == summarize("retinanet/peleenet", 320).macs == 16_742_081_024


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("peleenet",), "a detector on a backbone, such as 'retinanet/peleenet'"),
        (("retinanet",), "named with its backbone"),
        (("retinanet/peleenets",), "'peleenet'"),
    ],
)
def test_bad_input_is_answered_in_one_sentence(arguments, sentence, capsys):
    assert main(["parts", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "densenet121",
            "NAME is 'densenet121', but must be a detector on a backbone, such as 'retinanet/densenet121'.",
        ),
        ("--format x", "format is 'x', but must be one of 'table', 'csv', 'json', 'markdown', 'latex'."),
    ],
)
def test_an_error_is_all_that_is_said(words, said, capsys):
    """Not after notes on the networks before it."""
    assert main(["parts", "retinanet/densenet121", *words.split()]) == 2
    assert capsys.readouterr().err == f"error: {said}\n"
