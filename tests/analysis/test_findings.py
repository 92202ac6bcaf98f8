"""The sentences of the views: computed from the numbers, pinned here."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis import summarize
from analysis.crosscheck import counters_finding
from analysis.findings import (
    comparison_finding,
    layers_finding,
    left_out_finding,
    network_finding,
    traffic_finding,
    traffic_shares,
)
from analysis.summary import comparison_row
from analysis.units import THIN_SPACE, join


def rows(*names: str) -> list[dict[str, object]]:
    return [comparison_row(summarize(name, None)) for name in names]


def plain(sentence: str) -> str:
    """With ordinary spaces, so that the tests can be read."""
    return sentence.replace(THIN_SPACE, " ")


NETWORKS = {
    "densenet121": "densenet121 needs 2.83 G MACs and 7.98 M parameters. "
    "75 % of its memory traffic is not convolution: "
    "it is normalisation (27 %), activation (27 %) and concatenation (18 %).",
    "peleenet": "peleenet needs 508 M MACs and 2.80 M parameters. 62 % of its memory traffic is not convolution: "
    "it is normalisation (19 %), activation (19 %), concatenation (17 %), pooling (4.6 %) and linear layers (2.3 %).",
    "vovnet57": "vovnet57 needs 8.93 G MACs and 36.6 M parameters. 44 % of its memory traffic is not convolution: "
    "it is normalisation (16 %), activation (16 %) and concatenation (10 %).",
}


@pytest.mark.parametrize("name", NETWORKS)
def test_network_finding(name: str) -> None:
    assert plain(network_finding(summarize(name))) == NETWORKS[name]


def test_traffic_finding() -> None:
    assert plain(traffic_finding(summarize("densenet121"))) == (
        "Convolution and linear layers do all 2.83 G MACs with 26 % of the memory traffic; "
        "the other 340 MB move without a single MAC."
    )


def test_traffic_shares_add_up_and_come_largest_first() -> None:
    shares = list(traffic_shares(summarize("ese_vovnet19b_dw")).values())
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


def test_layers_finding() -> None:
    summary = summarize("densenet121")
    assert layers_finding(summary.layers, summary) == "All 426 layers."
    assert plain(layers_finding(summary.layers[:50], summary)) == (
        "50 of 426 layers, with 4.7 % of the parameters, 45 % of the MACs and 40 % of the memory traffic."
    )


def test_comparison_finding_names_the_pair_that_misleads() -> None:
    assert plain(comparison_finding(rows("densenet121", "peleenet", "vovnet39"), "densenet121")) == (
        "Of 3 networks, peleenet needs the fewest MACs (508 M, ×0.179 of densenet121) and causes the least memory "
        "traffic (123 MB, ×0.267 of densenet121). MACs alone mislead: densenet121 needs ×0.401 the MACs of vovnet39 "
        "but moves ×1.52 the bytes, 75 % of them outside convolution."
    )


def test_comparison_finding_without_a_pair_that_misleads() -> None:
    assert plain(comparison_finding(rows("peleenet", "vovnet39"))) == (
        "Of 2 networks, peleenet needs the fewest MACs (508 M) and causes the least memory traffic (123 MB). "
        "Throughout this selection, fewer MACs come with less memory traffic."
    )


def test_comparison_finding_with_two_winners_and_an_absent_baseline() -> None:
    sentence = plain(comparison_finding(rows("ese_vovnet19b_slim_dw", "peleenet"), "vovnet57"))
    assert sentence.startswith(
        "Of 2 networks, ese_vovnet19b_slim_dw needs the fewest MACs (398 M) "
        "and peleenet causes the least memory traffic (123 MB)."
    )


def test_comparison_finding_compares_networks_of_one_image_size() -> None:
    found = comparison_finding(rows("densenet121", "peleenet", "densenet_cifar", "densenet_d2l"), "densenet121")
    assert found.startswith("Of 2 networks at 224×224, peleenet needs the fewest MACs")
    assert found.endswith("The other 2 see 32×32 and 96×96, and are not set against these.")
    alone = comparison_finding(rows("densenet_cifar", "peleenet", "densenet121"), "densenet_cifar")
    assert alone.startswith("densenet_cifar needs")
    assert alone.endswith("The other 2 see 224×224, and are not set against these.")


def test_comparison_finding_of_one_network() -> None:
    assert plain(comparison_finding(rows("densenet121"))) == (
        "densenet121 needs 2.83 G MACs and 7.98 M parameters and moves 460 MB, 75 % of it outside convolution."
    )


def counters(**figures: int | None) -> pd.DataFrame:
    """A cross-check of counters where ours is 1000 and all that is beyond it, up to 50, is ReLU."""
    return pd.DataFrame(
        [
            {"counter": name, "reported": value, "ours": 1000, "ReLU": steps, "residual": rest}
            for name, value in figures.items()
            for beyond in [None if value is None else value - 1000]
            for steps in [beyond and min(beyond, 50)]
            for rest in [beyond and beyond - steps]
        ]
    ).astype(dict.fromkeys(("reported", "ours", "ReLU", "residual"), "Int64"))


def test_counters_finding() -> None:
    assert plain(counters_finding(counters(thop=1040, fvcore=1000, ptflops=1050), "net")) == (
        "3 counters give 3 different figures for net: fvcore agrees with ours, ptflops is furthest off "
        "(5.0 % above, chiefly by ReLU). Their own rules explain every difference to the last operation."
    )


def test_counters_finding_when_all_agree() -> None:
    assert counters_finding(counters(a=1000, b=1000), "net") == (
        "2 counters give 1 figure for net: a and b agree with ours. "
        "Their own rules explain every difference to the last operation."
    )


def test_counters_finding_with_a_residual_and_a_failure() -> None:
    assert plain(counters_finding(counters(a=1200, b=None), "net")) == (
        "1 counter gives 1 figure for net: none agrees with ours, a is furthest off (20 % above, chiefly by residual). "
        "Their own rules do not explain all that a counted."
    )
    assert counters_finding(counters(a=None), "net") == "No counter has a figure for net."


def test_left_out_finding() -> None:
    assert left_out_finding({"peleenet": "It is too small."}) == "peleenet is left out: It is too small."
    assert left_out_finding({"a": "Too small.", "b": "Too odd."}) == (
        "a is left out: Too small. b is left out: Too odd."
    )
    assert left_out_finding(dict.fromkeys("abcd", "Too small.")) == "a, b, c and d are left out. a: Too small."


def test_join() -> None:
    assert [join("a"), join("ab"), join("abc")] == ["a", "a and b", "a, b and c"]
