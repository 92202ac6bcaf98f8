"""Modules whose training follows what learns, not what runs: saved bytes and the step's peak against real steps."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.checkpoint import checkpoint

import analysis
from tests.support.autograd import saved_bytes
from tests.support.exhaustive import representatives
from tests.support.live_bytes import live_bytes
from tests.support.training_step import peak_of_a_step

BATCH, SIZE = 2, 20


class Net(nn.Module):
    """A body of which parts may be frozen, detached, checkpointed, and a classifier."""

    def __init__(self, before=None, frozen=(), around=None, norms_in_evaluation=False):
        super().__init__()
        self.before, self.around = before, around or (lambda body, x: body(x))
        self.body = nn.Sequential(
            *(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True)),
            *(nn.Conv2d(8, 12, 3), nn.BatchNorm2d(12), nn.SiLU(), nn.Dropout2d(0.1)),
        )
        self.neck = nn.Sequential(nn.Conv2d(12, 16, 3, groups=4), nn.Sigmoid(), nn.AdaptiveAvgPool2d(2))
        self.head = nn.Linear(64, 5)
        for name in frozen:
            self.get_submodule(name).requires_grad_(False)
        if norms_in_evaluation:
            self.body[1].eval()

    def forward(self, x):
        if self.before:
            x = self.before(x)
        return self.head(self.neck(self.around(self.body, x)).flatten(1))


@torch.no_grad()
def without_gradients(body, x):
    return body(x)


NETS = {
    "plain": lambda: Net(),
    "frozen body": lambda: Net(frozen=["body"]),
    "first layer frozen": lambda: Net(frozen=["body.0"]),
    "frozen norms": lambda: Net(frozen=["body.1", "body.4"], norms_in_evaluation=True),
    "frozen head": lambda: Net(frozen=["head"]),
    "all but the norms": lambda: Net(frozen=["body.0", "body.3", "neck", "head"]),
    "no_grad": lambda: Net(around=without_gradients),
    "detach": lambda: Net(around=lambda body, x: body(x).detach()),
    "pooled first": lambda: Net(before=nn.AvgPool2d(2)),
    "scaled first": lambda: Net(before=lambda x: (x - 0.5) / 0.2),
    "checkpoint": lambda: Net(around=lambda body, x: checkpoint(body, x, use_reentrant=False)),
    "reentrant checkpoint": lambda: Net(around=lambda body, x: checkpoint(body, x, use_reentrant=True)),
    "checkpoint in the middle": lambda: Net(
        around=lambda body, x: checkpoint(body[1:], body[0](x), use_reentrant=False)
    ),
    "reentrant checkpoint in the middle": lambda: Net(
        around=lambda body, x: checkpoint(body[1:], body[0](x), use_reentrant=True)
    ),
    "weight norm": lambda: weight_norm_everywhere(Net()),
}


def weight_norm_everywhere(net):
    weight_norm(net.body[0])
    weight_norm(net.head)
    return net


@pytest.mark.parametrize("name", NETS)
def test_what_is_saved_and_what_is_there_at_the_peak(name):
    torch.manual_seed(0)
    net, images = NETS[name](), torch.rand(BATCH, 3, SIZE, SIZE)
    before = copy.deepcopy({key: value.clone() for key, value in net.state_dict().items()})
    memory = analysis.memory(net, SIZE, BATCH, mode="training")
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert memory.saved_bytes == saved_bytes(net, images)
    assert memory.total_bytes("sgd") == peak_of_a_step(net, images)
    learning = sum(parameter.grad.nbytes for parameter in net.parameters() if parameter.grad is not None)
    assert (memory.gradient_bytes, memory.optimizer_bytes("adamw")) == (learning, 2 * learning)
    assert memory.weight_bytes == sum(parameter.nbytes for parameter in net.parameters())
    assert memory.buffer_bytes == sum(buffer.nbytes for buffer in net.buffers())


def recomputing_densenet():
    return pytest.importorskip("torchvision").models.densenet121(memory_efficient=True)


def checkpointing(name):
    model = pytest.importorskip("timm").create_model(name)
    model.set_grad_checkpointing()
    return model


RECOMPUTING = {
    "torchvision": recomputing_densenet,
    "timm": lambda: pytest.importorskip("timm").create_model("densenet121", memory_efficient=True),
    "resnet18": lambda: checkpointing("resnet18"),
    "convnext": lambda: checkpointing("convnext_atto"),
    "vit": lambda: checkpointing("vit_tiny_patch16_224"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", representatives(["torchvision", "convnext"], RECOMPUTING))
def test_networks_of_libraries_that_recompute(name):
    model = RECOMPUTING[name]().train()
    size = 224 if "VisionTransformer" in type(model).__name__ else 64
    memory = analysis.memory(model, size, BATCH, mode="training")
    images = torch.rand(BATCH, 3, size, size)
    assert memory.saved_bytes == saved_bytes(model, images)
    assert memory.total_bytes("sgd") == pytest.approx(peak_of_a_step(model, images), rel=1e-3)


@pytest.mark.long
def test_what_fits_at_one_batch_is_what_is_counted_at_another():
    for net in (Net(frozen=["body.0"]), pytest.importorskip("timm").create_model("convnext_atto")):
        footprint = analysis.memory(net, 64, 2, mode="training").footprint("adamw")
        for batch_size in (2, 9, 64):
            counted = analysis.memory(net, 64, batch_size, mode="training").total_bytes("adamw")
            assert footprint.total_bytes(batch_size) == counted


def test_the_table_says_what_learns():
    summary = analysis.summarize(Net(frozen=["body.0", "head"]), SIZE)
    frame = summary.to_frame().set_index("name")
    assert (frame.loc["body.0", "trainable_params"], frame.loc["body.3", "trainable_params"]) == (0, 8 * 12 * 9 + 12)
    assert frame["trainable_params"].sum() == summary.trainable_params < summary.params
    assert analysis.summarize("peleenet").trainable_params == analysis.summarize("peleenet").params


def test_nothing_learns():
    net = Net().requires_grad_(False)
    memory = analysis.memory(net, SIZE, BATCH, mode="training")
    assert (memory.saved_bytes, memory.gradient_bytes, memory.optimizer_bytes("adamw")) == (0, 0, 0)


class Applied(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.MultiheadAttention(SIZE, 2, batch_first=True)

    def forward(self, x):
        x = x.flatten(1, 2)
        return self.inner(x, x, x)[0]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: nn.functional.normalize(x, dim=1),
        lambda x: (x @ x.mT).softmax(-1) @ x,
        nn.GELU(),
        Attention(),
    ],
)
def test_operations_that_make_more_than_their_result(function):
    module, images = Applied(function).eval(), torch.rand(BATCH, 3, SIZE, SIZE)
    assert analysis.memory(module, SIZE, BATCH).peak_bytes == max(live_bytes(module, images))
