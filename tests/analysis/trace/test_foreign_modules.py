"""Modules that somebody else wrote: the right number or one sentence, and the module stays as it was."""

from __future__ import annotations

import copy
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune, weight_norm

import analysis
import archs

CONV = 2 * 14 * 14 * 8 * 27


class Then(nn.Module):
    """A convolution, and a function of it and its output."""

    def __init__(self, function):
        super().__init__()
        self.conv, self.function = nn.Conv2d(3, 8, 3), function

    def forward(self, x):
        return self.function(self, self.conv(x))


@torch.jit.script
def scripted_product(x: torch.Tensor) -> torch.Tensor:
    return torch.matmul(x, x)


def autocast(module, y):
    with torch.autocast(device_type=y.device.type, dtype=torch.bfloat16):
        return module.conv(y[:, :3])


#: What a function adds to the FLOPs of a convolution that makes maps of 8×14×14.
ADDED = {
    "matmul by its names": (lambda m, y: torch.matmul(input=y, other=y), 2 * 8 * 14**3),
    "cat by NumPy's name": (lambda m, y: torch.cat([y, y], axis=1), 0),
    "a reversed division": (lambda m, y: 1 / (1 + torch.exp(-y)), 0),
    "another precision": (lambda m, y: y.double().bfloat16().float(), 0),
    "the device of a weight": (lambda m, y: y.to(m.conv.weight.device), 0),
    "autocast where the image is": (autocast, 2 * 12 * 12 * 8 * 27),
    "a contraction of three": (
        lambda m, y: torch.einsum("bchw,cd,de->behw", y, torch.ones(8, 16), torch.ones(16, 4)),
        2 * 14 * 14 * (8 * 16 + 16 * 4),
    ),
    "a sum by einsum": (lambda m, y: torch.einsum("bchw->bc", y), 0),
    "a dot product": (lambda m, y: torch.dot(y.flatten(), y.flatten()), 2 * 8 * 14 * 14),
    "a matrix and a vector": (lambda m, y: y[0, 0] @ y[0, 0, 0], 2 * 14 * 14),
    "a compiled part": (lambda m, y: torch.compile(lambda z: z @ z, backend="eager")(y), 2 * 8 * 14**3),
}


@pytest.mark.parametrize("name", ADDED)
def test_flops_are_pytorchs(name):
    function, added = ADDED[name]
    summary = analysis.summarize(Then(function), 16)
    assert (summary.flops, summary.verified) == (CONV + added, True)


REFUSED = {
    "a product in TorchScript": (lambda m, y: scripted_product(y), "TorchScript"),
    "vmap": (lambda m, y: torch.vmap(torch.matmul)(y, y), "outside Python"),
    "a branch on a value": (lambda m, y: y if y.sum() > 0 else -y, "values of a tensor"),
    "a number": (lambda m, y: y * y.max().item(), "values of a tensor"),
    "where it is positive": (lambda m, y: y[y > 0], "values of a tensor"),
    "other channels": (lambda m, y: F.conv_transpose2d(y, torch.ones(16, 4, 2, 2)), "."),
    "a norm of another width": (lambda m, y: F.batch_norm(y, torch.zeros(4), torch.ones(4)), "4 channels expected"),
    "a group norm of another width": (lambda m, y: F.group_norm(y, 3), "."),
    "a layer norm of another width": (lambda m, y: F.layer_norm(y, (5,)), "."),
    "a reflection beyond the map": (lambda m, y: F.pad(y, (14, 14, 0, 0), mode="reflect"), "."),
    "attention of unequal widths": (lambda m, y: F.scaled_dot_product_attention(y, y[..., :5], y), "."),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("count", [analysis.summarize, analysis.memory])
def test_what_cannot_be_counted_is_one_sentence(name, count):
    function, words = REFUSED[name]
    with pytest.raises(archs.DenseScopeError, match=words) as caught:
        count(Then(function), 16)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: torch.jit.script(nn.Sequential(nn.Conv2d(3, 8, 3)).eval()), "TorchScript"),
        (lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.LazyLinear(4)), "LazyLinear"),
        (lambda: torch.ao.nn.quantized.Conv2d(3, 8, 3), "quantised"),
        (lambda: Then(threading.Lock()), "copied"),
        (lambda: nn.Sequential(nn.Conv1d(3, 8, 3), nn.Conv1d(8, 8, 3)), "input="),
        (lambda: nn.Bilinear(3, 3, 3), r"input=\(\(1, 3, 224, 224\), "),
    ],
)
def test_a_module_of_another_kind_is_named(make, words):
    with pytest.raises(archs.TraceError, match=words):
        analysis.summarize(make(), 16)


