"""Networks of ours beside timm's of the same name."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archs


def assert_equals_timm(name: str, side: int = 64) -> None:
    """Random weights of timm's network fit ours by name, and give equal outputs in float64."""
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    theirs = timm.create_model(name).double().eval()
    for norm in theirs.modules():
        if isinstance(norm, nn.BatchNorm2d):
            for tensor in (norm.weight, norm.running_var):
                nn.init.uniform_(tensor, 0.5, 1.5)
            for tensor in (norm.bias, norm.running_mean):
                nn.init.normal_(tensor, std=0.1)
    ours = archs.create_model(name).double().eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(1, 3, side, side, dtype=torch.float64)
    with torch.no_grad():
        expected = theirs(images)
        assert expected.std() > 1e-3
        torch.testing.assert_close(ours(images), expected, rtol=1e-9, atol=1e-9)
