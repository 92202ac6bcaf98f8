"""One app and one Chromium for all browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error

from scripts.browser import chromium, served


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The address of the app."""
    with served() as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; where there is none, its tests are skipped unless they are required."""
    try:
        with chromium() as opened:
            yield opened
    except Error as error:
        if os.environ.get("DENSESCOPE_REQUIRE_BROWSER") == "1":
            raise
        pytest.skip(f"There is no Chromium: {error}")
