"""What training keeps, counted from the layers, against what PyTorch's autograd keeps of the real modules."""

import dataclasses
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.ops import roi_align

import analysis
import archs
from analysis.memory.saved_tensors import SAVED_KINDS
from analysis.memory.training import saved_bytes as saved_bytes_alone
from analysis.memory.training_layers import training_layers
from analysis.ops import OPS
from archs.registry import recomputes
from tests.support.autograd import build, images_for, saved_bytes
from tests.support.exhaustive import OF_EACH_KIND, RECOMPUTING, examples_of_a_family, representatives
from tests.support.small import SMALL
from tests.support.strategies import CONFIGS, image_sizes

NAMES = representatives(OF_EACH_KIND, archs.list_archs())
BATCH = 2
#: Memory-efficient networks; autocast, which they look at, knows no meta device.
EFFICIENT = representatives(
    ["densenet40_k12", "densenet_d2l", "peleenet", "vovnet27_slim", "ese_vovnet19b_slim_dw"],
    [name for name in archs.list_archs() if recomputes(archs.get_config(name))],
)
VARIANTS = [
    ("densenet121", {"drop_rate": 0.2, "conv_bias": True, "block_config": (2, 3)}),
    ("densenet_cifar", {"drop_rate": 0.2, "block_config": (2, 2), "in_channels": 3}),
    ("densenet40_k12", {"drop_rate": 0.2, "block_config": (1, 2), "compression": 0.3}),
]
#: Of every family that recomputes, one or two.
FROZEN = {
    "densenet_cifar": {"block_config": (3, 2)},
    "peleenet": SMALL["peleenet"],
    "vovnet39": SMALL["vovnet39"],
    "ese_vovnet19b_slim_dw": SMALL["ese_vovnet19b_dw"],
}
FOREIGN = [
    *("torchvision/resnet18", "torchvision/resnet50", "torchvision/mobilenet_v2", "torchvision/mobilenet_v3_large"),
    *("torchvision/efficientnet_b0", "torchvision/regnet_y_400mf", "torchvision/convnext_tiny"),
    *("torchvision/densenet121", "torchvision/shufflenet_v2_x1_0", "torchvision/squeezenet1_1", "torchvision/vgg11"),
    *("timm/resnet50", "timm/seresnet50", "timm/efficientnet_b0", "timm/mobilenetv3_large_100", "timm/regnety_002"),
    *("timm/convnext_atto", "timm/densenet121", "timm/vovnet39a", "timm/ese_vovnet19b_dw", "timm/mixnet_s"),
    *("timm/starnet_s1", "timm/resnest14d"),
]
SOME_FOREIGN = ["torchvision/mobilenet_v3_large", "torchvision/vgg11", "timm/convnext_atto", "timm/resnest14d"]


def counted(target, size, dtype="float32"):
    return analysis.memory(target, size, BATCH, dtype, mode="training")


def quickly_counted(target, size):
    return saved_bytes_alone(analysis.summarize(target, size, BATCH))


def kept(target, size, device="meta", dtype=torch.float32):
    model = build(target, device, dtype).train()
    return saved_bytes(model, images_for(model, BATCH, size))


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_what_autograd_keeps(name):
    assert counted(name, 64).saved_bytes == kept(name, 64)


@pytest.mark.parametrize("name", EFFICIENT)
def test_what_autograd_keeps_where_it_recomputes(name):
    config = archs.get_config(name, memory_efficient=True)
    assert counted(config, 32).saved_bytes == kept(config, 32, device="cpu")


