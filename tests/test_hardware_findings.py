"""The sentences of the Hardware view: computed from published and predicted figures, pinned here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.hardware_findings import find_flips, speed_finding
from analysis.speeds import Speed
from analysis.units import THIN_SPACE


def speed(name: str, execution: str, images_per_s: float) -> Speed:
    """A published figure of a network of 5 GFLOP on a GPU whose peak is 100 TFLOP/s."""
    return Speed(
        name=name,
        device="GPU",
        execution=execution,
        evidence="published",
        batch_size=256,
        image_size=(224, 224),
        precision="fp16",
        layout="nchw",
        flops=5e9,
        images_per_s=images_per_s,
        peak_flops_per_s=1e14,
        error=None,
        error_meaning="",
        source="a test",
    )


FLIPPED = [speed("a", "eager", 100), speed("b", "eager", 120), speed("a", "compiled", 300), speed("b", "compiled", 200)]


def test_a_flip_is_found_with_both_ratios() -> None:
    assert find_flips(FLIPPED) == [("GPU", "a", "b", pytest.approx(1.2), pytest.approx(1.5))]


def test_the_flip_is_said() -> None:
    sentence = speed_finding(FLIPPED).replace(THIN_SPACE, " ")
    assert "on GPU, b is ×1.20 as fast as a in eager mode, but a is ×1.50 as fast as b once compiled" in sentence


def test_without_a_flip_that_is_said() -> None:
    steady = [*FLIPPED[:3], replace(FLIPPED[3], images_per_s=400)]
    assert "Compiling changes no pair's order in images/s." in speed_finding(steady)


def test_nothing_known() -> None:
    assert speed_finding([]).startswith("Nothing is known")
