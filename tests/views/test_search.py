"""The Search view without a browser: budgets, objectives, fronts, and the way into Design."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from analysis.search.space import list_spaces
from tests.support.app import assert_sound, open_app, toasts
from tests.support.exhaustive import representatives
from views.search.question import slider_stops

VIEW = "views/search/search.py"


def shown(app: AppTest, tab: str) -> AppTest:
    """The app with one of the tabs below the cards open."""
    app.session_state["search_tabs"] = tab
    app.run()
    assert_sound(app)
    return app


def small_print(app: AppTest) -> str:
    return app.caption[-1].value


def test_it_opens_with_three_networks_and_a_front_within_the_budgets_of_the_base_network() -> None:
    app = open_app(VIEW)
    assert app.markdown[0].value.startswith("DenseNet-81 2.65M balances best: memory access cost 7.43\u2009M")
    assert [card.value for card in app.markdown[1:4]] == [
        "Cheapest: **DenseNet-77 345k**",
        "Balanced: **DenseNet-81 2.65M**",
        "Strongest: **DenseNet-81 7.81M**",
    ]
    assert [button.label for button in app.button] == [
        "Open the cheapest",
        "Open the balanced",
        "Open the strongest",
        "Open in Design",
    ]
    assert "10,000 of 1,575,000 configs of the space densenet-bc-imagenet" in small_print(app)
    assert "rank correlation" in small_print(app)
    assert not app.error
    front = shown(app, "Table").dataframe[0].value
    assert front["params"].max() <= 8e6
    assert front["macs"].max() <= 3e9


@pytest.mark.parametrize("button", ["open_Strongest", None], ids=["card", "list"])
def test_a_network_opens_in_design_under_a_name_that_says_what_it_is(button: str | None) -> None:
    app = open_app(VIEW)
    if button is None:
        app.selectbox(key="search_network").select_index(len(app.selectbox(key="search_network").options) - 1).run()
    next(each for each in app.button if each.key == button or (not button and each.label == "Open in Design")).click()
    app.run()
    assert_sound(app)
    assert app.session_state["workbench"].current.name == "DenseNet-81 7.81M"


@pytest.mark.long
@pytest.mark.parametrize("space", representatives(list_spaces()[::4], list_spaces()))
def test_every_space(space: str) -> None:
    app = open_app(VIEW, space=space, looked_at="1,000")
    assert f"the space {space} were looked at" in small_print(app)
    shown(app, "What are they made of?")
    assert not app.error
    assert not toasts(app)


def test_a_slider_narrows_the_search() -> None:
    app = open_app(VIEW)
    slider = app.select_slider(key="budget_macs_densenet-bc-imagenet")
    slider.set_value(("least", "600\u2009M")).run()
    assert_sound(app)
    assert "MACs ≤ 600\u2009M excludes" in small_print(app)
    assert shown(app, "Table").dataframe[0].value["macs"].max() <= 600e6


def test_budgets_that_contradict_each_other_are_named() -> None:
    app = open_app(VIEW)
    app.select_slider(key="budget_params_densenet-bc-imagenet").set_value(("least", "300\u2009k")).run()
    app.select_slider(key="budget_macs_densenet-bc-imagenet").set_value(("2.00\u2009G", "3.00\u2009G")).run()
    assert_sound(app)
    assert "Parameters ≤ 300\u2009k" in app.error[0].value
    assert "MACs ≥ 2.00\u2009G" in app.error[0].value


def test_objectives_without_the_proxy_say_that_accuracy_is_no_part() -> None:
    app = open_app(VIEW, objectives=["↓ MACs", "↑ Parameters"])
    assert any("Accuracy is no part of this" in caption.value for caption in app.caption)
    assert "capacity_proxy" not in shown(app, "Table").dataframe[0].value


def test_what_takes_time_is_asked_for_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    objectives = ["↓ Predicted time", "↑ Capacity proxy"]
    app = open_app(VIEW, space="vovnet", looked_at="1,000", objectives=objectives)
    app.select_slider(key="budget_macs_vovnet").set_value(("least", "1.50\u2009G")).run()
    assert not app.markdown
    press_search(app)
    assert "predicted time" in app.markdown[0].value
    assert list((tmp_path / "search").iterdir())
    assert "predicted_seconds" in shown(app, "Table").dataframe[0].value


def press_search(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Search").click().run()
    assert_sound(app)


def test_sliders_stop_at_round_numbers() -> None:
    assert slider_stops(0.95e6, 2.2e6)[0] == 9e5
    assert slider_stops(0.95e6, 2.2e6)[-1] == 2.3e6
    assert slider_stops(5, 5) == [5]
