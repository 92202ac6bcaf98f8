"""Chromium opens links that somebody crafted: nothing raises, nothing is loaded from elsewhere, nothing leads there."""

from __future__ import annotations

import pytest

from tests.support.crafted import come_of, everywhere, link_of
from tests.support.exhaustive import representatives
from tests.support.pages import Opened

SEEDS = range(300)


@pytest.mark.parametrize("link", representatives([everywhere(3)], [*map(link_of, SEEDS), everywhere(3)]))
def test_a_crafted_link(opened: Opened, link: str) -> None:
    assert not come_of(opened, link)
