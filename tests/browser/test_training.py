"""A training started in the browser goes on by itself: its curve comes, a reload finds it running, and it finishes."""

from __future__ import annotations

import pytest

from tests.support.pages import Opened, Page, expect, grow_quiet, look_at, settle
from training import Run
from training.engine.predictions import read_predictions

CHART = ".js-plotly-plot:visible"
#: Points of the first chart's thick lines, the test accuracy.
TESTED = "document.querySelector('.js-plotly-plot').data.filter(each => each.mode === 'lines+markers')"


@pytest.mark.long
def test_a_training_outlives_a_reload(opened: Opened, data_folder) -> None:
    with opened("/training?recipe=digits", awaited=CHART) as page:
        look_at(page, "training", CHART)
        set_epochs(page, "2")
        page.get_by_role("button", name="Start training").click()
        expect(page.get_by_text("starting", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Start training")).to_be_disabled()
        expect(page.get_by_text("running", exact=True)).to_be_visible()
        page.reload()
        settle(page, CHART)
        expect(page.get_by_text("finished", exact=True)).to_be_visible()
        page.wait_for_function(f"{TESTED}[0]?.x.length === 2")
        grow_quiet(page)
        expect(page.get_by_role("heading", name="Which classes are mixed up?")).to_be_visible()
        expect(page.get_by_role("button", name="Start training")).to_be_enabled()
        look_at(page, "training-finished", CHART, both=False)
    (folder,) = (data_folder / "runs").glob("densenetbc40_k12-digits*")
    run = Run(folder)
    assert (run.state, run.recipe.epochs) == ("finished", 2)
    assert run.accuracy == read_predictions(folder).right / 360


def set_epochs(page: Page, count: str) -> None:
    box = page.get_by_role("spinbutton", name="Epochs", exact=True)
    box.fill(count)
    box.press("Enter")
    expect(page.get_by_text(f"in {count} epochs")).to_be_visible()
