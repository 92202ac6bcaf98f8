"""Crafted links in Chromium, and what must not come of one: an exception, a request or a way to somewhere else."""

from __future__ import annotations

from random import Random
from urllib.parse import urlencode

from tests.support.hostile import FOREIGN, PAYLOADS, crafted_link, hostile_design
from tests.support.pages import Opened

HEADING = "[data-testid=stMain] h1"
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


def come_of(opened: Opened, link: str) -> list[str]:
    """What came of a link, opened and loaded again, that must not. Raises: as `opened`."""
    asked: list[str] = []
    with opened(link, awaited=HEADING) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        page.locator(HEADING).wait_for()
        page.wait_for_timeout(300)
        found = ["an exception"] * page.get_by_test_id("stException").count()
        found += [f"leads to {address}" for address in page.evaluate(LEADING)]
    return found + [f"asks {url}" for url in asked if FOREIGN in url.partition("?")[0]]
