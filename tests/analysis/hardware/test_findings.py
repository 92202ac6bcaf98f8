"""The sentences of the Hardware view: computed from published and predicted figures, pinned here."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from analysis.facts import get_device
from analysis.hardware.accuracy import pareto_front
from analysis.hardware.findings import (
    accuracy_finding,
    find_flips,
    flip_finding,
    measured_finding,
    paradox_finding,
    roofline_finding,
    speed_verdict,
    use_finding,
)
from analysis.hardware.predict.predict import predict
from analysis.hardware.speeds import Speed, find_speeds
from analysis.units import THIN_SPACE
from views.charts.accuracy import paradox
from views.charts.speeds import MOST, ROOM, bars, flipped_pairs, order
from views.theme import LIGHT, Mark


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


def test_like_is_compared_with_like() -> None:
    """An image of 32 pixels takes less time than one of 224 in whatever network; `speed_verdict` leaves it out too."""
    small = [replace(one, image_size=(32, 32), flops=1e8) if one.name == "b" else one for one in FLIPPED]
    assert find_flips(small) == []
    eager = [
        replace(one, image_size=(size, size), flops=flops)
        for one, size, flops in zip(
            [speed("lean", "eager", 90), speed("heavy", "eager", 100), speed("tiny", "eager", 50)],
            (224, 224, 32),
            (1e9, 2e9, 1e8),
            strict=True,
        )
    ]
    sentence = paradox_finding(eager).replace(THIN_SPACE, " ")
    assert "on GPU at 224×224, lean needs ×0.500 the FLOPs of heavy" in sentence
    assert "Of 2 networks at 224×224" in sentence
    assert paradox_finding(eager[1:]) == (
        "Throughout this selection of networks at one image size, fewer FLOPs come with less time."
    )


def test_the_flip_is_said() -> None:
    sentence = flip_finding(FLIPPED).replace(THIN_SPACE, " ")
    assert "on GPU, b is ×1.20 as fast as a in eager mode, but a is ×1.50 as fast as b once compiled" in sentence


def test_without_a_flip_that_is_said() -> None:
    steady = [*FLIPPED[:3], replace(FLIPPED[3], images_per_s=400)]
    assert "Compiling changes no pair's order in images/s." in flip_finding(steady)


def test_the_fastest_of_each_device_is_named_with_its_evidence() -> None:
    elsewhere = replace(FLIPPED[2], device="card", evidence="predicted", error=(0.1, 0.25))
    assert plain(speed_verdict([*FLIPPED, elsewhere])) == (
        "Fastest compiled: a on GPU (300 images/s), published; a on card (300 images/s), predicted, error up to 25 %. "
        "Fastest in eager mode: b on GPU (120 images/s), published."
    )
    assert plain(speed_verdict([FLIPPED[0], replace(FLIPPED[2], error=None, evidence="predicted")])) == (
        "Fastest compiled: a on GPU (300 images/s), predicted, error unknown. The same in eager mode."
    )
    assert speed_verdict([]).startswith("Nothing is known")
    small = replace(FLIPPED[0], name="small", image_size=(32, 32), images_per_s=9e9)
    assert (
        plain(speed_verdict([*FLIPPED, small]))
        == plain(speed_verdict(FLIPPED)).replace(":", " at 224×224:")
        + " Those that see 32×32 are not set against these."
    )


def test_what_is_used_of_a_device() -> None:
    assert plain(use_finding(FLIPPED)) == (
        "a compiled on GPU reaches 1.50 TFLOP/s (1.5 % of peak, published), a eager on GPU 500 GFLOP/s (0.5 % of peak, "
        "published)."
    )
    assert plain(use_finding(FLIPPED[:1])) == "a eager on GPU reaches 500 GFLOP/s (0.5 % of peak, published)."


def test_what_was_measured_or_else_what_others_did() -> None:
    own = [replace(one, evidence="measured") for one in FLIPPED]
    assert measured_finding(own, []) == (
        f"Fastest measured: a on GPU, 300{THIN_SPACE}images/s (compiled, batch 256, fp16), of 2 networks.".replace(
            THIN_SPACE, " "
        )
    )
    assert "yet. By others: fastest compiled: a on GPU" in measured_finding([], FLIPPED)
    assert measured_finding([], []).endswith("here yet: press Run.")


def plain(sentence: str) -> str:
    return sentence.replace(THIN_SPACE, " ")


def test_the_pair_whose_flops_and_time_disagree_most_is_named() -> None:
    lean = replace(speed("lean", "eager", 100), flops=1e9)
    middle = replace(speed("middle", "eager", 150), flops=4e9)
    heavy = speed("heavy", "eager", 200)
    assert plain(paradox_finding([lean, middle, heavy])) == (
        "FLOPs alone mislead: on GPU, lean needs ×0.200 the FLOPs of heavy but takes ×2.00 its time (published, "
        "eager). Of 3 networks, the FLOP/s differ by ×10.0."
    )


def test_where_flops_tell_the_time_that_is_said() -> None:
    lean, heavy = replace(speed("lean", "eager", 900), flops=1e9), speed("heavy", "eager", 200)
    assert paradox_finding([lean, heavy]) == "Throughout this selection, fewer FLOPs come with less time."


def test_the_paper_of_vovnet_is_right_on_an_rtx_3090() -> None:
    """Published throughput: DenseNet-201 does fewer FLOPs than VoVNet-39 and takes longer."""
    device = get_device("RTX 3090")
    speeds = [one for name in ("densenet201", "vovnet39") for one in find_speeds(name, [device], ["eager"])]
    sentence = paradox_finding([one for one in speeds if one.evidence == "published"])
    assert sentence.startswith("FLOPs alone mislead: on RTX 3090, densenet201 needs")


def test_what_holds_a_network_back_adds_up() -> None:
    found = predict("densenet121", "RTX 4090", 512)
    sentence = plain(roofline_finding(found, 164.0, 26.5))
    assert sentence.startswith("Memory holds densenet121 back on RTX 4090: ")
    assert sentence.endswith("At 26.5 FLOP/B it lies left of the ridge (164 FLOP/B).")
    shares = [float(share) for share in re.findall(r"([\d.]+) %", sentence.partition(")")[0])]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert "right of" in roofline_finding(found, 10.0, 26.5)


def row(name: str, cost: float, error: float, size: int = 224) -> dict[str, object]:
    return {"name": name, "cost": cost, "error": error, "image_size": size}


ROWS = [row("small", 1, 30.0), row("mid", 2, 25.0), row("mid", 2, 26.5), row("bad", 3, 28.0), row("large", 4, 20.0)]


def test_the_front_of_a_cost_and_what_recipes_change() -> None:
    sentence = plain(accuracy_finding(ROWS, ROWS, "{:.0f} M".format, "parameters"))
    assert sentence == (
        "small is the cheapest (1 M, top-1 error 30.0 %), large the most accurate (4 M, 20.0 %), with 1 between them. "
        "Recipes matter as much: mid alone ranges from 25.0 % to 26.5 % at 224 px, depending on who trained and tested "
        "it."
    )


def test_of_speeds_more_is_better() -> None:
    front = pareto_front(ROWS, more_is_better=True)
    assert [one["name"] for one in front] == ["large"]
    sentence = accuracy_finding(ROWS, ROWS, "{:.0f}".format, "images/s", more_is_better=True)
    assert plain(sentence).startswith(
        "large is the fastest (4, top-1 error 20.0 %) and the most accurate of all in images/s."
    )


def test_what_is_not_chosen_and_better_is_named() -> None:
    sentence = plain(accuracy_finding(ROWS[:3], [*ROWS, row("best", 2, 22.0)], "{:.0f} M".format, "parameters"))
    assert "Not chosen, but better than mid at both: best (2 M, 22.0 %)." in sentence
    faster = [*ROWS, row("best", 9, 19.0, 288)]
    sentence = plain(accuracy_finding(ROWS, faster, "{:.0f}".format, "images/s", more_is_better=True))
    assert "Not chosen, but better than large at both: best at 288 px (9, 19.0 %)." in sentence


def test_no_accuracy_known() -> None:
    assert accuracy_finding([], ROWS, str, "energy").startswith("No published ImageNet accuracy of these networks")


def test_the_networks_that_flip_are_drawn_and_no_others() -> None:
    steady = [speed("c", "eager", 90), speed("c", "compiled", 190)]
    (pairs,) = flipped_pairs([*FLIPPED, *steady]).values()
    assert [(eager.name, compiled.name) for eager, compiled in pairs] == [("a", "a"), ("b", "b")]
    figure = order({"GPU": pairs}, {"a": "#000000", "b": "#000000"}, LIGHT)["GPU"]
    first, second = [trace.y for trace in figure.data if trace.mode == "lines+markers"]
    assert first[0] < second[0]
    assert first[1] > second[1]
    assert flipped_pairs(FLIPPED[:2]) == {}


def test_of_many_flips_the_widest_are_drawn_with_their_names_above_the_axis() -> None:
    names = [f"network{number}" for number in range(27)]
    many = [speed(name, "eager", 100 + number) for number, name in enumerate(names)]
    many += [speed(name, "compiled", 300 - number) for number, name in enumerate(names)]
    flipped = flipped_pairs(many)
    assert len(flipped["GPU"]) == MOST
    assert {"network0", "network26"} <= {eager.name for eager, _ in flipped["GPU"]}
    layout = order(flipped, dict.fromkeys(names, "#000000"), LIGHT)["GPU"].layout
    places = [name.y for name in layout.annotations if name.text.startswith("network")]
    assert len(set(places)) == MOST
    assert layout.yaxis.range[0] < min(places) < max(places) <= layout.yaxis.range[1]


@pytest.mark.parametrize("key", ["images_per_s", "flops_per_s"])
def test_bars_of_all_devices_have_one_scale_and_leave_room_for_their_figures(key: str) -> None:
    other = [replace(one, device="card", images_per_s=one.images_per_s / 4) for one in FLIPPED]
    figures = bars([*FLIPPED, *other], key, {"a": "#000000", "b": "#000000"}, LIGHT)
    [scale] = {figure.layout.xaxis.range for figure in figures.values()}
    longest = max(max(trace.x) for figure in figures.values() for trace in figure.data if trace.x[0])
    peak = FLIPPED[0].peak_flops_per_s if key == "flops_per_s" else 0
    assert max(longest, peak) <= (1 - ROOM) * scale[1] * (1 + 1e-9)
    texts = [note.text for note in figures["GPU"].layout.annotations]
    assert ("images/s" in texts) == (key == "images_per_s")
    assert {text for text in texts if text.startswith("<b>")} == {"<b>GPU</b>", "<b>a</b>", "<b>b</b>"}


def test_families_differ_by_shape_where_time_stands_against_flops() -> None:
    marks = {"a": Mark("DenseNet", "#0072B2", "circle"), "b": Mark("VoVNet", "#009E73", "square")}
    figure = paradox([one for one in FLIPPED if one.execution == "eager"], marks, LIGHT)
    assert {trace.marker.symbol for trace in figure.data if trace.error_y.type} == {"circle-dot", "square-dot"}
    assert {"DenseNet", "VoVNet"} <= {trace.name for trace in figure.data if trace.showlegend is not False}
