"""Which network to choose: like is compared with like, and every sentence follows from the figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.choice import Candidate, best_buy_finding, best_front, published_accuracies, unknown_finding
from analysis.facts import get_device
from analysis.hardware.accuracy import MORE_THAN_PLAIN, published_errors
from analysis.hardware.speeds import known_speed

SIZES = dict.fromkeys(("densenet121", "peleenet", "ese_vovnet19b_dw", "vovnet57", "vovnetv2_39"), (224, 224))


@pytest.fixture(scope="module")
def candidates() -> dict[str, Candidate]:
    accuracies, device = published_accuracies(SIZES), get_device("RTX 4090")
    return {name: Candidate(name, accuracies.get(name), known_speed(name, device, "compiled")) for name in SIZES}


def plain(text: str) -> str:
    return text.replace("\u2009", " ")


def test_the_best_buy_is_named(candidates: dict[str, Candidate]) -> None:
    assert plain(best_buy_finding([*candidates.values()], "densenet121")) == (
        "At peleenet's time (48.8 µs an image on RTX 4090, compiled, predicted) nothing here is more accurate "
        "(72.6 %); ese_vovnet19b_dw gives +4.2 points for ×1.80 the time, vovnet57 the most: +5.1 points for ×3.39. "
        "ese_vovnet19b_dw beats densenet121: +1.8 points in ×0.544 its time. "
        "Trained by their authors; ese_vovnet19b_dw by timm."
    )


def test_nothing_beyond_the_fastest_is_worth_its_time(candidates: dict[str, Candidate]) -> None:
    found = plain(best_buy_finding([candidates["ese_vovnet19b_dw"], candidates["densenet121"]], "densenet121"))
    assert "nothing here is more accurate (76.8 %), and at no other time either." in found
    assert "ese_vovnet19b_dw beats densenet121" in found


def test_a_baseline_that_none_beats(candidates: dict[str, Candidate]) -> None:
    slow, fast, base = (candidates[name] for name in ("vovnet57", "peleenet", "densenet121"))
    assert "None beats densenet121 at both." in best_buy_finding([slow, fast, faster(base, 1.2)], "densenet121")


def test_a_gain_within_the_errors_is_none(candidates: dict[str, Candidate]) -> None:
    base, other = candidates["densenet121"], candidates["vovnet57"]
    unsure = other._replace(speed=replace(other.speed, error=(0.05, 0.05)))
    assert "in about its time" in best_buy_finding([base, faster(unsure, 1.04)], "densenet121")


def faster(one: Candidate, factor: float) -> Candidate:
    return one._replace(speed=replace(one.speed, images_per_s=factor * one.speed.images_per_s))


def test_one_network_alone_is_no_choice(candidates: dict[str, Candidate]) -> None:
    assert best_buy_finding([candidates["densenet121"], candidates["vovnetv2_39"]]) == ""


def test_no_other_beats_those_on_the_front(candidates: dict[str, Candidate]) -> None:
    front = best_front(candidates.values())
    assert [one.name for one in front] == ["peleenet", "ese_vovnet19b_dw", "vovnet57"]


def test_networks_without_a_figure_are_named(candidates: dict[str, Candidate]) -> None:
    known = [candidates["densenet121"], candidates["vovnetv2_39"], candidates["peleenet"]._replace(speed=None)]
    assert unknown_finding(known, SIZES, "RTX 4090") == (
        "No ImageNet accuracy is published at 224×224 for vovnetv2_39. No speed on RTX 4090 is known for peleenet."
    )
    assert unknown_finding([candidates["densenet121"]], SIZES, "RTX 4090") == ""
    unsure = unknown_finding([candidates["peleenet"]], SIZES, "RTX 4090")
    assert unsure == "No published figure of its kind checks how far off the prediction for peleenet is."
    many = [candidates["vovnetv2_39"]._replace(name=f"n{number}") for number in range(8)]
    found = unknown_finding(many, dict.fromkeys((one.name for one in many), (96, 96)), "")
    assert found == "No ImageNet accuracy is published at 96×96 for n0, n1, n2, n3, n4 and 3 more."


def test_recipes() -> None:
    """The plain one is the least accurate of its authors', the best the most accurate of all, both at this size."""
    rows = [row for row in published_errors() if (row["name"], row["image_size"]) == ("densenet121", 224)]
    own = [row["error"] for row in rows if row["group"] == "authors"]
    plainest = published_accuracies({"densenet121": (224, 224)})["densenet121"]
    best = published_accuracies({"densenet121": (224, 224)}, "best")["densenet121"]
    assert plainest.group == "authors"
    assert plainest.top1 == pytest.approx(1 - max(own) / 100)
    assert best.top1 == pytest.approx(1 - min(row["error"] for row in rows) / 100)
    assert published_accuracies({"densenet121": (256, 256), "nobody": (224, 224)}) == {}


def test_distilled_and_pretrained_weights_are_no_plain_recipe() -> None:
    sizes = {"hgnetv2_b0": (224, 224), "hgnet_tiny": (224, 224), "densenet121": (224, 224)}
    ours, best = published_accuracies(sizes), published_accuracies(sizes, "best")
    assert ours.keys() == {"hgnet_tiny", "densenet121"}
    assert "SSLD" not in ours["hgnet_tiny"].recipe
    assert best["hgnetv2_b0"].group == best["hgnet_tiny"].group == MORE_THAN_PLAIN
    blank = Candidate("hgnetv2_b0", None, known_speed("hgnetv2_b0", get_device("RTX 4090"), "eager"))
    assert unknown_finding([blank], sizes, "RTX 4090") == (
        "All accuracy that is published for hgnetv2_b0 was distilled or pretrained on more images, which the plain "
        "recipe leaves out."
    )
