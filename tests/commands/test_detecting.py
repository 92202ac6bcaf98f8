"""Commands that are given a backbone or a detector."""

from __future__ import annotations

import pytest
import torch

import archs
from cli import main


def run(capsys, command):
    code = main(command.split())
    return code, " ".join(" ".join(capsys.readouterr()).split())


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("fields retinanet/peleenet", "fpn_channels 256"),
        ("fields backbone/peleenet", "some of 0 to 3 (strides 4, 8, 16, 32)"),
        ("memory pelee/peleenet --mode training --budget 8", "losses and the matching of boxes are left out."),
        ("memory mask_rcnn/peleenet --image-size 320 --budget 8", "the box head sees 512 sampled boxes an image"),
        ("predict fcos/peleenet backbone/vovnet39", "fcos/peleenet"),
        ("compare backbone/peleenet retinanet/peleenet --image-size 320", "backbone/peleenet"),
    ],
)
def test_what_is_told(command, told, capsys):
    code, text = run(capsys, command)
    assert (code, told in text) == (0, True)


def test_detectors_are_exported_as_their_backbones(tmp_path, capsys):
    path = tmp_path / "file.safetensors"
    code, text = run(capsys, f"export mask_rcnn/peleenet --safetensors {path}")
    assert code
    assert "must be 'backbone/peleenet'" in text
    code, _ = run(capsys, f"export backbone/peleenet --safetensors {path} --image-size 64 --set out_indices=0,1")
    assert not code
    backbones = [archs.create_backbone("peleenet", out_indices=(0, 1), weights=path).eval() for _ in range(2)]
    image = torch.ones(1, 3, 64, 64)
    for one, other in zip(*(backbone(image) for backbone in backbones), strict=True):
        assert torch.equal(one, other)
