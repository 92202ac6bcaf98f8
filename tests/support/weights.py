"""What the tests of weights share: a small network, ways to save it, and the sentence that answers bad weights."""

from __future__ import annotations

import re

import pytest
import safetensors.torch
import torch

import archs
from archs.errors import WeightsError

SMALL = {"block_config": (1, 1), "growth_rate": 4, "num_init_features": 8}


def small_model(**fields):
    return archs.create_model("densenet121", **SMALL | fields)


def save_safetensors(state, path):
    safetensors.torch.save_file(state, path)


def save_legacy(state, path):
    torch.save(state, path, _use_new_zipfile_serialization=False)


def old_keys(state):
    """The keys of torchvision's published DenseNet files, which have no counters either."""
    return {
        re.sub(r"\.(norm|conv)([12])\.", r".\1.\2.", key): value
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    }


def refused(path, name="densenet121", **fields):
    """The one sentence that answers weights which cannot be loaded."""
    with pytest.raises(WeightsError) as error:
        archs.create_model(name, weights=path, **fields)
    sentence = str(error.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence
