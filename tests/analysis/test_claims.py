"""What is said of the family, decided by figures: each verdict as it was found by hand, each figure in its sentence."""

import pytest

from analysis.claims import list_claims
from analysis.claims.records import FAILS, HOLDS, ONLY_WHEN, claim, claims_finding, claims_frame
from archs import get_config

CLAIMS = {claim.name: claim for claim in list_claims()}
#: The verdict, and a figure that decides it.
DECIDED = {
    "layers-121": (HOLDS, "1 + 2×58 + 3 + 1 = 121"),
    "layers-264": (FAILS, "= 265"),
    "three-n-plus-four": (ONLY_WHEN, "no bottleneck"),
    "four-n-plus-five": (FAILS, "2×58 + 5 = 121"),
    "four-k": (HOLDS, "4 × 32 = 128"),
    "compression-halves": (HOLDS, "256 → 128"),
    "few-batch-norm-parameters": (FAILS, "83,648, ResNet-50's 53,120"),
    "two-see-five": (HOLDS, "3×3 and 5×5"),
    "no-pointwise": (ONLY_WHEN, "6 in 6 modules"),
    "ese-keeps": (HOLDS, "1,968,640 against 248,480"),
    "fewer-parameters": (HOLDS, "20.0 M at 22.8 %"),
    "more-arithmetic": (FAILS, "2.83 G MACs, ResNet-50 4.09 G"),
    "fewer-flops-are-faster": (FAILS, "3,631 and 4,303"),
    "concatenation-is-free": (ONLY_WHEN, "18 % of DenseNet-121's memory traffic"),
    "bottlenecks-save": (ONLY_WHEN, "230 channels"),
    "size-of-mobilenet": (HOLDS, "2.80 M"),
    "stem-adds-nothing": (ONLY_WHEN, "38.1 M for 118 M of DenseNet-121's stem, but +83.2 %"),
    "dynamic-bottlenecks": (HOLDS, "33 %"),
    "equal-channels": (HOLDS, "819 k at 128 → 128"),
    "less-memory-access": (HOLDS, "×1.65 the MACs"),
    "recomputation": (HOLDS, "71 % less"),
    "depthwise-is-cheap": (ONLY_WHEN, "26 % of its memory access cost"),
    "pointwise-is-cheap": (FAILS, "52 % of all convolutions' MACs"),
    "ese-is-light": (ONLY_WHEN, "+8.71 % parameters"),
    "harmonic-links": (HOLDS, "×0.507"),
    "half-around": (HOLDS, "−29.6 % MACs"),
    "affine-is-free": (ONLY_WHEN, "×1.23 B4's images/s compiled"),
    "condensenet-operations": (ONLY_WHEN, "517 M MACs"),
}


def plain(text: str) -> str:
    return (
        text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{THIN SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")
    )


def test_every_claim_is_decided_here():
    assert CLAIMS.keys() == DECIDED.keys()


@pytest.mark.parametrize("name", CLAIMS)
def test_verdicts(name):
    verdict, figure = DECIDED[name]
    found = CLAIMS[name].finding
    assert found.verdict == verdict
    assert figure in plain(found.figures)
    assert CLAIMS[name].source
    assert all(map(get_config, CLAIMS[name].networks))


def test_a_condition_is_named_where_one_is_needed():
    for one in CLAIMS.values():
        assert one.finding.figures.startswith("Where ") or one.finding.verdict != ONLY_WHEN, one.name


def test_the_sentence_counts_them():
    assert plain(claims_finding([*CLAIMS.values()])) == (
        "Of 28 things that papers and tutorials say of these networks 13 hold, 9 hold only when a condition is named, "
        "and 6 do not hold."
    )
    assert len(claims_frame([*CLAIMS.values()])) == 28


def test_a_claim_is_made_once():
    with pytest.raises(ValueError, match="already registered"):
        claim("again", "here")(CLAIMS["four-k"].decide)
