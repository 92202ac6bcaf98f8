"""The memory accounting against PyTorch itself: weights and buffers; budgets; the command."""

import pytest
import torch
from torch import nn

import analysis
import archs
from analysis.targets import resolve_target
from archs.errors import ConfigError, DenseScopeError, TraceError
from cli import main
from tests.support.autograd import saved_bytes
from tests.support.exhaustive import OF_EACH_KIND, representatives
from tests.support.live_bytes import live_bytes

SIZE, BATCH = 64, 2


def make(name, device="meta", dtype=torch.float32, size=SIZE, **overrides):
    model = resolve_target(name, **overrides).without_weights().to_empty(device=device).to(dtype)
    return model, torch.zeros(BATCH, model.config.in_channels, size, size, device=device, dtype=dtype)


@pytest.mark.parametrize("name", representatives(OF_EACH_KIND, archs.list_archs()))
def test_weights_and_buffers(name):
    model, _ = make(name)
    memory = analysis.memory(name, SIZE)
    assert memory.weight_bytes == sum(parameter.nbytes for parameter in model.parameters())
    assert memory.buffer_bytes == sum(buffer.nbytes for buffer in model.buffers())


@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_the_largest_batch_fits_and_one_more_does_not(mode, batch_size):
    budget = 1e9
    batch = analysis.memory("densenet121", SIZE, batch_size, mode=mode).largest_batch(budget)
    totals = []
    for size in (batch, batch + 1):
        memory = analysis.memory("densenet121", SIZE, size, mode=mode)
        totals.append(memory.total_bytes() if mode == "training" else memory.total_bytes)
    assert totals[0] <= budget < totals[1]


def test_nothing_fits_into_less_than_the_weights():
    assert analysis.memory("densenet121").largest_batch(1000) == 0


@pytest.mark.parametrize("budget", [0, -1, float("nan"), float("inf"), "8 GB", None, True])
@pytest.mark.parametrize("mode", ["inference", "training"])
def test_budgets_that_are_none(mode, budget):
    with pytest.raises(ConfigError, match="positive number of bytes"):
        analysis.memory("densenet_cifar", mode=mode).largest_batch(budget)


class Gelu(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return nn.functional.gelu(self.conv(x))


class DataDependent(Gelu):
    def forward(self, x):
        return self.conv(x) if x.sum() > 0 else x


def test_what_cannot_be_followed_is_named():
    assert analysis.memory(Gelu(), 8).peak_layer == "gelu"
    with pytest.raises(TraceError, match="DataDependent"):
        analysis.memory(DataDependent(), 8)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.rnn = nn.Conv2d(3, 8, 3), nn.GRU(8, 16, batch_first=True)

    def forward(self, x):
        return self.rnn(self.conv(x).mean(2).transpose(1, 2))[0]


def test_uncounted_operations_are_followed():
    module, image = Recurrent().eval(), torch.rand(BATCH, 3, 16, 16)
    memory = analysis.memory(module, 16, BATCH, allow_uncounted=True)
    assert memory.peak_bytes == max(live_bytes(module, image))
    memory = analysis.memory(module.train(), 16, BATCH, mode="training", allow_uncounted=True)
    assert memory.saved_bytes == saved_bytes(module, image)


def test_buffers_are_those_of_the_module():
    norm = nn.BatchNorm2d(8)
    assert analysis.memory(nn.Sequential(nn.Conv2d(3, 8, 3), norm, nn.ReLU(), norm), 16).buffer_bytes == 72
    untracked = nn.BatchNorm2d(8, track_running_stats=False)
    assert analysis.memory(nn.Sequential(nn.Conv2d(3, 8, 3), untracked), 16).buffer_bytes == 0


@pytest.mark.parametrize("options", [{"mode": "both"}, {"dtype": "int8", "mode": "training"}, {"batch_size": 0}])
def test_bad_options(options):
    with pytest.raises(DenseScopeError):
        analysis.memory("densenet121", SIZE, **options)


@pytest.mark.parametrize("command", ["memory peleenet --budget 8 --layers", "memory peleenet --mode training --layers"])
def test_command(command, capsys):
    assert main(command.split()) == 0
    shown = capsys.readouterr().out
    assert "classifier" in shown
    assert ("Fits into 8 GB: batch" in shown) == ("--budget" in command)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("--budget 0", "--budget is '0', but must be a positive number of GB such as 8."),
        ("--budget -2", "--budget is '-2', but must be a positive number of GB such as 8."),
        ("--budget much", "--budget is 'much', but must be a positive number of GB such as 8."),
        ("--mode both", "--mode is 'both', but must be one of 'inference', 'training'."),
        ("--optimizer lamb", "--optimizer is 'lamb', but must be one of 'none', 'sgd', 'adamw'."),
    ],
)
def test_bad_input_is_one_line(options, complaint, capsys):
    assert main(["memory", "peleenet", *options.split()]) == 2
    assert capsys.readouterr().err == f"error: {complaint}\n"
