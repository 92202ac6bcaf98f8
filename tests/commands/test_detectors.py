"""`cli.py detectors`: rows, the front, and one sentence for what there is not."""

from __future__ import annotations

import csv
import io
import json

import pytest

from analysis.detection import list_detectors
from analysis.export import FORMATS
from cli import main


def rows_of(capsys, *arguments):
    assert main(["detectors", *arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_detector_has_a_row_with_its_source(capsys):
    rows = rows_of(capsys)
    assert len(rows) == sum(len(one.rows()) for one in list_detectors())
    assert all(row["source"] and row["evidence"] == "published" for row in rows)
    told = {key for one in list_detectors() for row in one.rows() for key in row}
    assert told == set(rows[0]), "no figure is left out"


def test_a_table_tells_figures_doubts_and_findings(capsys):
    assert main(["detectors", "--detector", "Pelee", "--dataset", "voc"]) == 0
    shown = capsys.readouterr().out
    for word in (
        "70.9\u2009%",
        "Jetson TX2",
        "8.00\u2009ms",
        "precision not stated",
        "Highest published here: VOC mAP 76.4",
    ):
        assert word in shown


def test_the_front_leaves_out_what_is_beaten(capsys):
    chosen = ("--detector", "RefineDet", "--backbone")
    assert {row["arch"] for row in rows_of(capsys, *chosen[:2], "--front")} == {"vovnet39", "vovnet57"}
    by_macs = rows_of(capsys, *chosen[:2], "--front", "--cost", "macs_as_stated")
    assert [row["arch"] for row in by_macs] == ["densenet201", "vovnet39", "vovnet57"]


def test_a_device_leaves_the_other_devices_out(capsys):
    rows = rows_of(capsys, "--device", "jetson tx2")
    assert {row["device"] for row in rows} == {"Jetson TX2"}


def test_sizes_that_some_sources_leave_out_stay_whole_numbers(capsys):
    assert main(["detectors", "--detector", "YOLO", "--format", "csv"]) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert {row["image_size"] for row in rows} == {"", "320", "416"}


@pytest.mark.parametrize("file_format", [each for each in FORMATS if each != "json"])
def test_other_formats(file_format, capsys):
    assert main(["detectors", "--dataset", "VOC", "--front", "--format", file_format]) == 0
    assert "VoVNet-27-slim" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--detector", "Peele"), "Nothing is published under detector 'Peele'; the nearest names are 'Pelee'"),
        (("--cost", "params"), "cost is 'params'"),
        (("--metric", "AP"), "metric is 'AP'"),
        (("--detector", "YOLACT", "--front", "--cost", "joules_per_image"), "--cost is 'joules_per_image'"),
        (("--format", "xml"), "format is 'xml'"),
    ],
)
def test_bad_input_is_answered_in_one_sentence(arguments, sentence, capsys):
    assert main(["detectors", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_the_table_of_facts_shows_detectors(capsys):
    assert main(["published", "detection", "--arch", "peleenet", "--metric", "voc_map"]) == 0
    shown = capsys.readouterr().out
    assert "70.9 %" in shown
    assert "304×304" not in shown, "the size of a detector is the source's word"
