"""The weights of a run stand for a network everywhere: counted, built, timed, exported; what cannot is one sentence."""

from __future__ import annotations

import shutil

import pytest
import safetensors.torch
import torch

import analysis
import archs
from analysis.crosscheck import cross_check
from analysis.hardware.measure.session import build
from analysis.memory import memory_of
from analysis.targets import resolve_target
from archs.errors import ConfigError, DenseScopeError, UnknownNameError, WeightsError, WeightsWarning
from cli import main
from tests.support.runs import TINY, write_run
from training.engine.learner import save_weights

NAME = "run:tiny-digits"


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """A user with one finished run."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("data")
        patch.setenv("DENSESCOPE_DATA", str(folder))
        yield folder


@pytest.fixture(scope="module")
def run(folder):
    return write_run("tiny-digits")


@pytest.fixture(scope="module")
def learned(run):
    """The tensors in its file."""
    return safetensors.torch.load_file(run.weights)


def has(model, tensors):
    state = model.state_dict()
    return state.keys() == tensors.keys() and all(torch.equal(state[key], tensors[key]) for key in tensors)


@pytest.mark.parametrize("route", ["plan", "trace"])
def test_it_is_counted_as_its_config(run, route):
    by_config = analysis.summarize(run.design.config)
    found = analysis.summarize(NAME, route=route)
    assert (found.name, found.target.config, found.image_size) == (NAME, run.design.config, (8, 8))
    assert [cost.layer for cost in found.layers] == [cost.layer for cost in by_config.layers]


def test_it_stands_wherever_a_network_does(run):
    assert archs.plan_layers(NAME) == archs.plan_layers(run.design.config)
    assert list(analysis.compare([NAME, TINY])["name"]) == [NAME, "DenseNet"]
    assert memory_of(analysis.summarize(NAME)).peak_bytes == memory_of(analysis.summarize(run.design.config)).peak_bytes
    assert analysis.predict(NAME, "RTX 4090").seconds == analysis.predict(run.design.config, "RTX 4090").seconds
    assert cross_check(NAME).equals(cross_check(run.design.config))


@pytest.mark.parametrize(
    "create",
    [
        lambda run: archs.create_model(NAME),
        lambda run: archs.create_model(run.design.config, weights=NAME),
        lambda run: archs.create_model(str(run.weights)),
        lambda run: archs.create_model(run.weights),
        lambda run: build(resolve_target(NAME)),
        lambda run: build(resolve_target(run.weights)),
    ],
)
def test_it_is_built_with_what_was_learned(run, learned, create):
    model = create(run)
    assert model.config == run.design.config
    assert has(model, learned)
    assert model.weights_report.left_out == ()


def test_another_head_leaves_the_rest(run, learned):
    """As any weights into a network with other classes: the classifier keeps its initialisation, and that is said."""
    with pytest.warns(WeightsWarning, match="the file has 10 classes, not 3"):
        model = archs.create_model(NAME, num_classes=3)
    assert torch.equal(model.features.conv0.weight, learned["features.conv0.weight"])


def test_what_the_loop_writes_stands_alone(run, learned, tmp_path):
    """The file of a run, moved elsewhere, is the network; so is one that was exported from it."""
    model = archs.create_model(NAME)
    save_weights(model, run)
    assert has(archs.create_model(NAME), learned)
    shutil.copy(run.weights, tmp_path / "moved.safetensors")
    exported = tmp_path / "exported.safetensors"
    assert main(["export", NAME, "--safetensors", str(exported)]) == 0
    for path in (tmp_path / "moved.safetensors", exported):
        assert (
            analysis.summarize(path).target.config == analysis.summarize(str(path)).target.config == run.design.config
        )
        assert has(archs.create_model(path), learned)


@pytest.mark.parametrize(
    "command", ["summary", "compare", "depth", "table", "memory", "fields", "predict --device A10"]
)
def test_commands_take_it(run, command, capsys):
    name, *rest = command.split()
    assert main([name, NAME, *rest]) == 0
    assert capsys.readouterr().err == ""


def test_it_is_exported_with_its_weights(run, tmp_path, capsys):
    assert main(["export", NAME, "--torchscript", str(tmp_path / "tiny.pt")]) == 0
    assert f"tensors loaded from {NAME}" in capsys.readouterr().out
    image = torch.rand(2, 1, 8, 8)
    with torch.no_grad():
        expected = archs.create_model(NAME).eval()(image)
    assert torch.allclose(torch.jit.load(tmp_path / "tiny.pt")(image), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("new", "its training has not begun"),
        ("running", "its training has not ended"),
        ("stopped", "its training was stopped before it ended"),
        ("failed", "its training failed"),
    ],
)
def test_a_run_without_weights_says_why(state, why):
    name = f"without-{state}"
    write_run(name, state=state, weights=False)
    with pytest.raises(WeightsError, match=f"^The run '{name}' has no weights yet: {why}.$"):
        analysis.summarize(f"run:{name}")


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("run:tiny-digit", UnknownNameError, "There is no run 'tiny-digit'; the nearest names are 'tiny-digits'"),
        ("run:", ConfigError, "name is '', but must be letters, digits"),
        ("run:../tiny-digits", ConfigError, "name is '../tiny-digits', but must be letters"),
        ("run:..", ConfigError, "name is '..', but must be letters"),
        ("run:/etc/passwd", ConfigError, "name is '/etc/passwd', but must be letters"),
        ("run:tiny digits\n", ConfigError, "name is 'tiny digits\\\\n', but must be letters"),
        ("run:×", ConfigError, "name is '×', but must be letters"),
        ("run:" + "a" * 81, ConfigError, "at most 80"),
    ],
)
@pytest.mark.parametrize(
    "ask", [analysis.summarize, archs.create_model, lambda name: archs.create_model(TINY, weights=name)]
)
def test_what_is_no_run_is_one_sentence(run, name, kind, sentence, ask):
    with pytest.raises(kind, match=sentence):
        ask(name)


def test_weights_for_another_config_are_refused(run):
    for network, changes in (("peleenet", {}), (TINY, {"growth_rate": 8})):
        with pytest.raises(WeightsError, match=f"^{NAME} does not fit (peleenet|this DenseNet)"):
            archs.create_model(network, weights=NAME, **changes)


def header(path, metadata):
    path.write_bytes(safetensors.torch.save({"weight": torch.zeros(1)}, metadata))


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (lambda path: None, "cannot be read: No such file"),
        (lambda path: path.write_bytes(b""), "truncated, damaged, or no .safetensors file"),
        (lambda path: path.write_bytes(b"\xff" * 64), "truncated, damaged, or no .safetensors file"),
        (lambda path: path.write_bytes((40).to_bytes(8, "little") + b'{"__metadata__": {"a"'), "truncated, damaged"),
        (lambda path: path.write_bytes((2).to_bytes(8, "little") + b"[]"), "truncated, damaged"),
        (lambda path: path.write_bytes((2).to_bytes(8, "little") + b"{}"), "does not say which network it is of"),
        (lambda path: header(path, {"format": "pt"}), "does not say which network it is of"),
        (lambda path: header(path, {"family": "densenet", "config": "{"}), "its config is damaged"),
        (lambda path: header(path, {"family": "densenet", "config": "[" * 9999}), "its config is damaged"),
        (lambda path: header(path, {"family": "densenet", "config": "[]"}), "config is \\[\\], but must be an object"),
        (lambda path: header(path, {"family": "resnet", "config": "{}"}), "family is 'resnet', but must be one of"),
        (lambda path: header(path, {"family": "densenet", "config": '{"k": 1}'}), "has no field 'k'"),
        (lambda path: header(path, {"family": "densenet", "config": '{"growth_rate": 0}'}), "growth_rate is 0, but"),
    ],
)
def test_a_file_that_tells_no_network_is_one_sentence(tmp_path, write, sentence):
    path = tmp_path / "w.safetensors"
    write(path)
    for ask in (analysis.summarize, archs.create_model):
        with pytest.raises(DenseScopeError, match=sentence):
            ask(str(path))


def test_designs_with_strange_names_are_told(run, tmp_path):
    """What a design is called is no path and no format."""
    for number, name in enumerate(("a/../b", 'q"{}\\', "网络 ×½", " ")):
        found = write_run(f"strange-{number}", archs.Design(name, TINY))
        assert found.design.name == name
        assert analysis.summarize(f"run:strange-{number}").target.config == found.design.config
