"""The modules are the published networks, and serve wherever PyTorch modules serve."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision
from torch import nn

import archs
from tests.support.exhaustive import OF_EACH_KIND, representatives
from tests.support.small import FAMILIES, SMALL, small


@pytest.fixture(params=SMALL)
def model(request):
    torch.manual_seed(0)
    return small(request.param, num_classes=7)


def image_for(model, batch_size=2):
    torch.manual_seed(1)
    return torch.randn(batch_size, model.config.in_channels, 64, 96)


PUBLISHED = {
    **{name: (timm, name) for name in archs.list_archs() if timm.is_model(name)},
    **{f"densenet{depth}": (torchvision.models, f"densenet{depth}") for depth in (121, 161, 169, 201)},
    "vovnet39": (timm, "vovnet39a"),
    "vovnet57": (timm, "vovnet57a"),
}


#: Plain and with attention, identity and depthwise; bottlenecks in groups, both kinds of cross stage, no split, Focus's
#: window; two paths, split or not: what the others differ in is how often and how wide.
RUN = [
    *("densenet121", "ese_vovnet39b", "ese_vovnet19b_slim_dw", "hgnetv2_b0", "rdnet_tiny", "cs3darknet_focus_s"),
    "dpn48b",
]


def build_published(name, device="cpu"):
    library, published_name = PUBLISHED[name]
    builder = library.get_model if library is torchvision.models else library.create_model
    with torch.device(device):
        return builder(published_name)


@pytest.mark.parametrize("name", PUBLISHED)
def test_same_parameters_as_the_published_implementation(name):
    theirs, ours = (
        model.state_dict() for model in (build_published(name, "meta"), archs.create_model(name, device="meta"))
    )
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in theirs.items()}


@pytest.mark.long
@pytest.mark.parametrize("name", representatives(RUN, PUBLISHED))
def test_same_output_as_the_published_implementation(name):
    torch.manual_seed(0)
    theirs, ours = build_published(name).double(), archs.create_model(name).double()
    for scalars in (parameter for parameter in theirs.parameters() if parameter.ndim == 1):
        nn.init.uniform_(scalars, 0.5, 1.5)  # some start so small, or as 1, that they would show nothing
    for norm in (module for module in theirs.modules() if isinstance(module, nn.BatchNorm2d)):
        nn.init.uniform_(norm.running_var, 0.5, 1.5)
        nn.init.normal_(norm.running_mean, std=0.1)
    assert ours.load_state_dict(theirs.state_dict()).missing_keys == []
    image = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        for training in (False, True):
            expected, found = (model.train(training)(image) for model in (theirs, ours))
            assert expected.std() > 1e-3
            assert torch.allclose(found, expected, rtol=0, atol=1e-9), training


@pytest.mark.parametrize("name", representatives(OF_EACH_KIND[::2], archs.list_archs()))
def test_feature_info_names_taps_with_their_channels_and_strides(name):
    model = archs.create_model(name, device="meta").eval()
    outputs = {}
    for info in model.feature_info:
        tap = model.get_submodule(info["module"])
        tap.register_forward_hook(lambda _, __, out, key=info["module"]: outputs.update({key: out}))
    size = 128 if model.config.image_size != 32 else 32
    with torch.no_grad():
        features = model.forward_features(torch.zeros(1, model.config.in_channels, size, size, device="meta"))
        logits = model.forward_head(features)
    assert logits.shape == (1, model.config.num_classes)
    for info in model.feature_info:
        side = size // info["reduction"]
        assert outputs[info["module"]].shape == (1, info["num_chs"], side, side)


@pytest.mark.parametrize(
    ("name", "strides"),
    [
        ("densenet121", [4, 8, 16, 32]),
        ("peleenet", [4, 8, 16, 32]),
        ("vovnet39", [4, 8, 16, 32]),
        ("densenet40_k12", [1, 2, 4]),
        ("densenet_cifar", [1, 2, 4, 8]),
    ],
)
def test_strides_of_the_taps(name, strides):
    model = archs.create_model(name, device="meta")
    assert [info["reduction"] for info in model.feature_info] == strides


def test_training_reaches_every_parameter_and_statistic(model):
    model.train()
    loss = model(image_for(model)).square().mean()
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert all(bn.num_batches_tracked == 1 for bn in model.modules() if isinstance(bn, nn.BatchNorm2d))


def test_fx_traces_to_the_same_function(model):
    model.eval()
    traced = torch.fx.symbolic_trace(model)
    assert torch.equal(traced(image_for(model)), model(image_for(model)))


@pytest.mark.parametrize("name", representatives(FAMILIES, SMALL))
def test_compile_and_export_capture_one_whole_graph(name):
    model = small(name, num_classes=7).eval()
    image = image_for(model)
    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    exported = torch.export.export(model, (image,)).module()
    with torch.no_grad():
        assert torch.allclose(compiled(image), model(image), atol=1e-5)
        assert torch.allclose(exported(image), model(image), atol=1e-5)


def test_convolutions_start_from_he_normal():
    model = archs.create_model("densenet121")
    weight = model.features.denseblock4.denselayer16.conv1.weight
    assert weight.std().item() == pytest.approx((2 / weight[0].numel()) ** 0.5, rel=0.02)
    assert model.classifier.bias.abs().max() == 0


def test_drop_rate_acts_in_training_only():
    model = archs.create_model("vovnet27_slim", drop_rate=0.5, num_classes=5)
    features = torch.ones(1, 512, 2, 2)
    assert torch.equal(model.eval().forward_head(features), model.forward_head(features))
    assert not torch.equal(model.train().forward_head(features), model.forward_head(features))


@pytest.mark.parametrize("name", ["densenet121", "densenet40_k12"])
@pytest.mark.filterwarnings("ignore:.*jit")
def test_densenets_are_compiled_by_torchscript(name):
    model = small(name, drop_rate=0.2).eval()
    assert torch.equal(torch.jit.script(model)(image_for(model)), model(image_for(model)))
