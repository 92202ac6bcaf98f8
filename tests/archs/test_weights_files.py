"""Files that hold no weights, damaged files and hostile files: each gets one sentence, and none is run."""

from __future__ import annotations

import os
import struct

import pytest
import torch
from torch import nn

import archs
from archs.errors import ConfigError
from tests.support.weights import SMALL, refused, save_legacy, save_safetensors, small_model


class Hostile:
    """Runs a shell command when it is unpickled in the ordinary way."""

    def __init__(self, proof):
        self.proof = proof

    def __reduce__(self):
        return os.system, (f"touch {self.proof}",)


@pytest.mark.parametrize("save", [torch.save, save_legacy])
def test_a_hostile_pickle_is_refused_and_runs_nothing(save, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # concerns only callers that leave the choice open
    path, proof = tmp_path / "hostile.pth", tmp_path / "proof"
    save({"features.conv0.weight": Hostile(proof)}, path)
    assert "was refused and nothing in it was run: it asks for posix.system" in refused(path)
    assert not proof.exists()
    torch.load(path, weights_only=False)
    assert proof.exists(), "the file is not hostile, so that this test shows nothing"


def recursive_dict():
    content = {}
    content["model"] = content
    return content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([torch.zeros(1)], "holds no state dict but a value of type list."),
        ({}, "holds no state dict but a value of type dict."),
        ({"epoch": 3}, "holds no state dict: its entry 'epoch' is no plain tensor."),
        ({3: torch.zeros(1)}, "holds no state dict: its entry 3 is no plain tensor."),
        (recursive_dict(), "holds no state dict: its entry 'model' is no plain tensor."),
        ({"a": torch.zeros(1, device="meta")}, "holds no state dict: its entry 'a' is no plain tensor."),
        ({"a": torch.eye(3).to_sparse()}, "holds no state dict: its entry 'a' is no plain tensor."),
        (nn.Linear(1, 1), "was refused and nothing in it was run: it asks for torch.nn.modules.linear.Linear"),
    ],
)
def test_files_that_hold_something_else(content, reason, tmp_path):
    torch.save(content, tmp_path / "other.pth")
    assert reason in refused(tmp_path / "other.pth")


def cut(data):
    return data[: len(data) // 2]


def with_long_header(data):
    return struct.pack("<Q", 2**62) + data[8:]


@pytest.mark.parametrize(
    ("saved_as", "read_as", "damage"),
    [
        ("a.pth", "a.pth", cut),
        ("a.safetensors", "a.safetensors", cut),
        ("a.safetensors", "a.safetensors", with_long_header),
        ("a.pth", "a.safetensors", bytes),
        ("a.safetensors", "a.pth", bytes),
        ("a.pth", "a.pth", lambda data: b"<!DOCTYPE html><title>404</title>"),
        ("a.pth", "a.pth", lambda data: b"\x80\x02."),
        ("a.pth", "a.safetensors", lambda data: b"\0"),
    ],
)
def test_damaged_files(saved_as, read_as, damage, tmp_path):
    save = save_safetensors if saved_as.endswith("safetensors") else torch.save
    save(small_model().state_dict(), tmp_path / saved_as)
    data = (tmp_path / saved_as).read_bytes()
    (tmp_path / read_as).write_bytes(damage(data))
    assert "is truncated, damaged, or no file of weights of the kind that its ending says" in refused(
        tmp_path / read_as
    )


def test_paths_that_are_no_weights(tmp_path, monkeypatch):
    (tmp_path / "folder.pth").mkdir()
    (tmp_path / "empty.pth").touch()
    (tmp_path / "model.onnx").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.pth")
    assert refused(tmp_path / "folder.pth").endswith("folder.pth' is a folder, not a file of weights.")
    assert refused(tmp_path / "empty.pth").endswith("empty.pth' is empty.")
    assert refused(tmp_path / "pipe.pth").endswith("pipe.pth' is not an ordinary file.")
    assert refused("no/such.pth") == "There is no file 'no/such.pth'."
    assert refused("x" * 3000 + ".pth").startswith("Cannot read 'xxx")
    assert "must end in one of .safetensors, .pth, .pth.tar, .pt, .bin." in refused(tmp_path / "model.onnx")
    for name in (7, "nul\0.pth", "x" * 5000):
        with pytest.raises(ConfigError, match=r"^weights is .{1,70}, but must be a path of at most 4096 characters\.$"):
            archs.create_model("densenet121", weights=name)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def deny(*_, **__):
        raise PermissionError(13, "Permission denied")

    torch.save({}, tmp_path / "secret.pth")
    monkeypatch.setattr("archs.files.os.open", deny)
    assert refused(tmp_path / "secret.pth").endswith("secret.pth': Permission denied.")


def test_the_meta_device_holds_no_weights(tmp_path):
    torch.save(small_model().state_dict(), tmp_path / "small.pth")
    assert "meta device" in refused(tmp_path / "small.pth", device="meta", **SMALL)
