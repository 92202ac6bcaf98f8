"""What was trained here, in the pages: unlike what is published, like set against like, nothing where nothing was."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from analysis import summarize
from analysis.hardware.speeds import EVIDENCE
from archs import get_config
from archs.design import Design
from tests.support.app import COMPARE, LAYERS, assert_sound, open_app, toasts
from tests.support.runs import TINY, write_run
from training import get_run
from views.charts import evidence
from views.theme import DARK, LIGHT

HARDWARE, DESIGN = "views/hardware/hardware.py", "views/design/design.py"
FASHION, DIGITS = "Fashion-MNIST", "Handwritten digits"
OTHER = replace(TINY, growth_rate=8)
NAMES = ("tiny-digits", "other-digits", "longer-digits", "tiny-fashion", "dense40")
COMPARED = {"networks": ["run:tiny-digits", "run:tiny-fashion", "run:other-digits"], "baseline": "run:tiny-digits"}


@pytest.fixture(scope="module", autouse=True)
def runs(tmp_path_factory):
    """Two networks of digits, one of them by another recipe too; one of garments; one that goes on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DENSESCOPE_DATA", str(tmp_path_factory.mktemp("data")))
        write_run("tiny-digits", accuracy=0.9)
        write_run("other-digits", OTHER, accuracy=0.95)
        write_run("longer-digits", accuracy=0.99, epochs=9)
        write_run("tiny-fashion", data="fashion", accuracy=0.8)
        write_run("dense40", "densenet40_k12", accuracy=0.97)
        write_run("going-on", state="running", weights=False)
        yield


def texts(app: AppTest) -> str:
    """Everything that the page says, with spaces of one kind, as it is read."""
    elements = [*app.markdown, *app.caption, *app.info, *app.error]
    return " ".join(element.value for element in elements).replace("\u2009", " ").replace("\\", "")


def table(app: AppTest) -> dict[str, dict]:
    """The rows of the first table by name."""
    return {row["name"]: row for row in app.dataframe[0].value.to_dict("records")}


def learned(app: AppTest) -> dict[str, float]:
    """The trained accuracies in the table of Compare."""
    column = app.dataframe[0].value.set_index("name")["accuracy_here"]
    return column.dropna().to_dict()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_no_two_kinds_of_evidence_look_alike(theme):
    """Neither as bars nor as marks of any symbol; and the legend calls each by its own word."""
    colour = "#0072B2"
    for looks in (
        [evidence.bar_styles(kind, [colour], theme) for kind in EVIDENCE],
        [evidence.mark_style(kind, colour, theme) for kind in EVIDENCE],
        [evidence.mark_style(kind, colour, theme, "diamond") for kind in EVIDENCE],
    ):
        assert len({str(look) for look in looks}) == len(EVIDENCE)
    for bars in (True, False):
        names = [entry["name"] for entry in evidence.legend_entries(EVIDENCE, theme, bars=bars)]
        assert [name.partition(":")[0] for name in names] == ["measured", "trained here", "published", "predicted"]


def test_compare_tells_what_was_trained_here(runs):
    """A network has the accuracy of runs of its config, whatever its own classes and image size."""
    app = open_app(networks=["densenet40_k12", "densenet121"], baseline="densenet121")
    found = table(app)
    assert found["densenet40_k12"]["accuracy_here"] == 0.97
    assert found["densenet40_k12"]["trained_how"] == f"{DIGITS}, 8×8, recipe digits (epochs=3), run dense40"
    assert learned(app) == {"densenet40_k12": 0.97}
    assert f"Trained here on {DIGITS}, 8×8, densenet40_k12 classifies 97.0 % of the test images right" in texts(app)


def test_compare_knows_of_no_training_where_none_was(monkeypatch, tmp_path):
    networks = ["densenet40_k12", "densenet121"]
    with_runs = open_app(networks=networks, baseline="densenet121")
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    without = open_app(networks=networks, baseline="densenet121")
    assert not {"accuracy_here", "trained_how"} & set(without.dataframe[0].value)
    assert "rained here" not in texts(without)
    assert "accuracy_here" not in without.selectbox(key="y").options
    assert {*with_runs.dataframe[0].value} - {*without.dataframe[0].value} == {"accuracy_here", "trained_how"}
    assert "runs" not in without.sidebar.get("button_group")[-2].options


def test_data_sets_are_never_mixed(runs):
    """One is shown, and asked for where there are several."""
    app = open_app(**COMPARED)
    assert app.selectbox(key="trained_on").value == DIGITS
    assert learned(app) == {"run:tiny-digits": 0.9, "run:other-digits": 0.95}
    assert "run:tiny-digits is next, 5.0 points behind" in texts(app)
    app.selectbox(key="trained_on").select(FASHION).run()
    assert_sound(app)
    assert learned(app) == {"run:tiny-fashion": 0.8}


