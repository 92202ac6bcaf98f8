"""Chromium opens links that somebody crafted: nothing raises, nothing is loaded from elsewhere, nothing leads there."""

from __future__ import annotations

from random import Random
from urllib.parse import urlencode

import pytest

from tests.support.exhaustive import representatives
from tests.support.hostile import FOREIGN, PAYLOADS, crafted_link, hostile_design
from tests.support.pages import Opened

#: Anchors and pictures that lead elsewhere; streamlit.io is what its own error boxes name.
LEADING = """
() => [...document.querySelectorAll("a, img, iframe, script, link, use, image")]
    .map(each => each.getAttribute("href") || each.getAttribute("xlink:href") || each.getAttribute("src") || "")
    .filter(address => new URL(address, location.href).hostname !== location.hostname && !/^(data|blob):/.test(address))
"""


def link_of(seed: int) -> str:
    page, parameters = crafted_link(Random(seed))
    return f"/{page.removesuffix('.py').rpartition('/')[2]}?{urlencode(parameters, doseq=True)}"


def everywhere(seed: int) -> str:
    """The Design page with a design whose name breaks out, set beside what else a link can say."""
    random = Random(seed)
    return f"/design?{urlencode({'design': hostile_design(random), random.choice(PAYLOADS): random.choice(PAYLOADS)})}"


SEEDS = range(300)


@pytest.mark.parametrize("link", representatives([everywhere(3)], [*map(link_of, SEEDS), everywhere(3)]))
def test_a_crafted_link(opened: Opened, link: str) -> None:
    asked: list[str] = []
    with opened(link, awaited="[data-testid=stMain] h1") as page:
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        page.locator("[data-testid=stMain] h1").wait_for()
        page.wait_for_timeout(300)
        assert page.get_by_test_id("stException").count() == 0
        assert not page.evaluate(LEADING)
        assert not [url for url in asked if FOREIGN in url.partition("?")[0]]
