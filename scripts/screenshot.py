"""docs/screenshot.png: `python -m scripts.screenshot` starts the app and takes a picture of the Compare view."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "screenshot.png"
CHROMIUM = Path("/usr/bin/chromium")
#: Chromium runs as root in containers only without its sandbox, and asks the network for nothing.
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
START_SECONDS = 60


@contextmanager
def running_app() -> Iterator[str]:
    """The address of the app, served for as long as the context lasts."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        address = f"http://localhost:{port}"
        wait_for(f"{address}/_stcore/health")
        yield address
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def wait_for(url: str) -> None:
    """Return as soon as the URL answers. Raises: TimeoutError: it does not within `START_SECONDS`."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer within {START_SECONDS} s")


def take_picture(address: str) -> None:
    with sync_playwright() as playwright:
        executable = str(CHROMIUM) if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="light", device_scale_factor=1)
        page.goto(address)
        page.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
        page.get_by_test_id("stStatusWidget").wait_for(state="detached", timeout=60_000)
        page.wait_for_timeout(1500)  # charts fade in
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    with running_app() as address:
        take_picture(address)
    print(PICTURE)
