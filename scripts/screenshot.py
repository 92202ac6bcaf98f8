"""docs/screenshot.png: `python -m scripts.screenshot` starts the app and takes a picture of the Compare view."""

from __future__ import annotations

from scripts.browser import ROOT, chromium, served

PICTURE = ROOT / "docs" / "screenshot.png"


def take_picture(address: str) -> None:
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
