"""Recomputing changes what training keeps, and nothing else."""

from __future__ import annotations

import copy
from itertools import cycle, product
from shutil import which

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import prune

import analysis
import archs
from archs.export import export_model
from archs.registry import recomputes
from archs.weights.names import registered_name
from tests.support.autograd import saved_bytes
from tests.support.exhaustive import EXHAUSTIVE, OF_EACH_KIND, representatives

SMALL_VOVNET = {"stem_chs": (4, 4, 4), "stage_conv_chs": (4, 4, 4, 4), "stage_out_chs": (8, 8, 8, 8)}
CASES = {
    "bottleneck": ("densenet121", {"block_config": (3, 2), "growth_rate": 4, "num_init_features": 8, "bn_size": 2}),
    "plain layers": ("densenet40_k12", {"block_config": (3, 2), "growth_rate": 4}),
    "biases": ("densenet_d2l", {"block_config": (2, 2), "growth_rate": 4, "num_init_features": 6}),
    "dropout, few links": (
        "densenet40_k12",
        {"block_config": (3, 2), "growth_rate": 4, "drop_rate": 0.3, "links": "log2", "transition_pool": "max"},
    ),
    "two-way layers": (
        "peleenet",
        {"block_config": (2, 1), "growth_rate": 8, "num_init_features": 8, "bottleneck_width": 2},
    ),
    "aggregation": ("vovnet27_slim", {**SMALL_VOVNET, "layer_per_block": 3}),
    "attention": ("vovnetv2_39", {**SMALL_VOVNET, "layer_per_block": 2, "block_per_stage": (1, 2, 1, 1)}),
    "depthwise": ("ese_vovnet19b_dw", {**SMALL_VOVNET, "layer_per_block": 2, "stage_conv_chs": (6, 4, 4, 4)}),
}
NETWORKS = [name for name in representatives(OF_EACH_KIND, archs.list_archs()) if recomputes(archs.get_config(name))]


@pytest.fixture(params=CASES)
def pair(request):
    return build(request.param)


def build(case, dtype=torch.float64, **smaller):
    """The same network twice, in training: plain, and memory-efficient."""
    name, overrides = CASES[case]
    overrides = overrides | smaller
    torch.manual_seed(0)
    plain = archs.create_model(name, num_classes=5, **overrides).to(dtype).train()
    efficient = archs.create_model(name, num_classes=5, memory_efficient=True, **overrides).to(dtype).train()
    efficient.load_state_dict(plain.state_dict())
    return plain, efficient


def image_for(model, side=36):
    generator = torch.Generator().manual_seed(1)
    dtype = next(model.parameters()).dtype
    return torch.randn(3, model.config.in_channels, side, side, generator=generator, dtype=dtype)


def step(model, image, run=None):
    """Output, gradient of the image, and state after one training step."""
    torch.manual_seed(2)
    image = image.clone().requires_grad_()
    output = (model if run is None else run)(image)
    output.square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return {"output": output.detach(), "image": image.grad, **gradients, **dict(model.named_buffers())}


def assert_equal_steps(ours, theirs, atol=1e-9):
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        torch.testing.assert_close(ours[key], value, rtol=atol, atol=atol, msg=lambda text, key=key: f"{key}: {text}")


def test_same_output_gradients_and_statistics(pair):
    plain, efficient = pair
    expected = step(plain, image_for(plain))
    assert_equal_steps(step(efficient, image_for(plain)), expected)
    assert all(bn.num_batches_tracked == 1 for bn in efficient.modules() if isinstance(bn, nn.BatchNorm2d))


def test_keeps_less(pair):
    plain, efficient = pair
    assert saved_bytes(efficient, image_for(plain)) < 0.7 * saved_bytes(plain, image_for(plain))


def test_used_twice_in_one_graph(pair):
    def twice(model):
        return lambda image: model(image) + 2 * model(image.flip(0))

    plain, efficient = pair
    image = image_for(plain)
    assert_equal_steps(step(efficient, image, twice(efficient)), step(plain, image, twice(plain)))


