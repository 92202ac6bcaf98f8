"""Exported files compute what the network computes, replace a file only when they do, and load again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import onnxruntime
import pytest
import safetensors
import torch

import archs
from archs.errors import ConfigError, WeightsError
from archs.export import FORMATS, ExportError, export_model
from cli import main
from tests.support.exhaustive import representatives
from tests.support.project import run_python
from tests.support.small import FAMILIES, SMALL, small
from tests.support.weights import small_model


def images_of(batch_size, size=64):
    return torch.randn(batch_size, 3, size, size, generator=torch.Generator().manual_seed(5))


def run_onnx(path, images):
    session = onnxruntime.InferenceSession(path)
    return torch.from_numpy(session.run(None, {"images": images.numpy()})[0])


@pytest.mark.long
@pytest.mark.parametrize("name", representatives(["vovnetv2_39"], SMALL))
def test_onnx_computes_the_same_at_any_batch(name, tmp_path):
    model = small(name)
    difference = export_model(model, tmp_path / "model.onnx", "onnx", image_size=64)
    assert 0 < difference < 1e-5
    assert model.training
    for batch_size in (1, 2, 5):
        images = images_of(batch_size)
        expected = model.eval()(images).detach()
        found = run_onnx(tmp_path / "model.onnx", images)
        assert torch.allclose(found, expected, rtol=0, atol=1e-5 * expected.abs().max().item())
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_onnx_of_one_batch_and_a_rectangle(tmp_path):
    export_model(small_model(), tmp_path / "model.onnx", "onnx", image_size=(32, 64), batch_size=2)
    [entry] = onnxruntime.InferenceSession(tmp_path / "model.onnx").get_inputs()
    assert (entry.name, entry.shape) == ("images", [2, 3, 32, 64])


@pytest.mark.parametrize("name", representatives(FAMILIES, SMALL))
def test_torchscript_computes_the_same(name, tmp_path):
    model = small(name)
    assert export_model(model, tmp_path / "model.pt", "torchscript", image_size=64) < 1e-5
    loaded = torch.jit.load(tmp_path / "model.pt")
    assert torch.allclose(loaded(images_of(2)), model.eval()(images_of(2)), rtol=1e-4, atol=1e-6)


def test_safetensors_load_again_and_say_what_they_are(tmp_path):
    model = archs.create_model("densenet40_k12", num_classes=7)
    path = tmp_path / "model.safetensors"
    assert export_model(model, path, "safetensors") == 0
    with safetensors.safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert (metadata["name"], metadata["family"]) == ("densenet40_k12", "densenet")
    fields = json.loads(metadata["config"])
    again = archs.create_model("densenet40_k12", weights=path, **fields)
    assert again.config == model.config
    images = images_of(2, 32)
    assert torch.equal(again.eval()(images), model.eval()(images))


def test_identities_are_remembered_by_a_file_whose_tensors_do_not_show_them(tmp_path):
    path, fields = tmp_path / "model.safetensors", SMALL["vovnet39"]
    export_model(small("vovnet39"), path, "safetensors", image_size=64)
    assert archs.create_model("vovnet39", weights=path, **fields).weights_report.left_out == ()
    with pytest.raises(WeightsError, match=r"needs residual=True: it is of a network whose repeated blocks add an"):
        archs.create_model("vovnet39", weights=path, **fields | {"residual": False})


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_was_there_stays_where_the_outputs_differ(file_format, tmp_path):
    path = tmp_path / "model"
    path.write_text("kept")
    model = small_model()
    with torch.no_grad():
        model.classifier.weight.fill_(float("nan"))
    with pytest.raises(ExportError, match=r"^The file was not kept: its outputs differ from PyTorch's by nan"):
        export_model(model, path, file_format, image_size=32)
    assert path.read_text() == "kept"
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_was_there_stays_where_writing_fails(file_format, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    path = tmp_path / "model"
    path.write_text("kept")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ExportError, match=r"^Cannot write to '.*model': No space left on device\.$"):
        export_model(small_model(), path, file_format, image_size=32)
    assert path.read_text() == "kept"
    assert os.listdir(tmp_path) == ["model"]


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    export_model(small_model(), tmp_path / "link", "safetensors", image_size=32)
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").stat().st_size > 1000
    assert (tmp_path / "real").read_text() == "old"


#: As where a disk is full: no file of a process grows further.
FULL = """
import resource, archs
from archs.export import ExportError, export_model
model = archs.create_model("densenet121", block_config=(1, 1), growth_rate=4, num_init_features=8)
resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))
for file_format in {formats}:
    try:
        export_model(model, {path!r}, file_format, image_size=32)
    except ExportError as error:
        assert str(error) == "Cannot write to {path!r}: File too large.", error
    else:
        raise AssertionError(file_format)