@pytest.mark.parametrize(("name", "changes"), VARIANTS)
@pytest.mark.parametrize("efficient", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_variants(name, changes, efficient, dtype):
    config = archs.get_config(name, **changes, memory_efficient=efficient)
    assert counted(config, 32, dtype=dtype).saved_bytes == kept(config, 32, device="cpu", dtype=getattr(torch, dtype))


@pytest.mark.parametrize("family", archs.list_families())
@settings(max_examples=examples_of_a_family(30))
@given(data=st.data())
def test_any_config(family, data):
    config, size = data.draw(CONFIGS[family]), data.draw(image_sizes)
    assert counted(config, size).saved_bytes == kept(config, size) == quickly_counted(config, size)


@pytest.mark.parametrize("family", RECOMPUTING)
@settings(max_examples=examples_of_a_family(60))
@given(data=st.data())
def test_any_config_that_recomputes(family, data):
    config = dataclasses.replace(data.draw(CONFIGS[family].filter(recomputes)), memory_efficient=True)
    assert counted(config, 64).saved_bytes == kept(config, 64, device="cpu") == quickly_counted(config, 64)


@pytest.mark.long
@pytest.mark.parametrize("name", representatives(SOME_FOREIGN, FOREIGN))
def test_networks_from_elsewhere(name):
    pytest.importorskip(name.partition("/")[0])
    memory = counted(name, 96)
    assert memory.saved_bytes == kept(name, 96)
    assert not memory.by_kind()["other"]


@pytest.mark.parametrize("name", ["densenet_cifar", "densenet40_k12", "peleenet", "vovnet39"])
@pytest.mark.parametrize("drop_rate", [0.0, 0.2])
def test_both_routes_give_the_layers_of_training(name, drop_rate):
    config = archs.get_config(name, drop_rate=drop_rate)
    planned = training_layers(analysis.summarize(config))
    assert training_layers(analysis.summarize(build(config))) == planned
    assert any(layer.op == "dropout" for layer in planned) == bool(drop_rate)


@pytest.mark.parametrize("name", representatives(["densenet_cifar", "ese_vovnet19b_slim_dw"], FROZEN))
@pytest.mark.parametrize("efficient", [False, True])
def test_frozen_norms_make_no_statistics_and_are_not_recomputed(name, efficient):
    config = archs.get_config(name, drop_rate=0.1, **FROZEN[name])
    if efficient:
        config = dataclasses.replace(config, memory_efficient=True)
    model = build(config, "cpu").train()
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm in norms[len(norms) // 3 :: 2]:
        norm.eval()
    memory = counted(model, 32)
    assert memory.saved_bytes == saved_bytes(model, images_for(model, BATCH, 32))
    assert memory.by_kind()["BN statistics"] < counted(config, 32).by_kind()["BN statistics"]
    assert counted(model.eval(), 32).saved_bytes == counted(config, 32).saved_bytes


@pytest.mark.parametrize("name", EFFICIENT)
def test_recomputing_keeps_less_and_runs_no_convolution_again(name):
    plain, efficient = counted(name, 64), counted(archs.get_config(name, memory_efficient=True), 64)
    assert efficient.saved_bytes < plain.saved_bytes
    assert not plain.recomputed
    assert plain.recomputed_costs.bytes_moved == 0
    concatenates = {"concat"} if getattr(archs.get_config(name), "links", "all") != "one_shot" else set()
    assert {cost.layer.op for cost in efficient.recomputed} == {"batch_norm", "relu"} | concatenates
    assert 0 < efficient.recomputed_costs.bytes_moved < efficient.summary.bytes_moved
    assert (efficient.recomputed_costs.macs, plain.weight_bytes) == (0, efficient.weight_bytes)
    recomputed = {cost.layer.name for cost in efficient.recomputed}
    assert recomputed.isdisjoint(saved.tensor for saved in efficient.saved if saved.kind != "BN statistics")


class Calls(TorchDispatchMode):
    """How often each operation runs."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.counts[func._overloadpacket.__name__] += 1
        return func(*args, **kwargs or {})


@pytest.mark.parametrize("name", [*FROZEN, "densenet40_k12"])
def test_the_backward_pass_runs_the_layers_that_are_said_to_run_again(name):
    config = archs.get_config(name, memory_efficient=True)
    model = archs.create_model(config)
    loss = model(images_for(model, BATCH, 32)).sum()
    with Calls() as calls:
        loss.backward()
    runs = Counter(cost.layer.op for cost in counted(config, 32).recomputed)
    again = {"batch_norm": "native_batch_norm", "relu": "relu_", "concat": "cat", "conv2d": "convolution"}
    assert {op: calls.counts[again[op]] for op in again} == {op: runs[op] for op in again}


def test_kinds_of_a_network_that_recomputes():
    config = archs.get_config("densenet_cifar", block_config=(3, 1), memory_efficient=True)
    memory = counted(config, 32)
    features = [saved for saved in memory.saved if saved.kind == "features"]
    assert [saved.tensor for saved in features] == [
        "features.denseblock1.denselayer1.conv2",
        "features.denseblock1.denselayer2.conv2",
    ]
    assert {saved.nbytes for saved in features} == {4 * BATCH * config.growth_rate * 32 * 32}
    copies = [saved.tensor for saved in memory.saved if saved.kind == "concat copy"]
    assert copies == ["features.denseblock1.concat", "features.denseblock2.concat"]


@pytest.mark.parametrize("target", ["densenet121", archs.get_config("densenet121", drop_rate=0.2), "timm/starnet_s1"])
def test_every_total_is_the_sum_of_its_parts(target):
    memory = counted(target, 64)
    assert tuple(memory.by_kind()) == SAVED_KINDS
    for parts in (memory.by_kind(), memory.by_layer(), memory.by_stage()):
        assert sum(parts.values()) == memory.saved_bytes
    assert sum(row["nbytes"] for row in memory.rows()) == memory.saved_bytes
    assert list(memory.by_layer()) == [layer.name for layer in memory.layers]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_optimizer_state_and_gradients(optimizer):
    model, images = archs.create_model("densenet_cifar", block_config=(1, 1)), torch.zeros(2, 3, 32, 32)
    steps = {"sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), "adamw": torch.optim.AdamW}
    step = steps[optimizer](model.parameters())
    model(images).sum().backward()
    step.step()
    memory = counted(model.config, 32)
    state = [tensor for state in step.state.values() for tensor in state.values() if tensor.dim()]
    assert memory.optimizer_bytes(optimizer) == sum(tensor.nbytes for tensor in state)
    assert memory.gradient_bytes == sum(parameter.grad.nbytes for parameter in model.parameters())


class Applied(nn.Module):
    """A convolution and a function of its output."""

    def __init__(self, function):
        super().__init__()
        self.conv, self.function = nn.Conv2d(3, 4, 3), function

    def forward(self, x):
        return self.function(self.conv(x))


def written(target, x):
    target[:, 1:] = x[:, 1:].exp()
    return target


#: One function for every op that training is followed through.
class Selected(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("index", torch.tensor([3, 0, 0]))

    def forward(self, x):
        return x.index_select(1, self.index)


FUNCTIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": lambda x: F.hardswish(x, inplace=True),
    "silu": lambda x: F.silu(x, inplace=True),
    "gelu": F.gelu,
    "leaky_relu": F.leaky_relu,
    "mish": F.mish,
    "softplus": F.softplus,
    "clamp": lambda x: x.clamp(0, 1),
    "square": torch.square,
    "abs": torch.abs,
    "log": torch.log,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": lambda x: x.softmax(1),
    "log_softmax": lambda x: x.log_softmax(1),
    "exp": torch.exp,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "max_pool1d": lambda x: F.max_pool1d(x.flatten(2), 2),
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "max_pool3d": lambda x: F.max_pool3d(x.unsqueeze(2), (1, 2, 2)),
    "avg_pool1d": lambda x: F.avg_pool1d(x.flatten(2), 2),
    "avg_pool3d": lambda x: F.avg_pool3d(x.unsqueeze(2), (1, 2, 2)),
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x.flatten(2), 3),
    "adaptive_avg_pool3d": lambda x: F.adaptive_avg_pool3d(x.unsqueeze(2), (1, 3, 3)),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, 3),
    "global_avg_pool": lambda x: F.adaptive_avg_pool2d(x, 1),
    "layer_norm": lambda x: F.layer_norm(x.permute(0, 2, 3, 1), (4,)),
    "dropout": nn.Sequential(nn.ReLU(), nn.Dropout(0.3)),
    "feature_dropout": nn.Sequential(nn.ReLU(), nn.Dropout2d(0.3)),
    "mul": lambda x: x * torch.ones(2, 1, 1, 1, device=x.device) * 0.5 * x.sigmoid(),
    "add": lambda x: x + x.exp(),
    "sub": lambda x: 1 - x,
    "neg": torch.neg,
    "concat": lambda x: torch.cat([x, x], 1),
    "mean": lambda x: x.mean(1),
    "sum": lambda x: x.sum(1),
    **{name: getattr(torch, name) for name in ("floor", "ceil", "round", "sign", "trunc")},
    "nearest_upsampling": lambda x: F.interpolate(x, scale_factor=2),
    "nearest_exact_upsampling": lambda x: F.interpolate(x, scale_factor=2, mode="nearest-exact"),
    "linear_upsampling": lambda x: F.interpolate(x.flatten(2), scale_factor=2, mode="linear"),
    "bicubic_upsampling": lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"),
    "trilinear_upsampling": lambda x: F.interpolate(x.unsqueeze(2), scale_factor=2, mode="trilinear"),
    "index_select": Selected(),
    "channel_shuffle": lambda x: F.channel_shuffle(x, 2),
    "interpolate": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    "copy": lambda x: x.permute(0, 2, 3, 1).contiguous(),
    "clone": torch.clone,
    "pad": lambda x: F.pad(x, (1, 0, 2, 0)),
    "stack": lambda x: torch.stack([x, x]),
    "roll": lambda x: x.roll(1, 2),
    "flip": lambda x: x.flip(2),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x, 2),
    "pixel_unshuffle": lambda x: F.pixel_unshuffle(x, 2),
    "linear": nn.Linear(8, 5),
    "roi_align": lambda x: roi_align(x, torch.ones(3, 5, device=x.device), 2, sampling_ratio=2),
    "write": lambda x: written(torch.zeros_like(x), x),
    "group_norm": nn.GroupNorm(2, 4),
    "batch_norm": nn.BatchNorm2d(4),
    "conv_transpose2d": nn.ConvTranspose2d(4, 2, 2, stride=2),
    "conv_transpose1d": nn.Sequential(nn.Flatten(2), nn.ConvTranspose1d(4, 2, 3)),
    "conv_transpose3d": nn.Sequential(nn.Unflatten(1, (4, 1)), nn.ConvTranspose3d(4, 2, 1)),
    "conv2d": nn.Conv2d(4, 2, 2, stride=2),
    "conv1d": nn.Sequential(nn.Flatten(2), nn.Conv1d(4, 2, 3)),
    "conv3d": nn.Sequential(nn.Unflatten(1, (4, 1)), nn.Conv3d(4, 2, 1)),
}


@pytest.mark.parametrize("op", FUNCTIONS)
def test_every_op_as_autograd_keeps_it(op):
    model = Applied(FUNCTIONS[op]).train()
    memory = counted(model, 10)
    assert op in {layer.op for layer in memory.layers}
    assert not memory.by_kind()["other"]
    assert memory.saved_bytes == saved_bytes(model, torch.ones(BATCH, 3, 10, 10))


def test_every_rule_is_checked():
    assert {op.name for op in OPS.values() if op.saved} == set(FUNCTIONS)


def test_a_batch_norm_of_a_transposed_tensor():
    def squares(x):
        made = F.batch_norm(x.transpose(1, 3), None, None, training=True)
        return made.square().sum() + made.transpose(1, 3).flatten(2).square()  # of a copy, unless it kept the order

    model = Applied(squares).train()
    assert counted(model, 10).saved_bytes == saved_bytes(model, torch.ones(BATCH, 3, 10, 10))


@pytest.mark.parametrize(
    "function",
    [
        F.elu,  # keeps its output where it overwrites its input
        lambda x: x @ x.transpose(-1, -2),  # keeps copies where its inputs are not contiguous
        F.instance_norm,
        nn.AlphaDropout(),
        nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(4, 4, 3)),
        lambda x: F.scaled_dot_product_attention(x, x, x),
        lambda x: x / x.amax(1, keepdim=True),
    ],
)
def test_what_no_rule_foretells_is_other(function):
    model = Applied(function).train()
    memory = counted(model, 10)
    assert memory.by_kind()["other"]
    assert memory.saved_bytes == saved_bytes(model, torch.ones(BATCH, 3, 10, 10))


def test_shared_weights():
    conv = nn.Conv2d(3, 3, 3)
    model = nn.Sequential(conv, nn.Tanh(), conv, nn.ReLU())
    assert counted(model, 8).saved_bytes == saved_bytes(model, torch.ones(BATCH, 3, 8, 8))


@pytest.mark.long
def test_counting_leaves_the_module_as_it_was():
    model = build(archs.get_config("densenet_cifar", block_config=(3, 2), drop_rate=0.2)).train()
    model.get_submodule("classifier").eval()
    modes = {name: part.training for name, part in model.named_modules()}
    counted(model, 64)
    assert {name: part.training for name, part in model.named_modules()} == modes
