"""The Story view without a browser: every step of every chain, by a link, by its buttons and onwards to Design."""

from __future__ import annotations

import pytest

from analysis.chains import chain, get_chain, list_chains
from analysis.chains.findings import chain_finding, step_sentences
from analysis.claims import list_claims
from analysis.claims.records import FAILS, claims_finding
from tests.support.app import assert_sound, open_app, toasts
from views.charts.evidence import UNCHECKED
from views.charts.story import bars, waterfall
from views.story.parts import changed_parts
from views.theme import LIGHT
from views.widgets import JOINER

STORY = "views/story/story.py"
BC = get_chain("densenet100-bc").title


@pytest.mark.parametrize(("device", "width"), [("RTX 4090", 3), ("L4", 0)])
def test_intervals_are_closed_where_figures_check_them_and_open_elsewhere(device, width):
    found = chain("vovnet27_slim", "vovnet39", device=device)
    traces = waterfall(found, "eager_seconds", 1, LIGHT).data
    assert {trace.error_x.width for trace in traces if trace.type == "bar" and trace.error_x.visible} == {width}
    assert (UNCHECKED in {trace.name for trace in traces}) == (width == 0)
    assert sorted(y for trace in traces for y in trace.y if y is not None) == [0, 1, 2]


@pytest.mark.long
@pytest.mark.parametrize("name", list_chains())
def test_every_step_of_every_chain(name):
    found = chain(name)
    app = open_app(STORY, chain=found.chain.title)
    for step in range(1, len(found.stops)):
        assert not app.error
        assert not toasts(app)
        assert app.title[0].value == f"Story: {found.chain.title}"
        texts = [text.value.replace("\\", "").replace(JOINER, "") for text in app.markdown]
        assert texts[0] == chain_finding(found, "macs")
        assert set(step_sentences(found, step)) <= set(texts)
        assert f"{step}. {found.stops[step].step.title}" in [heading.value for heading in app.header]
        app.button(key="story_next").click().run()
        assert_sound(app)
    assert app.title[0].value != f"Story: {found.chain.title}"
    assert app.button(key="story_back").disabled


def test_a_link_leads_to_a_step():
    app = open_app(STORY, chain=BC, step="3", story_quantity="Published accuracy")
    assert not toasts(app)
    assert "3. Compression (the C)" in [heading.value for heading in app.header]
    app.button(key="story_back").click().run()
    assert app.button_group(key="step").value == "2"
    app.selectbox(key="chain").set_value("vovnet39-ese").run()
    assert_sound(app)
    assert app.button_group(key="step").value == "1"


def test_a_link_with_nonsense():
    app = open_app(STORY, chain="nothing", step="99")
    assert len(toasts(app)) == 2
    assert app.title[0].value == f"Story: {get_chain(list_chains()[0]).title}"


def test_a_step_opens_in_design():
    app = open_app(STORY, chain=BC, step="2")
    next(button for button in app.button if button.label == "Edit from here").click().run()
    assert_sound(app)
    assert app.title[0].value == "Design: Half the dense layers (DenseNet-B)"


@pytest.mark.parametrize(("step", "network"), [("2", "Half the dense layers (DenseNet-B)"), ("4", "densenetbc100_k12")])
def test_a_step_is_trained(step, network):
    app = open_app(STORY, chain=BC, step=step)
    next(button for button in app.button if button.label == "Train this").click().run()
    assert_sound(app)
    assert not toasts(app)
    assert app.selectbox(key="network").value == network
    assert app.selectbox(key="recipe").value == "digits"


def test_an_input_that_does_not_suit():
    app = open_app(STORY, image_size="1")
    assert app.error[0].value.endswith("Choose another input in the sidebar.")


def test_the_bars_join_up():
    rows = [*bars(chain("densenet100-bc"), "macs")]
    assert [row.start for row in rows[1:-1]] == [row.end for row in rows[:-2]]
    assert rows[0].start == rows[-1].start == 0
    assert rows[-1].end == rows[-2].end
    names = [row.name for row in bars(chain("densenet100-bc"), "measured")]
    assert names == ["DenseNet-100", "Steps 1 to 4 together", "DenseNet-BC, 100 layers"]


@pytest.mark.parametrize(
    ("name", "step", "title"),
    [
        ("densenet100-bc", 1, "dense block 1, layer 2"),
        ("densenet100-bc", 3, "transition 1"),
        ("densenet100-bc", 4, "stem"),
        ("densenet121-peleenet", 3, "dense block 1, layer 2"),
        ("densenet121-peleenet", 5, "stem"),
        ("densenet121-peleenet", 6, "dense block 1, layer 1"),
        ("densenet121-hardnet68", 1, "dense block 1, layer 6"),
        ("vovnet39-ese", 1, "OSA stage 4, module 2"),
        ("vovnet39-ese", 2, "OSA stage 2, module 1"),
        ("vovnet39-ese", 3, "OSA stage 2, module 1"),
    ],
)
def test_the_part_that_changes_is_shown(name, step, title):
    before, after = chain(name).stops[step - 1 : step + 1]
    parts = changed_parts(before.summary, after.summary)
    assert [part.title for part in parts] == [title, title]
    assert parts[0] != parts[1]


def test_claims_with_their_verdicts():
    app = open_app(STORY, story="Claims")
    texts = [text.value.replace("\\", "") for text in app.markdown]
    assert claims_finding(list_claims()) in texts
    assert all(claim.finding.figures in texts for claim in list_claims())
    assert not app.sidebar.number_input
    app.button_group(key="verdict").set_value(FAILS).run()
    assert_sound(app)
    assert len([text for text in app.markdown if "-badge[" in text.value]) == sum(
        claim.finding.verdict == FAILS for claim in list_claims()
    )


def test_networks_of_a_claim_are_compared():
    app = open_app(STORY, story="Claims")
    app.button(key="compare_less-memory-access").click().run()
    assert_sound(app)


@pytest.mark.parametrize(
    ("device", "given"), [("GTX 960", "batches of 256, float32"), ("Core i9-10940X", "batches of 1, float32")]
)
def test_devices_without_float16_are_told_in_float32(device, given):
    app = open_app(STORY, story_device=device, story_quantity="Predicted eager time")
    assert any(given in caption.value for caption in app.caption)
    assert not any("is not known" in caption.value for caption in app.caption)


def test_what_is_not_known_is_said():
    app = open_app(STORY, dtype="int8", story_quantity="Training memory")
    assert any("is not known of two of these networks" in caption.value for caption in app.caption)
