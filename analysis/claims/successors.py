"""Claims about the families that came after DenseNet and VoVNet."""

from __future__ import annotations

from analysis.claims.costs import images_per_s
from analysis.claims.records import ONLY_WHEN, Finding, claim, decided
from analysis.findings import traffic_shares
from analysis.summary import summarize
from analysis.units import format_change, format_ratio, format_share, format_si


@claim(
    "Harmonic links move less memory than dense ones.",
    "Chao et al., HarDNet, arXiv:1909.00948, section 3",
    "hardnet68",
    "densenet121",
)
def harmonic_links() -> Finding:
    hard, dense = summarize("hardnet68"), summarize("densenet121")
    shares = [format_share(traffic_shares(summary)["concat"]) for summary in (hard, dense)]
    moved, macs = hard.bytes_moved / dense.bytes_moved, hard.macs / dense.macs
    figures = (
        f"HarDNet-68 moves {format_si(hard.bytes_moved, 'B')}, DenseNet-121 {format_si(dense.bytes_moved, 'B')} "
        f"({format_ratio(moved)}), with {format_ratio(macs)} the MACs; concatenation is {shares[0]} and {shares[1]}."
    )
    return decided(moved < 1, figures)


@claim(
    "Sending half of the channels around the stages saves 20 % of the computation.",
    "Wang et al., CSPNet, arXiv:1911.11929, abstract",
    "cspdarknet53",
    "darknet53",
)
def half_around() -> Finding:
    csp, whole = summarize("cspdarknet53"), summarize("darknet53")
    macs, moved = csp.macs / whole.macs - 1, csp.bytes_moved / whole.bytes_moved - 1
    return decided(
        macs <= -0.2,
        f"CSPDarknet-53 against Darknet-53: {format_change(macs)} MACs, {format_change(moved)} memory traffic.",
    )


@claim(
    "HGNetV2's learnable affine block costs no time.",
    "PaddleClas, PP-HGNetV2 documentation",
    "hgnetv2_b3",
    "hgnetv2_b4",
)
def affine_is_free() -> Finding:
    lighter = summarize("hgnetv2_b3").macs / summarize("hgnetv2_b4").macs
    ways = ("compiled", "eager")
    compiled, eager = (images_per_s("hgnetv2_b3", way) / images_per_s("hgnetv2_b4", way) for way in ways)
    figures = (
        f"Where a compiler fuses it. B3 has it, B4 does not: with {format_ratio(lighter)} the MACs B3 has "
        f"{format_ratio(compiled)} B4's images/s compiled, {format_ratio(eager)} eager (published by timm, RTX 4090)."
    )
    return decided(min(eager, compiled) > 1, figures, ONLY_WHEN)


@claim(
    "CondenseNet-74 takes 529 M operations.",
    "Huang et al., CondenseNet, arXiv:1711.09224; the authors' README",
    "condensenet74_c4_g4",
)
def condensenet_operations() -> Finding:
    macs, stated = summarize("condensenet74_c4_g4").macs, 529e6
    figures = (
        f"Its convolutions and its classifier take {format_si(macs)} MACs ({format_change(macs / stated - 1)}); the "
        "authors' measure adds activations and poolings."
    )
    return decided(abs(macs / stated - 1) < 0.002, f"Where those are counted as well. {figures}", ONLY_WHEN)
