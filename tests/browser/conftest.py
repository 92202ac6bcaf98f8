"""One app and one Chromium for all browser tests that a worker runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from scripts.browser import chromium, served
from tests.support import pages


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app keeps measurements."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True, scope="module")
def _keep_with_the_app(data_folder: Path) -> Iterator[None]:
    """What a test here puts down is what the app finds, and no file that the worker runs later does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DENSESCOPE_DATA", str(data_folder))
        yield


@pytest.fixture(scope="session")
def app_url(data_folder: Path) -> Iterator[str]:
    """The address of the app."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DENSESCOPE_DATA", str(data_folder))
            address = stack.enter_context(served())
        yield address


#: Room for what a page makes anew at every load: with less, Chromium spends a fifth of it looking for more.
ROOM = "--js-flags=--min-semi-space-size=64 --max-semi-space-size=64"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; where there is none, its tests are skipped unless they are required."""
    try:
        with chromium(ROOM) as opened:
            yield opened
    except Error as error:
        if os.environ.get("DENSESCOPE_REQUIRE_BROWSER") == "1":
            raise
        pytest.skip(f"There is no Chromium: {error}")


@pytest.fixture(scope="session")
def opened(browser: Browser, app_url: str) -> pages.Opened:
    """Opens a page of the app by its path, or by a link that was copied."""
    return partial(pages.opened, browser, app_url)
