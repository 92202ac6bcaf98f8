"""The modules are the published networks, and serve wherever PyTorch modules serve."""

from __future__ import annotations

import io

import onnxruntime
import pytest
import timm
import torch
import torchvision
from torch import nn

import archs

SMALL = [
    ("densenet121", {"block_config": (2, 2, 2, 2), "growth_rate": 8}),
    ("densenet40_k12", {"block_config": (2, 2, 2)}),
    ("densenet_d2l", {"drop_rate": 0.1}),
    ("peleenet", {"block_config": (1, 2, 1, 1)}),
    ("vovnet39", {"block_per_stage": (1, 1, 1, 2), "residual": True}),
    ("ese_vovnet19b_slim_dw", {}),
    ("vovnetv2_39", {"stage_conv_chs": (8, 8, 8, 8), "stage_out_chs": (16, 16, 24, 32)}),
]


@pytest.fixture(params=SMALL, ids=lambda case: case[0])
def model(request):
    torch.manual_seed(0)
    name, overrides = request.param
    return archs.create_model(name, num_classes=7, **overrides)


def image_for(model, batch_size=2):
    torch.manual_seed(1)
    return torch.randn(batch_size, model.config.in_channels, 64, 96)


def randomise(model):
    """Give every parameter and statistic a value that a wrong mapping would show."""
    generator = torch.Generator().manual_seed(2)
    for tensor in [*model.parameters(), *model.buffers()]:
        if tensor.is_floating_point():
            tensor.data.normal_(0, 0.2, generator=generator).abs_().add_(0.01)


PUBLISHED = {
    **{f"densenet{depth}": (torchvision.models, f"densenet{depth}") for depth in (121, 161, 169, 201)},
    "vovnet39": (timm, "vovnet39a"),
    "vovnet57": (timm, "vovnet57a"),
    **{name: (timm, name) for name in archs.list_archs("ese_vovnet*") if name != "ese_vovnet19b"},
}


def build_published(name):
    library, published_name = PUBLISHED[name]
    builder = library.get_model if library is torchvision.models else library.create_model
    return builder(published_name)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_same_output_as_the_published_implementation(name, training):
    theirs = build_published(name).double().train(training)
    if training:
        theirs.apply(lambda module: setattr(module, "momentum", 0.3) if isinstance(module, nn.BatchNorm2d) else None)
    ours = archs.create_model(name).double().train(training)
    state = {key: value.clone() for key, value in theirs.state_dict().items()}
    assert ours.load_state_dict(state).missing_keys == []
    image = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(ours(image), theirs(image), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", archs.list_archs())
def test_feature_info_names_taps_with_their_channels_and_strides(name):
    model = archs.create_model(name).eval()
    outputs = {}
    for info in model.feature_info:
        tap = model.get_submodule(info["module"])
        tap.register_forward_hook(lambda _, __, out, key=info["module"]: outputs.update({key: out}))
    size = 128 if model.config.image_size != 32 else 32
    with torch.no_grad():
        features = model.forward_features(torch.zeros(1, model.config.in_channels, size, size))
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


def test_compile_and_export_capture_one_whole_graph(model):
    model.eval()
    image = image_for(model)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    exported = torch.export.export(model, (image,)).module()
    with torch.no_grad():
        assert torch.allclose(compiled(image), model(image), atol=1e-5)
        assert torch.allclose(exported(image), model(image), atol=1e-5)


def test_onnx_export(model):
    model.eval()
    image, buffer = image_for(model), io.BytesIO()
    torch.onnx.export(model, (image,), dynamo=True, verbose=False).save(buffer)
    session = onnxruntime.InferenceSession(buffer.getvalue())
    (output,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
    assert torch.allclose(torch.from_numpy(output), model(image), atol=1e-4)


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
