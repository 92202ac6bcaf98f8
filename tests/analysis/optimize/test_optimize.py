"""`analysis.optimize_for_inference`: equal outputs, the original as it was, and the savings that the plan foretells."""

import copy
import pickle
from collections import Counter
from itertools import cycle, product
from math import prod

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import analysis
import archs
from analysis.trace.stand_in import Weightless
from cli import main
from tests.support.exhaustive import representatives
from tests.support.small import SMALL, small

TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5, torch.bfloat16: 0.1}


def trained(model, dtype=torch.float64):
    """The module with batch norms as training leaves them."""
    torch.manual_seed(0)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None:
            nn.init.normal_(norm.running_mean, std=0.3)
            nn.init.uniform_(norm.running_var, 0.5, 2)
            if norm.affine:
                nn.init.uniform_(norm.weight, 0.5, 1.5)
                nn.init.normal_(norm.bias, std=0.3)
    return model.to(dtype)


def trained_small(name, dtype=torch.float64):
    return trained(small(name, num_classes=5), dtype)


def image(model, batch_size=2, size=(40, 56)):
    generator = torch.Generator().manual_seed(1)
    dtype = next(model.parameters()).dtype
    channels = model.config.in_channels if hasattr(model, "config") else 3
    return torch.randn(batch_size, channels, *size, generator=generator).to(dtype)


@torch.no_grad()
def assert_same_outputs(optimized, original, *images):
    """Equal up to the precision of the dtype, relative to the largest output."""
    original = copy.deepcopy(original).eval()
    for x in images:
        ours, theirs = optimized(x), original(x)
        assert ours.dtype == theirs.dtype
        assert theirs.abs().max() > 0
        assert (ours - theirs).abs().max() / theirs.abs().max() < TOLERANCE[x.dtype]


#: Every type of number, and both layouts.
LAYOUTS = [(torch.float64, False), (torch.float32, True), (torch.bfloat16, True)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "layout"),
    representatives(zip(list(SMALL)[::2], cycle(LAYOUTS)), product(SMALL, product(TOLERANCE, (True, False)))),
)
def test_same_outputs_at_every_batch_and_size(name, layout):
    dtype, channels_last = layout
    model = trained_small(name, dtype)
    optimized = analysis.optimize_for_inference(model, channels_last=channels_last)
    x = image(model)
    images = [x, image(model, 1, (64, 64)), image(model, 5, (36, 52)), x.to(memory_format=torch.channels_last), x]
    assert_same_outputs(optimized, model, *images)


#: Of each family what folds differently: norms before or after, bottlenecks, stems, biases, attention, depthwise.
FOLDED = [
    "densenet121",
    "densenet40_k12",
    "densenet_d2l",
    "densenet_cifar",
    "peleenet",
    "vovnet27_slim",
    "ese_vovnet19b_slim_dw",
]


@pytest.mark.long
@pytest.mark.parametrize("name", representatives(FOLDED[1::2], archs.list_archs()))
def test_savings_are_those_that_the_plan_foretells(name):
    with Weightless():
        model = archs.create_model(name)
    model.to_empty(device="cpu")
    for index in (buffer for buffer in model.buffers() if not buffer.is_floating_point()):
        index.zero_()
    optimized = analysis.optimize_for_inference(model)
    before, after = analysis.summarize(name), analysis.summarize(optimized)
    layers = {cost.layer.name: cost.layer for cost in before.layers}
    norms = [layer for layer in layers.values() if layer.op == "batch_norm"]
    report = optimized.report
    assert sorted([*report.folded, *report.kept]) == sorted(norm.name for norm in norms)
    assert sorted(report.folded) == sorted(behind_convolutions(norms, layers))
    saved_params, saved_elements, saved_ops = 0, 0, 0
    for norm in norms:
        channels, elements = norm.output_shape[1], prod(norm.output_shape)
        if norm.name in report.folded:
            new_bias = 0 if layers[report.folded[norm.name]].bias else channels
            saved_params += 2 * channels - new_bias
            saved_elements += 2 * elements + 4 * channels - new_bias
            saved_ops += elements if new_bias else 2 * elements
        else:
            saved_elements += 2 * channels  # of four values a channel, two are left
    for layer in layers.values():
        if layer.op == "concat" and ".denselayer" in layer.name and model.config.family == "densenet":
            saved_elements += 2 * prod(layer.output_shape)
    assert after.params == before.params - saved_params
    assert after.bytes_moved == before.bytes_moved - 4 * saved_elements
    assert after.elementwise_ops == before.elementwise_ops - saved_ops
    assert after.macs == before.macs
    assert (after.family, after.activations) == (before.family, before.activations)


def behind_convolutions(norms, layers):
    """Those that alone read a convolution: all of a post-activation network."""
    readers = Counter(name for layer in layers.values() for name in layer.inputs)
    return [
        norm.name
        for norm in norms
        if (source := layers.get(norm.inputs[0])) and source.op == "conv2d" and readers[source.name] == 1
    ]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", ["densenet121", "peleenet", "ese_vovnet19b_dw"])
