"""What modules may do behind the back of an optimiser: the same outputs, or one sentence that says why not."""

import threading
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import weight_norm

import analysis
import archs
from analysis.optimize.verify import tensors_in
from tests.analysis.optimize.test_optimize import trained

SIZES = (9, 16, 40, 64, 100)


class Probe(nn.Module):
    """A convolution, a batch norm, and what a case does with them."""

    def __init__(self, run, **conv):
        super().__init__()
        self.conv, self.norm, self.run = nn.Conv2d(3, 4, 3, padding=1, **conv), nn.BatchNorm2d(4), run
        self.aliases = [self.conv.weight]

    def forward(self, x):
        return self.run(self, x)


def plainly(p, x):
    return p.norm(p.conv(x))


@dataclass
class Result:
    raw: torch.Tensor
    norm: torch.Tensor


class Holder:
    """An object of somebody's own."""


def in_dataclass(p, x):
    return Result(y := p.conv(x), p.norm(y))


def in_object(p, x):
    held = Holder()
    held.raw = [p.conv(x)]
    held.norm = p.norm(held.raw[0])
    return held


def kept_on_self(p, x):
    p.features = p.conv(x)
    return p.norm(p.features)


@torch.jit.script
def twice(x: torch.Tensor):
    return 2 * x


FOLDED = {
    "weight kept by another name": Probe(lambda p, x: plainly(p, x) + F.conv2d(x, p.aliases[0], padding=1)),
    "reflect": Probe(plainly, padding_mode="reflect"),
    "circular": Probe(plainly, padding_mode="circular", bias=False),
    "replicate": Probe(plainly, padding_mode="replicate"),
    "by keyword": Probe(lambda p, x: p.norm(input=p.conv(input=x))),
    "reads num_features": Probe(lambda p, x: plainly(p, x).reshape(len(x), p.norm.num_features, -1)),
    "asks whether there is a weight": Probe(lambda p, x: plainly(p, x) if p.norm.weight is not None else x),
    "a view that channels last cannot give": Probe(lambda p, x: plainly(p, x).view(len(x), -1)),
}
KEPT = {
    "weight read by a function": Probe(lambda p, x: plainly(p, x) + F.conv2d(x, p.conv.weight, None, 1, 2, 2)),
    "weights added up": Probe(lambda p, x: plainly(p, x) + sum(w.square().sum() for w in p.parameters())),
    "batch norm's weight read": Probe(lambda p, x: plainly(p, x) * p.norm.weight.reshape(1, -1, 1, 1)),
    "batch norm's mean read": Probe(lambda p, x: plainly(p, x) + p.norm.running_mean.sum()),
    "read by TorchScript": Probe(lambda p, x: twice(y := p.conv(x)) + p.norm(y)),
    "convolution by its function": Probe(lambda p, x: p.norm(F.conv2d(x, p.conv.weight, p.conv.bias))),
    "dataclass": Probe(in_dataclass),
    "object": Probe(in_object),
    "kept on self": Probe(kept_on_self),
    **{
        f"alone below {side} pixels": Probe(lambda p, x, side=side: plainly(p, x) if len(x[0, 0]) > side else p.conv(x))
        for side in (12, 20, 50)
    },
    "alone above 90 pixels": Probe(lambda p, x: plainly(p, x) if len(x[0, 0]) < 90 else p.conv(x)),
}


@pytest.mark.parametrize("case", [*FOLDED, *KEPT])
def test_the_same_outputs_at_every_size(case):
    model = trained((FOLDED | KEPT)[case]).eval()
    optimized = analysis.optimize_for_inference(model, image_size=64)
    assert len(optimized.report.folded) == (case in FOLDED)
    assert not hasattr(optimized, "features")
    for size in SIZES:
        x = torch.randn(2, 3, size, size, dtype=torch.float64)
        with torch.no_grad():
            found, expected = optimized(x), model(x)
        for ours, theirs in zip(tensors_in(found), tensors_in(expected), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
        if case == "kept on self":
            torch.testing.assert_close(optimized.features, model.features, rtol=1e-9, atol=1e-9)


def test_says_why_weights_do_not_lie_channels_last():
    report = analysis.optimize_for_inference(trained(FOLDED["a view that channels last cannot give"])).report
    assert not report.channels_last
    assert "Weights lie as they did: channels last, it fails on 224×224 with" in str(report)


def test_a_copy_of_a_module_that_counts_its_calls_starts_where_the_module_is():
    class Counting(Probe):
        def forward(self, x):
            self.calls += 1
            return plainly(self, x) * self.calls

    model = Counting(None)
    model.register_buffer("calls", torch.tensor(5.0))
    assert analysis.optimize_for_inference(trained(model)).calls == model.calls == 5


def test_old_weight_norm_after_a_training_step():
    model = nn.Sequential(weight_norm(nn.Conv2d(3, 4, 3)), nn.BatchNorm2d(4))
    x = torch.randn(2, 3, 9, 9)
    model(x).sum().backward()
    optimized = analysis.optimize_for_inference(model, image_size=9)
    assert optimized.report.kept == {"1": "its Conv2d has hooks"}
    torch.testing.assert_close(optimized(x), model.eval()(x))


def locked():
    model = Probe(plainly)
    model.lock = threading.Lock()
    return model


def with_history():
    """Keeps what it made in training."""
    model = Probe(lambda p, x: p.kept.append(plainly(p, x)) or p.kept[-1])
    model.kept = []
    model(torch.randn(2, 3, 9, 9)).sum().backward()
    return model


WRAPPERS = {
    "torch.compile": lambda: torch.compile(trained(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))),
    "DataParallel": lambda: nn.DataParallel(trained(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))),
    "torch.fx": lambda: torch.fx.symbolic_trace(trained(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))),
    "tensors with a history": with_history,
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrappers_and_histories_are_no_obstacle(wrapper):
    wrapped = WRAPPERS[wrapper]()
    module = getattr(wrapped, "_orig_mod", wrapped)
    optimized = analysis.optimize_for_inference(wrapped, image_size=9)
    x = torch.randn(2, 3, 9, 9, dtype=next(module.parameters()).dtype)
    assert len(optimized.report.folded) == 1
    torch.testing.assert_close(optimized(x), module.eval()(x), rtol=1e-4, atol=1e-4)


REFUSED = {
    "must be run once, so that its lazy layers know": lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.BatchNorm2d(4)),
    "Probe cannot be copied: .*lock": locked,
    "must be the module in Python from which TorchScript": lambda: torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 1))),
    "Probe cannot be optimised: its outputs differ on 9×9; fold_bn=False leaves": lambda: Probe(
        lambda p, x: plainly(p, x) + (p.conv.bias is None), bias=False
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_promised_is_refused(message):
    with pytest.raises(archs.DenseScopeError, match=message) as caught:
        analysis.optimize_for_inference(REFUSED[message](), image_size=9)
    assert "\n" not in str(caught.value)


def test_dense_blocks_of_others_keep_their_forward_pass():
    class DenseLayer(nn.Sequential):
        def __init__(self):
            super().__init__()
            self.norm1, self.relu1, self.conv1 = nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 3, 1)

    class DenseBlock(nn.ModuleDict):
        def forward(self, x):
            return x + self["layer"](x)

    model = trained(DenseBlock({"layer": DenseLayer()})).eval()
    optimized = analysis.optimize_for_inference(model)
    x = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    assert (optimized.report.preallocated, optimized.report.multiply_adds) == ([], ["layer.norm1"])
    torch.testing.assert_close(optimized(x), model(x), rtol=1e-9, atol=1e-9)
