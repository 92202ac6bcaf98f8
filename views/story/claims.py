"""Claims: what papers and tutorials say of this family, and what the figures say to it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.claims import Claim, list_claims
from analysis.claims.records import FAILS, HOLDS, ONLY_WHEN, VERDICTS, claims_finding, claims_frame
from analysis.units import join
from views import widgets

#: How verdicts are marked; each says its word, too.
COLOURS = {HOLDS: "green", ONLY_WHEN: "orange", FAILS: "red"}
EVERY = "every claim"


def draw_claims(head: DeltaGenerator) -> None:
    """The section."""
    claims = list_claims()
    with head:
        st.title("Story: what is said, and what the figures say", anchor=False)
        widgets.say(claims_finding(claims))
    verdict = widgets.choose_segment("Verdict", "verdict", [EVERY, *VERDICTS], EVERY, label_visibility="collapsed")
    for claim in claims:
        if verdict in (EVERY, claim.finding.verdict):
            draw_claim(claim)
    st.caption("Counted figures are recomputed each time; measured and published ones are named as such.")
    widgets.downloads(claims_frame(claims), "claims")


def draw_claim(claim: Claim) -> None:
    """One claim: its words, the verdict, the figures that decide it, who makes it."""
    verdict, figures = claim.finding
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{widgets.literal(claim.says)}** :{COLOURS[verdict]}-badge[{verdict}]")
        widgets.say(figures)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(claim.source)
            if claim.networks[1:] and st.button(
                f"Compare {join(claim.networks)}", key=f"compare_{claim.name}", type="tertiary"
            ):
                widgets.open_page("views/compare.py", {"networks": claim.networks})