def test_the_original_stays_as_it_was(name, training):
    model = trained_small(name).train(training)
    state = {key: (value.clone(), value._version) for key, value in model.state_dict().items()}
    modules = [(key, type(module), module.training) for key, module in model.named_modules()]
    optimized = analysis.optimize_for_inference(model)
    optimized(image(model))
    assert modules == [(key, type(module), module.training) for key, module in model.named_modules()]
    assert model.state_dict().keys() == state.keys()
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key][0])
        assert value._version == state[key][1]
        assert value.is_contiguous()
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in model.modules())
    ours = {parameter.data_ptr() for parameter in optimized.parameters()}
    assert ours.isdisjoint(parameter.data_ptr() for parameter in model.parameters())


def test_the_result_is_a_network_of_the_same_class_that_refuses_to_train():
    model = trained_small("densenet121")
    optimized = analysis.optimize_for_inference(model)
    assert type(optimized) is type(model)
    assert optimized.eval() is optimized
    assert not any(module.training for module in optimized.modules())
    loaded = pickle.loads(pickle.dumps(optimized))
    for network in (optimized, copy.deepcopy(optimized), loaded):
        with pytest.raises(archs.DenseScopeError, match=r"^This DenseNet was optimised for inference and cannot train"):
            network.train()
        assert network.train(mode=False) is network
    assert_same_outputs(loaded, model, image(model))
    assert loaded.report == optimized.report


def test_gradients_of_the_image_are_those_of_the_original():
    model = trained_small("densenet121").eval()
    gradients = []
    for network in (model, analysis.optimize_for_inference(model)):
        x = image(model).requires_grad_()
        network(x).square().sum().backward()
        gradients.append(x.grad)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-9, atol=1e-9)


FOREIGN = {  # folded, kept, blocks with a buffer
    "torchvision/densenet121": (59, 62, 4),
    "torchvision/resnet18": (20, 0, 0),
    "torchvision/mobilenet_v2": (52, 0, 0),
    "timm/densenet121": (59, 62, 0),
    "timm/ese_vovnet19b_dw": (23, 0, 0),
    "timm/resnet18": (20, 0, 0),
}


@pytest.mark.long
@pytest.mark.parametrize("name", representatives(["torchvision/densenet121", "timm/ese_vovnet19b_dw"], FOREIGN))
def test_networks_of_other_libraries(name):
    library, _, arch = name.partition("/")
    package = pytest.importorskip(library)
    create = package.create_model if library == "timm" else package.models.get_model
    model = trained(create(arch))
    optimized = analysis.optimize_for_inference(model)
    report = optimized.report
    assert (len(report.folded), len(report.kept), len(report.preallocated)) == FOREIGN[name]
    assert_same_outputs(optimized, model, image(model, size=(64, 64)))


class Probe(nn.Module):
    """A convolution, a batch norm, and what a case does with them."""

    def __init__(self, run, conv=None, norm=None):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1) if conv is None else conv
        self.norm = nn.BatchNorm2d(4) if norm is None else norm
        self.run = run

    def forward(self, x):
        return self.run(self, x)


class Centred(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weight - self.weight.mean(), self.bias)


def hooked(module):
    module.register_forward_hook(lambda module, args, output: None)
    return module


def plainly(probe, x):
    return probe.norm(probe.conv(x))


KEPT = {
    "its convolution is read by other layers too": Probe(lambda p, x: (y := p.conv(x)) + p.norm(y)),
    "it reads its convolution in another shape": Probe(lambda p, x: p.norm(p.conv(x).flatten(2).unsqueeze(3))),
    "it reads relu, not one convolution": Probe(lambda p, x: p.norm(F.relu(p.conv(x)))),
    "it reads the image, not one convolution": Probe(lambda p, x: p.norm(x), norm=nn.BatchNorm2d(3)),
    "its weights are used more than once": Probe(lambda p, x: p.norm(p.conv(x)) + p.norm(p.conv(x * 2))),
    "Centred is no plain Conv2d or BatchNorm2d": Probe(plainly, conv=Centred(3, 4, 1)),
    "its Conv2d has hooks": Probe(plainly, conv=hooked(nn.Conv2d(3, 4, 1))),
    "its BatchNorm2d has hooks": Probe(plainly, norm=hooked(nn.BatchNorm2d(4))),
    "it takes the statistics of each batch": Probe(plainly, norm=nn.BatchNorm2d(4, track_running_stats=False)),
    "it is not the work of one module": Probe(
        lambda p, x: F.batch_norm(p.conv(x), p.norm.running_mean, p.norm.running_var)
    ),
}


@pytest.mark.parametrize("reason", KEPT)
def test_keeps_what_it_cannot_fold_and_says_why(reason):
    model = trained(KEPT[reason])
    optimized = analysis.optimize_for_inference(model)
    assert not optimized.report.folded
    assert set(optimized.report.kept.values()) == {reason}
    assert f" kept: {reason}." in str(optimized.report)
    assert_same_outputs(optimized, model, image(model))