@pytest.mark.parametrize("momentum", [None, 0.3])
def test_statistics_follow_the_momentum(momentum):
    models = build("bottleneck")
    for model in models:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = momentum
        step(model, image_for(model))
    plain, efficient = (step(model, image_for(model) + 1) for model in models)
    assert_equal_steps(efficient, plain)


def test_frozen_statistics_stay(pair):
    for model in pair:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
    plain, efficient = pair
    assert_equal_steps(step(efficient, image_for(plain)), step(plain, image_for(plain)))


def test_frozen_weights(pair):
    for model in pair:
        for parameter in list(model.parameters())[:-2]:  # all but the classifier
            parameter.requires_grad_(False)
    plain, efficient = pair
    assert_equal_steps(step(efficient, image_for(plain)), step(plain, image_for(plain)))


def test_no_grad(pair):
    plain, efficient = pair
    with torch.no_grad():
        for model in pair:
            torch.manual_seed(2)
            model.result = model(image_for(plain))
    assert torch.equal(efficient.result, plain.result)


@pytest.mark.long
@pytest.mark.parametrize("case", representatives(["attention"], CASES))
def test_compiled_in_one_graph(case):
    plain, efficient = build(case)
    torch.compiler.reset()  # else the ninth network of a process would run uncompiled
    compiled = torch.compile(efficient, backend="aot_eager", fullgraph=True)
    assert_equal_steps(step(efficient, image_for(plain), compiled), step(plain, image_for(plain)))


@pytest.mark.skipif(which("g++") is None or not EXHAUSTIVE, reason="inductor needs a C++ compiler and half a minute")
def test_compiled_to_kernels():
    plain, efficient = build("bottleneck", block_config=(1, 1))
    torch.compiler.reset()
    compiled = torch.compile(efficient, fullgraph=True)
    assert_equal_steps(step(efficient, image_for(plain), compiled), step(plain, image_for(plain)))


def test_channels_last(pair):
    plain, efficient = (model.to(memory_format=torch.channels_last) for model in pair)
    image = image_for(plain).contiguous(memory_format=torch.channels_last)
    assert_equal_steps(step(efficient, image), step(plain, image))


def test_synchronised_batch_norms_run_themselves(pair):
    plain, efficient = (nn.SyncBatchNorm.convert_sync_batchnorm(model) for model in pair)
    norms = [module for module in efficient.modules() if isinstance(module, nn.SyncBatchNorm)]
    ran = []
    for norm in norms:
        norm.register_forward_hook(lambda module, *_: ran.append(module))
    assert_equal_steps(step(efficient, image_for(plain)), step(plain, image_for(plain)))
    assert set(ran) == set(norms)


def test_autocast(pair):
    def mixed(model):
        def run(image):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return model(image).float()

        return run

    plain, efficient = (model.float() for model in pair)
    image = image_for(plain)
    ours, theirs = step(efficient, image, mixed(efficient)), step(plain, image, mixed(plain))
    assert_equal_steps(ours, theirs, atol=0.1)
    assert torch.equal(ours["output"], theirs["output"])


def test_distributed_data_parallel(tmp_path):
    plain, efficient = build("bottleneck")
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        parallel = DistributedDataParallel(efficient)
        assert_equal_steps(step(efficient, image_for(plain), parallel), step(plain, image_for(plain)))
    finally:
        dist.destroy_process_group()


CHANGES = {
    "spectral_norm": torch.nn.utils.spectral_norm,
    "weight_norm": torch.nn.utils.weight_norm,
    "prune": lambda conv: prune.l1_unstructured(conv, "weight", 0.5),
    "parametrizations.spectral_norm": torch.nn.utils.parametrizations.spectral_norm,
    "parametrizations.weight_norm": torch.nn.utils.parametrizations.weight_norm,
    "forward hook": lambda module: module.register_forward_hook(lambda _, __, y: 2 * y),
    "backward hook": lambda module: module.register_full_backward_hook(lambda _, grads, __: (2 * grads[0],)),
}


