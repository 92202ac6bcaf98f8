"""Attention, recurrent modules, and layers of sequences and volumes: every counter's figure is explained."""

from __future__ import annotations

import pytest

from analysis import cross_check
from tests.analysis.crosscheck.test_crosscheck import Runs, assert_explained

torch = pytest.importorskip("torch")
nn = torch.nn

SEQUENCE, VOLUME = Runs(lambda x: x.flatten(2)), Runs(lambda x: x.reshape(len(x), 3, 4, 4, 16))


class Attends(nn.Module):
    """Five queries that look at an image."""

    def __init__(self, itself=False, weights=True, width=16, **options):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.queries = nn.Parameter(torch.zeros(1, 5, 16))
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True, kdim=width, vdim=width, **options)
        self.itself, self.weights = itself, weights

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        queries = x if self.itself else self.queries.expand(len(x), -1, -1)
        return self.attention(queries, x, x, need_weights=self.weights)[0]


class Remembers(nn.Module):
    """A recurrent module that walks over an image."""

    def __init__(self, kind, **options):
        super().__init__()
        self.patches, self.walk = nn.Conv2d(3, 8, 4, 4), kind(8, 5, batch_first=True, **options)

    def forward(self, x):
        return self.walk(self.patches(x).flatten(2).transpose(1, 2))[0]


MODULES = {
    "transposed, sequence": nn.Sequential(SEQUENCE, nn.Conv1d(3, 8, 3), nn.ConvTranspose1d(8, 4, 4, 2, 1)),
    "transposed, volume": nn.Sequential(VOLUME, nn.Conv3d(3, 8, 3, padding=1), nn.ConvTranspose3d(8, 4, 2, 2)),
    "PReLU, sequence": nn.Sequential(SEQUENCE, nn.Conv1d(3, 8, 3), nn.PReLU(8)),
    "linear upsampling": nn.Sequential(SEQUENCE, nn.Conv1d(3, 8, 3), nn.Upsample(scale_factor=2, mode="linear")),
    "trilinear": nn.Sequential(VOLUME, nn.Conv3d(3, 8, 3, padding=1), nn.Upsample(scale_factor=2, mode="trilinear")),
    "nearest, volume": nn.Sequential(VOLUME, nn.Conv3d(3, 8, 3, padding=1), nn.Upsample(scale_factor=2)),
    "self-attention": Attends(itself=True),
    "cross attention": Attends(),
    "cross attention without weights": Attends(weights=False),
    "cross attention without bias": Attends(bias=False),
    "cross attention with a token more": Attends(add_bias_kv=True),
    "cross attention with zeros more": Attends(weights=False, add_zero_attn=True),
    "cross attention of another width": Attends(width=12),
    **{kind.__name__: Remembers(kind) for kind in (nn.RNN, nn.GRU, nn.LSTM)},
    "two layers": Remembers(nn.LSTM, num_layers=2, bias=False),
    "both directions": Remembers(nn.GRU, bidirectional=True),
    "cells": nn.Sequential(nn.Conv2d(3, 8, 16), nn.Flatten(), nn.GRUCell(8, 5), nn.RNNCell(5, 4)),
}


@pytest.mark.long
@pytest.mark.parametrize("name", MODULES)
def test_sequences_and_volumes_are_explained(name):
    assert_explained(cross_check(MODULES[name], 16, 2), name)
