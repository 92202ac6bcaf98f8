"""The trace takes any module, names what it finds, and leaves the module as it was."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import analysis
import archs


class Mixed(nn.Module):
    """Module layers and functional operations side by side."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Dropout(0.5))
        self.branch = nn.Conv2d(8, 8, 1)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = x + self.branch(x)
        x = torch.cat([x, x * 2], 1)
        x = F.max_pool2d(x, 2)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


def test_functional_operations_are_layers_too():
    layers = [cost.layer for cost in analysis.summarize(Mixed(), image_size=16).layers]
    assert [(layer.name, layer.op, layer.inputs) for layer in layers] == [
        ("stem.0", "conv2d", ("input",)),
        ("stem.1", "batch_norm", ("stem.0",)),
        ("relu", "relu", ("stem.1",)),
        ("branch", "conv2d", ("relu",)),
        ("add", "add", ("relu", "branch")),
        ("mul", "mul", ("add",)),
        ("concat", "concat", ("add", "mul")),
        ("max_pool2d", "max_pool2d", ("concat",)),
        ("global_avg_pool", "global_avg_pool", ("max_pool2d",)),
        ("head", "linear", ("global_avg_pool",)),
    ]


def test_tracing_leaves_the_module_as_it_was():
    model = archs.create_model("vovnet27_slim").train()
    model.stages[1].eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    keys = [sorted(vars(module)) for module in model.modules()]
    analysis.summarize(model)
    assert modes == [module.training for module in model.modules()]
    assert keys == [sorted(vars(module)) for module in model.modules()]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_a_changed_module_is_traced_as_it_is():
    model = archs.create_model("densenet121", device="meta")
    model.classifier = nn.Linear(1024, 7, device="meta")
    assert analysis.summarize(model).layers[-1].layer.output_shape == (1, 7)


@pytest.mark.parametrize("part", [nn.Softmax(-5), nn.LogSoftmax(4), nn.ConvTranspose2d(3, 4, 3, 2, output_padding=2)])
def test_what_torch_refuses_on_a_cpu_alone_is_refused(part):
    with pytest.raises((RuntimeError, IndexError)):
        part(torch.zeros(1, 3, 8, 8))
    with pytest.raises(archs.TraceError, match="cannot be traced"):
        analysis.summarize(part, input=(1, 3, 8, 8))


def test_unknown_operation_is_refused_by_name():
    class Exotic(nn.Module):
        def forward(self, x):
            return torch.fft.fft(x)

    with pytest.raises(archs.UnknownOpError, match="'fft_fft'"):
        analysis.summarize(Exotic())


def test_a_module_that_fails_says_where():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AvgPool2d(64))
    with pytest.raises(archs.TraceError, match=r"^Sequential cannot be traced: 1 fails with 'nothing left to pool"):
        analysis.summarize(model, image_size=32)
    assert model.training


def test_no_plan_for_a_foreign_module():
    with pytest.raises(archs.ConfigError, match=r'^route is .plan., but must be "trace" or "auto" for Mixed'):
        analysis.summarize(Mixed(), route="plan")


@pytest.mark.parametrize(
    ("target", "stages"),
    [
        (
            "timm/resnet18",
            ["conv1", "bn1", "act1", "maxpool", "layer1", "layer2", "layer3", "layer4", "global_pool", "fc"],
        ),
        ("timm/convnext_atto", ["stem", "stages.0", "stages.1", "stages.2", "stages.3", "head"]),
        ("torchvision/vgg11", ["features", "avgpool", "classifier"]),
    ],
)
def test_stages_of_other_networks(target, stages):
    assert list(analysis.summarize(target).by_stage()["stage"]) == stages


class Writes(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        canvas = x.new_zeros(x.shape[0], 3, 8, 8)
        canvas[:, :, :4, :4].copy_(x)
        canvas[:, :, 4:, 4:].copy_(x * 2)
        return self.conv(canvas)


def test_parts_copied_into_a_larger_tensor_reach_what_reads_it():
    found = analysis.summarize(Writes(), input=(2, 3, 4, 4))
    assert [(cost.layer.name, cost.layer.inputs) for cost in found.layers] == [
        ("write", ("input",)),
        ("mul", ("input",)),
        ("write_2", ("mul", "write")),
        ("conv", ("write_2",)),
    ]


class Indices(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 4)

    def forward(self, x, scale):
        return self.table(torch.cat([x + 1, x * 2], 1)), x / 2 * scale, scale.half() + scale


def test_arithmetic_on_integers_and_mixed_types_has_torchs_type():
    found = analysis.summarize(Indices(), input=(((2, 3), "int64"), (2, 3)))
    assert found.verified
    assert [cost.layer.op for cost in found.layers][:4] == ["add", "mul", "concat", "embedding"]
