"""Crafted links open every page without an exception, and nothing of them breaks out of where it is shown."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.app import COMPARE, open_app
from tests.support.exhaustive import EXHAUSTIVE
from tests.support.hostile import breaking_out, crafted_link
from views.charts.once import _without_links

#: Counters, which takes half a minute, is opened only where everything is.
SEEDS = [
    seed for seed in range(600 if EXHAUSTIVE else 12) if EXHAUSTIVE or "counters" not in crafted_link(Random(seed))[0]
]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crafted_link(seed: int) -> None:
    page, parameters = crafted_link(Random(seed))
    app = open_app(page, **parameters) if page != COMPARE else open_app(**parameters)
    assert not breaking_out(app)


def test_charts_have_no_anchors() -> None:
    name = '<a href="//x">x</a><b>y</b><br><img src=x><B onclick=1><span>z</span>'
    written = _without_links({"data": [{"text": (name,), "customdata": [name]}], "layout": {"title": name}})
    shown = '&lt;a href="//x">x&lt;/a><b>y</b><br>&lt;img src=x>&lt;B onclick=1><span>z</span>'
    assert written == {"data": [{"text": [shown], "customdata": [name]}], "layout": {"title": shown}}