def test_a_count_that_is_not_confirmed_is_refused_or_noted(monkeypatch):
    """A rule that errs: the dispatcher's count tells."""
    from analysis.trace import rules

    wrong = lambda input, other: rules.Call("mul", (input, other))  # noqa: E731
    monkeypatch.setitem(rules.RULES, "matmul", wrong)
    module = Then(lambda m, y: y @ y)
    with pytest.raises(archs.CountMismatchError, match=f"{CONV:,} FLOPs by its trace and {CONV + 2 * 8 * 14**3:,} by"):
        analysis.summarize(module, 16)
    noted = analysis.summarize(module, 16, verify="warn")
    assert (noted.flops, noted.verified, len(noted.notes)) == (CONV, False, 1)
    assert not analysis.summarize(module, 16, verify=False).notes


class Spare(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.spare = nn.Conv2d(3, 4, 3), nn.Linear(100, 100)

    def forward(self, x):
        return self.conv(x)


def test_parameters_that_are_not_reached_are_counted_and_said():
    summary = analysis.summarize(Spare(), 8)
    assert summary.params == 112 + 10_100
    assert summary.unreached == {"spare.weight": 10_000, "spare.bias": 100}
    assert summary.notes == ("10,100 of the parameters are not reached by forward(): spare.weight, spare.bias.",)


@pytest.mark.parametrize("module", [nn.Identity(), nn.Flatten(), nn.Dropout(0.5)])
def test_a_module_without_any_operation_costs_nothing(module):
    summary = analysis.summarize(module, 16)
    assert (summary.params, summary.flops, summary.bytes_moved) == (0, 0, 0)
    assert analysis.memory(module, 16).peak_bytes == 4 * 3 * 16 * 16


class Two(nn.Module):
    def forward(self, a, b):
        return a @ b


@pytest.mark.parametrize(
    ("module", "stated", "flops"),
    [
        (nn.Conv1d(4, 8, 3), (2, 4, 32), 2 * 2 * 8 * 30 * 12),
        (nn.Conv3d(3, 8, 3), torch.Size((1, 3, 4, 8, 8)), 2 * 8 * 2 * 6 * 6 * 81),
        (nn.Conv1d(4, 8, 3).double(), torch.zeros(2, 4, 32, dtype=torch.float64), 2 * 2 * 8 * 30 * 12),
        (Two(), ((2, 3, 4), (2, 4, 5)), 2 * 2 * 3 * 4 * 5),
        (Two(), {"a": (2, 3, 4), "b": torch.zeros(2, 4, 5)}, 2 * 2 * 3 * 4 * 5),
        (nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 5)), ((2, 7), "int64"), 2 * 2 * 7 * 4 * 5),
        (Then(lambda m, y: y), (np.int64(1), 3, 16, 16), CONV),
    ],
)
def test_inputs_that_are_stated(module, stated, flops):
    summary = analysis.summarize(module, input=stated)
    assert (summary.flops, summary.verified) == (flops, True)


@pytest.mark.parametrize("stated", [3, "an image", (), ((1, 3, 8, 8), "nothing"), -1])
def test_inputs_that_are_none(stated):
    with pytest.raises(archs.ConfigError, match="input is"):
        analysis.summarize(nn.Conv2d(3, 4, 1), input=stated)


class HeadFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.head, self.body = nn.Conv2d(16, 4, 1), nn.Conv2d(3, 16, 3)

    def forward(self, x):
        return self.head(self.body(x))


@pytest.mark.parametrize(
    ("module", "channels"),
    [
        (HeadFirst(), 3),
        (nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(12, 8, 3)), 3),
        (nn.Sequential(nn.Flatten(), nn.Linear(16 * 16, 10)), 1),
        (nn.ConvTranspose2d(64, 16, 4, 2, 1), 64),
        (nn.Sequential(nn.BatchNorm2d(7), nn.ReLU()), 7),
    ],
)
def test_channels_are_those_that_run(module, channels):
    assert analysis.summarize(module, 16).input_shapes == ((1, channels, 16, 16),)
    assert analysis.summarize(module, 16, in_channels=channels).params == sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("wrap", [lambda m: torch.compile(m, backend="eager"), nn.DataParallel])
def test_wrapped_modules_are_unwrapped(wrap):
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    inner = nn.Sequential(wrap(nn.Conv2d(3, 8, 3)), nn.ReLU())
    for wrapped in (wrap(model), inner):
        assert [cost.layer.op for cost in analysis.summarize(wrapped, 16).layers] == ["conv2d", "relu"]


class Remembers(nn.Module):
    """Writes attributes and buffers as it runs, and one of its weights is made by a hook."""

    def __init__(self, fails=False):
        super().__init__()
        self.conv = weight_norm(nn.Conv2d(3, 8, 3))
        self.pruned = prune.l1_unstructured(nn.Conv2d(8, 8, 1), "weight", 0.5)
        self.register_buffer("steps", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(8))
        self.grid, self.fails = None, fails

    def forward(self, x):
        self.steps += 1
        y = self.pruned(self.conv(x))
        self.mean.copy_(y.mean((0, 2, 3)))
        self.grid = y
        return y if not self.fails else y[y > 0]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("trained", [False, True])
def test_the_module_stays_as_it_was(fails, trained):
    model, fired = Remembers(fails), []
    if trained:
        model.conv(torch.rand(1, 3, 8, 8)).sum().backward()
    model.register_forward_hook(lambda *_: fired.append(1))
    model.conv.register_forward_pre_hook(lambda *_: fired.append(1))
    before = copy.deepcopy(model.state_dict())
    weights = model.conv.weight, model.pruned.weight
    state, attributes = torch.get_rng_state(), [vars(part).keys() for part in model.modules()]
    for count in (analysis.summarize, analysis.memory):
        try:
            count(model, 16)
        except archs.DenseScopeError:
            assert fails
    assert (model.grid, fired) == (None, [])
    assert model.conv.weight is weights[0]
    assert model.pruned.weight is weights[1]
    assert all(map(torch.equal, before.values(), model.state_dict().values()))
    assert torch.equal(state, torch.get_rng_state())
    assert attributes == [vars(part).keys() for part in model.modules()]


def test_a_layer_used_twice_costs_as_much_each_time():
    norm = nn.GroupNorm(2, 8)
    shared = analysis.summarize(nn.Sequential(nn.Conv2d(3, 8, 3), norm, norm), 16)
    separate = analysis.summarize(nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.GroupNorm(2, 8)), 16)
    assert (shared.elementwise_ops, shared.bytes_read) == (separate.elementwise_ops, separate.bytes_read)
    assert shared.params == separate.params - 16


def test_what_runs_step_by_step_has_no_predicted_time():
    with pytest.raises(archs.TraceError, match="step by step"):
        analysis.predict(nn.LSTM(8, 4), "RTX 4090", input=(2, 7, 8))
    assert analysis.summarize(nn.LSTM(8, 4), input=(2, 7, 8)).flops == 2 * 14 * 4 * 4 * (8 + 4)
