"""Number formats: every spelling is understood everywhere, one is shown."""

from __future__ import annotations

import pytest

import analysis
from analysis.hardware.speeds import Conditions
from analysis.precision import ARITHMETICS, DTYPE_BYTES, PRECISIONS, spelled
from analysis.search.quantities import PeakMemory, PredictedSeconds, TrainingMemory
from archs.errors import ConfigError
from cli import main

#: Ways to write half precision, and what each place shows.
HALF = ("float16", "fp16", "FP16", "half", "torch.float16")
MIXED = ("amp float16", "amp fp16", "amp_float16", "AMP-fp16")


@pytest.mark.parametrize("written", [*HALF, *MIXED])
def test_every_spelling_is_understood_everywhere_and_one_is_shown(written):
    assert analysis.summarize("densenetbc100_k12", dtype=written).dtype == "float16"
    assert analysis.Workload(precision=written).precision == ("float16" if written in HALF else "amp float16")
    assert analysis.predict("densenetbc100_k12", "RTX 4090", precision=written).row()["precision"] == "float16"
    assert analysis.get_device("RTX 4090").peak_flops_per_s(written) == 165.2e12
    assert Conditions(precision=written) == Conditions()
    assert PredictedSeconds(precision=written) == PredictedSeconds()
    assert PeakMemory(dtype=written).dtype == TrainingMemory(dtype=written).dtype == "float16"


@pytest.mark.parametrize("command", ["summary densenetbc100_k12 --dtype", "predict densenetbc100_k12 --precision"])
def test_the_command_line_understands_and_shows_the_same(command, capsys):
    shown = []
    for written in ("fp16", "float16"):
        assert main([*command.split(), written]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert "float16" in shown[0]
    assert "fp16" not in shown[0]


@pytest.mark.parametrize("value", ["fp4", "amp", "amp int8", "", [], None, 16])
@pytest.mark.parametrize(
    "ask",
    [
        lambda value: analysis.summarize("densenetbc100_k12", dtype=value),
        lambda value: analysis.Workload(precision=value),
        lambda value: analysis.predict("densenetbc100_k12", "RTX 4090", precision=value),
    ],
)
def test_what_is_no_number_format_is_one_sentence(ask, value):
    with pytest.raises(ConfigError, match=r"(dtype|precision) is .*, but must be one of 'float") as caught:
        ask(value)
    assert repr(value) in str(caught.value)


def test_what_is_shown_is_understood():
    for name in (*DTYPE_BYTES, *PRECISIONS, *ARITHMETICS):
        assert spelled(name) == name
    for name, precision in PRECISIONS.items():
        assert precision.name == name
        assert {precision.weights, precision.activations} <= set(DTYPE_BYTES)
        assert precision.arithmetic in ARITHMETICS


def test_published_figures_are_shown_in_the_same_words():
    plain = {"amp float16", "float16", "float32", "tf32"}
    doubted = {"amp float16 or float16", "float16 (model.half())"}
    assert set(analysis.published("throughput")["precision"]) == plain | doubted