def test_trained_otherwise_is_said(runs):
    app = open_app(networks=["run:tiny-digits", "run:other-digits", "run:longer-digits"], baseline="run:tiny-digits")
    assert "run:longer-digits classifies 99.0 % of the test images right (recipe digits (epochs=9))" in texts(app)
    assert "Trained otherwise: run:other-digits and run:tiny-digits." in texts(app)


def test_an_axis_that_no_network_has_any_more(runs):
    """What was chosen while there were trained networks is no error once there are none."""
    app = open_app(networks=["densenet40_k12"], baseline="densenet40_k12")
    app.selectbox(key="y").select("accuracy_here").run()
    app.selectbox(key="bars").select("accuracy_here").run()
    assert_sound(app)
    app.multiselect(key="networks").set_value(["densenet121"])
    app.selectbox(key="baseline").select("densenet121").run()
    assert_sound(app)


def test_runs_are_offered_and_found(runs):
    app = open_app(LAYERS)
    assert not any(option.startswith("run:") for option in app.selectbox(key="network").options)
    app.sidebar.get("button_group")[0].set_value(["runs"]).run()
    options = [option for option in app.selectbox(key="network").options if option.startswith("run:")]
    assert set(options) == {f"run:{name}" for name in NAMES}
    app.text_input(key="ask").set_value("run:tiny-fashion").run()
    assert_sound(app)
    assert app.selectbox(key="network").value == "run:tiny-fashion"
    assert "Trained here on Fashion-MNIST, 28×28: 80.0 % of the test images right" in texts(app)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("run:tiny-digit", "There is no run 'tiny-digit'"),
        ("run:going-on", "has no weights yet"),
        ("run:../x", "ame is '../x', but must be letters"),
    ],
)
def test_a_run_that_cannot_be_shown_is_one_sentence(runs, name, sentence):
    for page, link in ((LAYERS, {"network": name}), (COMPARE, {"networks": [name, "densenet40_k12"]})):
        app = open_app(page, **link)
        assert sentence in texts(app)


def test_a_run_that_was_replaced_is_counted_anew(runs):
    name = "passing"
    params = []
    for network in (TINY, OTHER):
        run = write_run(name, network)
        params.append(table(open_app(networks=[f"run:{name}"], baseline=f"run:{name}"))[f"run:{name}"]["params"])
        shutil.rmtree(run.folder)
    assert params == [
        summarize(replace(one, num_classes=10, in_channels=1, image_size=8)).params for one in (TINY, OTHER)
    ]


def test_the_front_of_what_was_trained_here(runs):
    """Costs are those of the trained network; what was trained otherwise is left out of the front, and that is said."""
    link = {"section": "Accuracy and cost", "accuracy_of": f"{DIGITS}, trained here"}
    app = open_app(HARDWARE, **link)
    assert not toasts(app)
    found = table(app)
    assert set(found) == {f"run:{name}" for name in NAMES if "fashion" not in name}
    assert {row["cost"] for row in found.values()} == {
        summarize(get_run(name.removeprefix("run:")).design.config).macs for name in found
    }
    assert set(app.dataframe[0].value["evaluation"]) == {"all test images"}
    assert "is of 3 trained by recipe digits (epochs=3), without 1 trained otherwise." in texts(app)
    for cost in ("Parameters", "Time of an image"):
        assert_sound(open_app(HARDWARE, **link, cost=cost))


def test_no_accuracy_is_asked_for_where_nothing_was_trained(monkeypatch, tmp_path):
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    app = open_app(HARDWARE, section="Accuracy and cost")
    assert "accuracy_of" not in [widget.key for widget in app.selectbox]


def test_a_design_has_the_accuracy_of_its_runs(runs):
    """Whatever it is called; a changed one has none."""
    app = open_app(DESIGN, design=Design("mine", get_config("densenet40_k12")).to_link())
    found = {metric.label: metric.value.replace("\u2009", " ") for metric in app.metric}
    assert found[f"Trained here, {DIGITS}"] == "97.0 %"
    app = open_app(DESIGN, design=Design("mine", get_config("densenet40_k12", growth_rate=16)).to_link())
    assert not any(metric.label.startswith("Trained") for metric in app.metric)


def test_a_design_can_be_trained(runs):
    """It opens Training, which finds it on the shelf."""
    app = open_app(DESIGN, design=Design("mine", TINY).to_link())
    next(button for button in app.button if button.label == "Train this").click().run()
    assert_sound(app)
    assert app.title[0].value == "Training"
    assert app.selectbox(key="network").value == "mine"
