"""Checkpoints of training scripts: the network is found below entries and behind prefixes; the report says where."""

from __future__ import annotations

import argparse
import datetime
import os
import pathlib
from itertools import permutations

import numpy as np
import pytest
import torch
from torch import nn

import archs
from tests.support.weights import SMALL, refused, small_model

OURS, AVERAGE = small_model().state_dict(), small_model().state_dict()


def behind(prefix, state=OURS):
    return {prefix + key: value for key, value in state.items()}


def loaded_from(path, content):
    """What the report says of a file that must give the values of `OURS`."""
    torch.save(content, path)
    model = small_model(weights=path)
    assert all(torch.equal(value, OURS[key]) for key, value in model.state_dict().items())
    return str(model.weights_report).replace(str(path), "FILE")


@pytest.mark.parametrize("entry", ["state_dict", "model", "model_state_dict", "net", "model_ema", "generator"])
def test_entries_beside_what_training_needs(entry, tmp_path):
    beside = {"epoch": 200, "acc": torch.tensor(95.3), "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}}}
    report = loaded_from(tmp_path / "small.pt", beside | {entry: behind("module.")})
    assert f"from FILE, below '{entry}', without the prefix 'module.' (" in report


@pytest.mark.parametrize("parts", list(permutations(["module.", "_orig_mod.", "model.", "densenet121.", "net."], 3)))
def test_prefixes_in_any_order(parts, tmp_path):
    prefix = "".join(parts)
    assert f"from FILE, without the prefix '{prefix}' (" in loaded_from(tmp_path / "small.pt", behind(prefix))


@pytest.mark.parametrize("wrapped", ["module", "_orig_mod", "_fsdp_wrapped_module.module"])
def test_wrappers_of_a_part_of_the_network(wrapped, tmp_path):
    state = {key.replace("features.", f"features.{wrapped}."): value for key, value in OURS.items()}
    assert "inside its keys" in loaded_from(tmp_path / "small.pt", behind("model.", state))


def test_averages_and_what_lies_around_a_network(tmp_path):
    path, n_averaged = tmp_path / "small.pt", {"n_averaged": torch.tensor(3)}
    averaged = torch.optim.swa_utils.AveragedModel(small_model())
    averaged.module.load_state_dict(OURS)
    assert "1 tensor outside module.* ignored" in loaded_from(path, averaged.state_dict())
    assert "1 tensor outside _orig_mod.module.*" in loaded_from(path, torch.compile(averaged).state_dict())
    lightning = behind("model.") | behind("ema_model.module.", AVERAGE) | behind("ema_model.", n_averaged)
    report = loaded_from(path, {"state_dict": lightning})
    assert report.endswith("its copy below 'state_dict', without the prefix 'ema_model.module.' not read.")
    report = loaded_from(path, {"model_ema": AVERAGE, "model": OURS})
    assert report.endswith("its copy below 'model_ema' not read.")


def test_arguments_of_training_scripts_are_passed_over(tmp_path):
    args = argparse.Namespace(
        lr=0.1, path=pathlib.Path("x"), nested=argparse.Namespace(), start=datetime.datetime.now(), best=np.float64(3)
    )
    for legacy in (False, True):
        torch.save({"state_dict": OURS, "args": args}, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
        assert "below 'state_dict'" in str(small_model(weights=tmp_path / "a.pth").weights_report)
    hostile = argparse.Namespace(run=os.system)
    torch.save({"state_dict": OURS, "args": hostile}, tmp_path / "a.pth")
    assert "nothing in it was run: it asks for posix.system" in refused(tmp_path / "a.pth", **SMALL)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            {"student": behind("module."), "teacher": AVERAGE},
            "more than once, below 'student', without the prefix 'module.' and below 'teacher': save one of them",
        ),
        (behind("encoder_q.") | behind("encoder_k."), "without the prefix 'encoder_q.' and without the prefix 'enc"),
        ({"models": [OURS]}, "holds no state dict: its entry 'models' is no plain tensor."),
        (
            {key.replace("features.", "backbone."): value for key, value in OURS.items()},
            "most of its keys begin with 'backbone.'.",
        ),
        (
            {"net": {f"module.{key}": value for key, value in archs.create_model("peleenet").state_dict().items()}},
            "(below 'net', without the prefix 'module.') holds weights of peleenet, which do not fit this DenseNet",
        ),
    ],
)
def test_what_is_not_recognised_is_named(content, sentence, tmp_path):
    torch.save(content, tmp_path / "odd.pth")
    assert sentence in refused(tmp_path / "odd.pth", **SMALL)


def test_a_network_of_another_size_does_not_stand_in_the_way(tmp_path):
    wider = archs.create_model("densenet121", **SMALL | {"growth_rate": 8}).state_dict()
    assert "below 'b'" in loaded_from(tmp_path / "two.pth", {"a": wider, "b": OURS, "c": nn.Linear(2, 2).state_dict()})