def test_keeps_a_norm_whose_convolution_is_returned():
    model = trained(Probe(lambda p, x: {"raw": [y := p.conv(x)], "norm": p.norm(y)}))
    optimized = analysis.optimize_for_inference(model)
    assert optimized.report.kept == {"norm": "its convolution is read by other layers too"}
    x = image(model)
    torch.testing.assert_close(optimized(x), model.eval()(x))


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(4, eps=0.1), nn.BatchNorm2d(4, affine=False)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_folds_with_and_without_bias_and_affine(norm, bias):
    conv = nn.Conv2d(4, 4, 3, groups=2, bias=bias)
    model = trained(nn.Sequential(nn.Conv2d(3, 4, 1), conv, nn.Dropout2d(), norm, nn.ReLU(inplace=True)))
    optimized = analysis.optimize_for_inference(model)
    assert optimized.report.folded == {"3": "1"}
    assert_same_outputs(optimized, model, image(model))


def test_fold_bn_off_leaves_batch_norms():
    model = trained_small("densenet121")
    optimized = analysis.optimize_for_inference(model, fold_bn=False)
    assert set(optimized.report.kept.values()) == {"fold_bn is off"}
    before, after = ([cost.layer for cost in analysis.summarize(each).layers] for each in (model, optimized))
    assert [layer._replace(frozen_params=0) for layer in after] == before
    assert_same_outputs(optimized, model, image(model))


def test_nothing_to_fold():
    report = analysis.optimize_for_inference(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())).report
    assert str(report).startswith("Sequential has no batch norm: nothing to fold.")


@pytest.mark.parametrize("name", representatives(["densenet121"], ["densenet121", "ese_vovnet19b_dw"]))
def test_compiled(name):
    model = trained_small(name)
    optimized = analysis.optimize_for_inference(model, compile="aot_eager")
    assert optimized.report.compiled
    assert not optimized.report.preallocated
    assert_same_outputs(optimized, model, image(model), image(model, 3, (64, 48)))
    plain = analysis.optimize_for_inference(model)
    assert analysis.summarize(optimized).macs == analysis.summarize(plain).macs


BAD = {
    r"^model is 'densenet121', but must be an nn.Module such as": lambda: {"model": "densenet121"},
    r"^model is 'DenseNet', but must be built with weights": lambda: {
        "model": archs.create_model("densenet121", device="meta")
    },
    r"^fold_bn is 1, but must be True or False": lambda: {"model": nn.ReLU(), "fold_bn": 1},
    r"^compile is None, but must be True, False or the name": lambda: {"model": nn.ReLU(), "compile": None},
    r"^DenseNet cannot be compiled: .*nonsense": lambda: {"model": trained_small("densenet121"), "compile": "nonsense"},
    r"^Sequential cannot be traced: 1 fails": lambda: {
        "model": nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)),
        "image_size": 8,
    },
}


@pytest.mark.parametrize("message", BAD)
def test_errors_are_one_sentence(message):
    with pytest.raises(archs.DenseScopeError, match=message) as caught:
        analysis.optimize_for_inference(**BAD[message]())
    assert "\n" not in str(caught.value)


def test_a_part_that_is_written_is_counted_once():
    class Assigning(nn.Module):
        def forward(self, x):
            buffer = x.new_empty((1, 6, 8, 8))
            buffer[:, :3] = x
            buffer[:, 3:] = F.relu(x)
            return F.relu(buffer[:, :4])

    first, relu, second, last = analysis.summarize(Assigning(), image_size=8).layers
    part = 4 * 3 * 8 * 8
    assert [cost.layer.op for cost in (first, relu, second, last)] == ["write", "relu", "write", "relu"]
    assert (first.bytes_read, first.bytes_written, second.bytes_read, second.bytes_written) == (part,) * 4
    assert second.layer.inputs == ("relu", "write")
    assert (last.layer.inputs, last.layer.input_shapes) == (("write_2",), ((1, 4, 8, 8),))


@pytest.mark.long
def test_command(capsys):
    assert main(["optimize", "densenet121", "--set", "block_config=2,2"]) == 0
    shown = capsys.readouterr().out
    assert "DenseNet: 5 of 11 batch norms folded into convolutions." in shown
    assert main(["optimize", "peleenet", "--format", "csv", "--image-size", "64"]) == 0
    header, before, after = (line.split(",") for line in capsys.readouterr().out.splitlines())
    moved = header.index("bytes_moved")
    assert (before[0], after[0]) == ("peleenet", "optimised")
    assert int(before[moved]) == analysis.summarize("peleenet", 64).bytes_moved > int(after[moved])
    assert main(["optimize", "timm/resnet18", "--image-size", "64"]) == 0
    assert "ResNet: 20 of 20 batch norms folded into convolutions." in capsys.readouterr().out
    assert main(["optimize", "densnet121"]) == 2