"""


def test_a_full_disk_ends_in_a_sentence_and_what_was_there_stays(tmp_path):
    path = tmp_path / "model"
    path.write_text("kept")
    run_python(FULL.format(formats=representatives(["torchscript", "safetensors"], FORMATS), path=str(path)))
    assert path.read_text() == "kept"
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("place", [".", "/dev/null", "/no/such/model.onnx", "x" * 300])
def test_places_that_cannot_be_written(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExportError, match=r"^Cannot write to '"):
        export_model(small_model(), place, "safetensors", image_size=32)
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"file_format": "coreml"}, "file_format is 'coreml', but must be one of 'onnx', 'torchscript', 'safetensors'"),
        ({"image_size": 0}, "image_size is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_bad_arguments(arguments, sentence, tmp_path):
    with pytest.raises(ConfigError) as error:
        export_model(small_model(), tmp_path / "model", **{"file_format": "onnx"} | arguments)
    assert str(error.value).startswith(sentence)
    assert not os.listdir(tmp_path)


def command(text, capsys):
    status = main(text.split())
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("file_format", FORMATS)
def test_command(file_format, tmp_path, capsys):
    path = tmp_path / "model"
    status, out, err = command(f"export densenet40_k12 --{file_format} {path} --set block_config=2,2", capsys)
    assert (status, err) == (0, "")
    assert f"densenet40_k12 written to {path}.\nWeights: freshly initialised.\nLargest difference" in out
    assert path.stat().st_size > 10_000


def test_command_says_which_weights_were_left_out(tmp_path, capsys):
    torch.save(archs.create_model("densenet40_k12").state_dict(), tmp_path / "weights.pth")
    options = f"--safetensors {tmp_path}/model.safetensors --weights {tmp_path}/weights.pth --set num_classes=3"
    status, out, err = command(f"export densenet40_k12 {options}", capsys)
    assert (status, err) == (0, "")
    assert "classifier.weight and classifier.bias not loaded, because the file has 10 classes, not 3." in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("", "Give one of --onnx FILE, --torchscript FILE and --safetensors FILE."),
        ("--onnx a --torchscript b", "Give one of --onnx FILE"),
        ("--onnx /no/such/place", "Cannot write to '/no/such/place': No such file or directory."),
        ("--onnx a --image-size 8", "image_size is 8, but must be a size that the network's strides can take"),
        ("--onnx a --batch-size many", "batch_size is 'many'"),
        ("--onnx a --set growth_rat=3", "DenseNetConfig has no field 'growth_rat'"),
        ("--onnx a --weights no.pth", "There is no file 'no.pth'."),
        ("--onnx a --weights torchvision/NONE", "torchvision has no weights 'NONE' for densenet121"),
    ],
)
def test_command_with_bad_input(options, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, out, err = command(f"export densenet121 {options}", capsys)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {sentence}")
    assert err.count("\n") == 1
    assert not os.listdir(tmp_path)


def assert_named(package, said):
    assert f"needs the package {package}: install it with" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("package", ["onnxruntime", "onnxscript"])
def test_a_missing_package_is_named(package, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, package, None)
    status, out, err = command(f"export densenet40_k12 --onnx {tmp_path / 'model'}", capsys)
    assert (status, out) == (2, "")
    assert_named(package, err)


@pytest.mark.parametrize(("package", "file_format"), [("torch", "onnx"), ("safetensors", "safetensors")])
def test_a_package_that_was_never_there_is_named(package, file_format, tmp_path):
    arguments = ["export", "densenet40_k12", f"--{file_format}", str(tmp_path / "model")]
    code = f"import sys; sys.modules[{package!r}] = None; from cli import main; assert main({arguments}) == 2"
    assert_named(package, run_python(code))
