"""What is kept of a network's answers to the test images is what it said, and survives a round trip."""

from __future__ import annotations

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from training.data import get_data
from training.data.images import Images
from training.engine.predictions import (
    FILE,
    class_scores,
    confusion,
    read_predictions,
    save_predictions,
    worst_mistakes,
)


class Says(nn.Module):
    """Logits that follow from an image's first pixel: its class is that of the next digit for odd ones."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        [mean], [std] = get_data("digits").mean, get_data("digits").std
        first = ((images[:, 0, 0, 0] * std + mean) * 255).round().long()
        sure = first.float() / 10
        return nn.functional.one_hot((first + first % 2) % 10, 10) * (2 + sure).view(-1, 1)


def test_what_was_said_is_kept_and_counted(tmp_path) -> None:
    labels = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 60)
    pixels = torch.zeros(len(labels), 1, 8, 8, dtype=torch.uint8)
    pixels[:, 0, 0, 0] = labels
    images, data = Images(pixels, labels), get_data("digits")
    network = Says().train()
    save_predictions(tmp_path, network, images, data, Accelerator(cpu=True))
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    found = read_predictions(tmp_path)
    assert found.right == 300
    table = confusion(found, 10)
    assert table.sum() == 600
    assert [table[digit, (digit + digit % 2) % 10] for digit in range(10)] == [60] * 10
    assert [(one.accuracy, one.taken_for) for one in class_scores(found, 10)[:2]] == [(1.0, None), (0.0, 2)]
    worst = worst_mistakes(found)
    assert {one.true for one in worst} == {9}, "the surest mistakes come first"
    assert all(one.pixels[0, 0, 0] == one.true and one.predicted == 0 for one in worst)
    probability = float(torch.tensor([2.9, *[0.0] * 9]).softmax(0)[0])
    assert abs(worst[0].confidence - probability) < 1e-3


def test_a_perfect_network_makes_no_mistakes(tmp_path) -> None:
    images = Images(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), torch.zeros(4, dtype=torch.int64))
    save_predictions(tmp_path, Says(), images, get_data("digits"), Accelerator(cpu=True))
    found = read_predictions(tmp_path)
    assert (found.right, worst_mistakes(found)) == (4, [])
    assert [one.label for one in class_scores(found, 10)] == [0], "classes without images have no accuracy"


def test_damaged_ones_are_none(tmp_path) -> None:
    assert read_predictions(tmp_path) is None
    (tmp_path / FILE).write_bytes(b"PK\x03\x04 torn")
    assert read_predictions(tmp_path) is None
    np.savez(tmp_path / FILE, labels=np.zeros(2))
    assert read_predictions(tmp_path) is None
