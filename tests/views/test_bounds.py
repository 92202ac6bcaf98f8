"""What takes much is said with its figure, and done only where the owner of the machine insists."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.search.ceilings import Ceilings
from archs import get_config, kept
from archs.design import Design
from tests.support.app import assert_sound, open_app
from tests.views.test_work import asleep
from views import cached
from views.elsewhere import elsewhere
from views.work.bounds import ANYWAY, BoundError
from views.work.tasks import Sought

DESIGN = "views/design/design.py"


def link(name: str) -> str:
    """A design that no other test has asked for."""
    return Design(name, get_config("densenet40_k12")).to_link()


def test_a_deep_network_is_drawn_if_its_owner_insists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "MOST_LAYERS", 100)
    app = open_app(DESIGN, design=link("deep"))
    [error] = app.error
    assert "deep has 1" in error.value
    assert "layers, and pages draw up to 100" in error.value
    assert not app.metric
    next(button for button in app.button if button.label == ANYWAY).click().run()
    assert_sound(app)
    assert not app.error
    assert app.metric


def test_a_shared_server_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "MOST_LAYERS", 100)
    monkeypatch.setenv("DENSESCOPE_PUBLIC", "1")
    app = open_app(DESIGN, design=link("shared"))
    kept.asked_elsewhere.clear()
    assert "pages draw up to 100" in app.error[0].value
    assert not [button for button in app.button if button.label == ANYWAY]


def test_a_search_of_too_much_is_said() -> None:
    goals = ["↓ MACs", "↑ Parameters", "↓ Memory access cost", "↑ Capacity proxy"]
    app = open_app("views/search/search.py", looked_at="500,000", objectives=goals)
    assert "500,000 configs are too many to compare in 4 objectives" in app.error[0].value
    assert any(button.label == ANYWAY for button in app.button)


def test_a_search_that_shows_to_be_too_much_only_once_it_has_counted_is_insisted_on_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def run(function: Any, sought: Sought, *arguments: Any, **more: Any) -> Any:
        asked.append(sought.anyway)
        Ceilings(sought.anyway).check_compared(10**12, 10**6, 2)
        return function(sought, *arguments)

    monkeypatch.setattr("views.work.process.run", run)
    app = open_app("views/search/search.py", looked_at="50,000")
    assert app.error[0].value.endswith("set a lower limit, tighter budgets, or fewer objectives.")
    next(button for button in app.button if button.label == ANYWAY).click().run()
    assert not app.error
    assert asked == [False, True]


def test_work_that_reached_its_limit_may_be_insisted_on() -> None:
    with pytest.raises(BoundError, match="more than 1 s") as found:
        elsewhere("sleep", asleep, seconds=1)
    assert found.value.deed == "sleep"
