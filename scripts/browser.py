"""A Streamlit script served on a free port, and Chromium to look at it: for tests, pictures and benchmarks.

`python -m scripts.browser` takes docs/screenshot.png, a picture of the Compare view.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
#: Debian's Chromium; elsewhere Playwright's own, after `playwright install chromium`.
CHROMIUM = Path("/usr/bin/chromium")
#: As root in a container Chromium runs only without its sandbox; the rest keeps it off the network.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 120


@contextmanager
def served(script: Path = ROOT / "app.py") -> Iterator[str]:
    """The address of a Streamlit script, with this project's settings, for as long as the context lasts.

    Raises:
        TimeoutError: it does not answer within `START_SECONDS`.
    """
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true", f"--server.port={port}"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://localhost:{port}/_stcore/health", server)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Return as soon as the server answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer within {START_SECONDS} s")


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A headless Chromium, with more flags if given. Raises: playwright.sync_api.Error: there is none."""
    with sync_playwright() as playwright:
        executable = CHROMIUM if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=executable, args=[*CHROMIUM_FLAGS, *flags])
        yield browser
        browser.close()


PICTURE = ROOT / "docs" / "screenshot.png"


def take_picture(address: str) -> None:
    """Of the page that the app opens with."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="light", device_scale_factor=1)
        page.goto(address)
        page.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
        page.get_by_test_id("stStatusWidget").wait_for(state="detached", timeout=60_000)
        page.wait_for_timeout(1500)  # charts fade in
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    with served() as address:
        take_picture(address)
    print(PICTURE)