def assert_changed_modules_run_plainly(pair, kind, change):
    for model in pair:
        torch.manual_seed(3)
        for module in [module for module in model.modules() if type(module) is kind]:
            change(module)
    plain, efficient = pair
    for _ in range(2):
        with pytest.warns(UserWarning, match="it runs plainly, nothing is recomputed there"):
            ours = step(efficient, image_for(plain))
        assert_equal_steps(ours, step(plain, image_for(plain)))


@pytest.mark.parametrize(("change", "case"), representatives(zip(cycle(CHANGES), CASES), product(CHANGES, CASES)))
@pytest.mark.filterwarnings("ignore:.*weight_norm")
def test_convolutions_that_others_changed(change, case):
    assert_changed_modules_run_plainly(build(case), nn.Conv2d, CHANGES[change])


@pytest.mark.parametrize(
    ("case", "kind", "change"),
    [
        ("bottleneck", nn.AvgPool2d, "backward hook"),
        ("aggregation", nn.MaxPool2d, "backward hook"),
        ("plain layers", nn.BatchNorm2d, "forward hook"),
        ("two-way layers", nn.BatchNorm2d, "forward hook"),
        ("attention", nn.ReLU, "forward hook"),
        ("biases", nn.ReLU, "forward hook"),
    ],
)
def test_hooks_of_every_kind_of_module_fire(case, kind, change):
    assert_changed_modules_run_plainly(build(case), kind, CHANGES[change])


def test_an_exchanged_activation_is_called():
    plain, efficient = build("bottleneck")
    for model in (plain, efficient):
        model.features.denseblock1.denselayer2.relu1 = nn.ELU()
    with pytest.warns(UserWarning, match="A ELU is not as it was built"):
        ours = step(efficient, image_for(plain))
    assert_equal_steps(ours, step(plain, image_for(plain)))


def test_second_derivatives_are_refused():
    _, efficient = build("bottleneck")
    image = image_for(efficient).requires_grad_()
    (gradient,) = torch.autograd.grad(efficient(image).sum(), image, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_inference_is_that_of_the_plain_network(pair):
    plain, efficient = (model.eval() for model in pair)
    image = image_for(plain)
    assert torch.equal(efficient(image), plain(image))
    assert torch.equal(torch.fx.symbolic_trace(efficient)(image), plain(image))
    assert torch.equal(torch.export.export(efficient, (image,)).module()(image), plain(image))


@pytest.mark.long
@pytest.mark.parametrize("case", representatives(["two-way layers"], CASES))
def test_exports_to_onnx(case, tmp_path):
    _, efficient = build(case, torch.float32)
    assert export_model(efficient, tmp_path / "efficient.onnx", "onnx", image_size=64) < 1e-5


def test_taps_give_tensors_in_training(pair):
    _, efficient = pair
    taps = {}
    for info in efficient.feature_info:
        efficient.get_submodule(info["module"]).register_forward_hook(lambda tap, _, y: taps.update({tap: y}))
    efficient(image_for(efficient))
    assert [tap.shape[1] for tap in taps.values()] == [info["num_chs"] for info in efficient.feature_info]


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_and_name_are_those_of_the_plain_network(name):
    config = archs.get_config(name, memory_efficient=True)
    planned = [cost.layer for cost in analysis.summarize(name, route="plan").layers]
    assert [cost.layer for cost in analysis.summarize(config, route="plan").layers] == planned
    assert [cost.layer for cost in analysis.summarize(config, route="trace").layers] == planned
    assert registered_name(config) == name


def test_post_activation_makes_nothing_again():
    config = archs.get_config("densenet121", norm_order="post_activation", memory_efficient=True)
    with pytest.raises(archs.errors.ConfigError, match="False: post-activation layers make nothing again"):
        archs.create_model(config)


def test_must_be_true_or_false():
    with pytest.raises(archs.errors.ConfigError, match="memory_efficient is 1, but must be True or False"):
        archs.get_config("densenet121", memory_efficient=1)


def test_a_copy_keeps_it():
    _, efficient = build("bottleneck")
    assert copy.deepcopy(efficient).config.memory_efficient
