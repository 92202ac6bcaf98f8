"""Parts of detectors: they add up, shares are of the whole, and sentences say what was counted."""

from __future__ import annotations

import pytest

from analysis import summarize
from analysis.detector_costs import COMPARED, part_costs, share_finding, traffic_finding, traffic_pair
from detectors import KINDS, PARTS

PHOTO = (800, 1344)


def costs_of(*names, kind="retinanet", size=800):
    return [part_costs(name, summarize(f"{kind}/{name}", size)) for name in names]


@pytest.mark.parametrize("kind", KINDS)
def test_parts_add_up_to_the_detector(kind):
    summary = summarize(f"{kind}/peleenet", 320)
    found = part_costs("peleenet", summary)
    for key in COMPARED:
        assert found.total(key) == getattr(summary, key)
        assert sum(found.share(part, key) for part in PARTS) == pytest.approx(1)
    assert [row["part"] for row in found.rows()] == [part for part in PARTS if part in found.parts]


def test_a_small_backbone_saves_less_than_it_looks():
    said = share_finding(costs_of("peleenet", "vovnet39"), "macs", "RetinaNet at 800×800").replace("\u2009", " ")
    assert said == (
        "Under RetinaNet at 800×800 peleenet is 6.2 % of the MACs, the head 85 %; vovnet39 is 48 %. As a backbone "
        "peleenet has ×0.0717 the MACs of vovnet39; the whole detector, ×0.553."
    )
    alone = share_finding(costs_of("peleenet", kind="faster_rcnn"), "macs", "Faster R-CNN").replace("\u2009", " ")
    assert alone.startswith("Under Faster R-CNN peleenet is ")
    assert alone.endswith(" %.")


def test_the_argument_of_vovnets_paper_is_counted():
    found = costs_of("densenet121", "densenet201", "vovnet39", "vovnet57", size=PHOTO)
    assert [one.name for one in traffic_pair(found)] == ["densenet201", "vovnet39"]
    said = traffic_finding(found, "800×1344, float32").replace("\u2009", " ")
    assert said == (
        "As a backbone at 800×1344, float32, densenet201 moves 14.6 GB, vovnet39 4.61 GB in spite of ×1.65 the MACs."
    )
    agreeing = costs_of("vovnet39", "vovnet57", size=320)
    assert traffic_pair(agreeing) is None
    assert traffic_finding(agreeing, "320").startswith("Throughout this selection, fewer MACs come with less memory")
    assert traffic_finding(agreeing[:1], "320").startswith("As a backbone at 320, vovnet39 moves ")
