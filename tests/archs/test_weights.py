"""Weights of every public layout give the outputs of the network that they come from; bad files give one sentence."""

from __future__ import annotations

import warnings

import pytest
import timm
import torch
import torchvision

import archs
from archs.errors import WeightsError, WeightsWarning
from archs.weights.names import fitting_names
from tests.support import authors
from tests.support.exhaustive import OF_EACH_KIND, representatives
from tests.support.weights import SMALL, old_keys, refused, save_legacy, save_safetensors, small_model

SLIM = ((64, 80, 96, 112), (128, 256, 384, 512))
SLIM_V2 = ((64, 80, 96, 112), (112, 256, 384, 512))
FULL = ((128, 160, 192, 224), (256, 512, 768, 1024))
NARROW = ((8, 8, 12, 12), (16, 16, 24, 32))
NARROW_FIELDS = {"stage_conv_chs": NARROW[0], "stage_out_chs": NARROW[1]}


def in_detector(state):
    """A checkpoint of detectron2: the backbone among other parts, wrapped beside what training needs."""
    parts = {f"backbone.bottom_up.{key}": value for key, value in state.items()}
    others = {"backbone.fpn_lateral2.weight": torch.zeros(4, 4, 1, 1), "roi_heads.box.weight": torch.zeros(3)}
    return {"model": parts | others, "iteration": 90_000, "optimizer": {"state": {}}}


def in_data_parallel(state):
    return {"epoch": 120, "arch": "peleenet", "state_dict": {f"module.{key}": value for key, value in state.items()}}


def as_it_is(state):
    return state


V1_39 = ((64, 64, 128), *NARROW, (1, 1, 2, 2), 5)
#: Network, how its file is written, our name and fields.
LAYOUTS = {
    "torchvision": (lambda: torchvision.models.densenet121(), as_it_is, "densenet121", {}),
    "torchvision, old keys": (lambda: torchvision.models.densenet121(), old_keys, "densenet121", {}),
    "timm densenet": (lambda: timm.create_model("densenet169"), as_it_is, "densenet169", {}),
    "timm vovnet": (lambda: timm.create_model("vovnet39a"), as_it_is, "vovnet39", {}),
    "timm ese_vovnet": (lambda: timm.create_model("ese_vovnet19b_dw"), as_it_is, "ese_vovnet19b_dw", {}),
    "peleenet": (authors.PeleeNet, in_data_parallel, "peleenet", {}),
    "vovnet slim": (
        lambda: authors.VoVNet((64, 64, 128), *SLIM, (1, 1, 1, 1), 5),
        as_it_is,
        "vovnet27_slim",
        {},
    ),
    "vovnet with identities": (
        lambda: authors.VoVNet(*V1_39),
        in_data_parallel,
        "vovnet39",
        {"residual": True, **NARROW_FIELDS},
    ),
    "detectron2": (lambda: authors.VoVNet(*V1_39, v2=True), in_detector, "vovnetv2_39", NARROW_FIELDS),
    "detectron2, backbone alone": (
        lambda: authors.VoVNet((64, 64, 128), *FULL, (1, 1, 1, 1), 3, v2=True),
        as_it_is,
        "ese_vovnet19b",
        {},
    ),
    "detectron2, depthwise": (
        lambda: authors.VoVNet((64, 64, 64), *SLIM_V2, (1, 1, 1, 1), 3, v2=True, depthwise=True),
        in_detector,
        "ese_vovnet19b_slim_dw",
        {},
    ),
}


def randomise(module):
    """Give every tensor a value that a wrong mapping would show."""
    generator = torch.Generator().manual_seed(0)
    for key, tensor in module.state_dict().items():
        if tensor.is_floating_point() and tensor.ndim < 2:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + (0.0 if key.endswith("bias") else 0.5))
    return module


@pytest.mark.parametrize("case", LAYOUTS)
def test_same_output_as_the_network_that_the_file_is_of(case, tmp_path):
    build, write, name, fields = LAYOUTS[case]
    theirs = randomise(build())
    torch.save(write(theirs.state_dict()), tmp_path / "theirs.pth")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        ours = archs.create_model(name, weights=tmp_path / "theirs.pth", **fields)
    has_classifier = not case.startswith("detectron2")
    assert [warning.category for warning in warned] == ([] if has_classifier else [WeightsWarning])
    assert ours.weights_report.left_out == (() if has_classifier else ("head.fc.weight", "head.fc.bias"))
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    run = (lambda model: model(image)) if has_classifier else (lambda model: model.forward_features(image))
    with torch.no_grad():
        expected, found = run(theirs.double().eval()), run(ours.double().eval())
    assert expected.std() > 1e-3
    assert torch.allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_parts_of_a_detector_are_ignored_and_named(tmp_path):
    torch.save(in_detector(authors.VoVNet(*V1_39, v2=True).state_dict()), tmp_path / "detector.pth")
    with pytest.warns(WeightsWarning, match=r"because the file has no classifier; 2 tensors outside backbone"):
        model = archs.create_model("vovnetv2_39", weights=tmp_path / "detector.pth", **NARROW_FIELDS)
    assert model.weights_report.ignored == ("backbone.fpn_lateral2.weight", "roi_heads.box.weight")


@pytest.mark.parametrize(
    ("ending", "save"),
    [
        ("safetensors", save_safetensors),
        ("SafeTensors", save_safetensors),
        ("pth", torch.save),
        ("pth", save_legacy),
        ("pth.tar", torch.save),
        ("pt", torch.save),
        ("bin", torch.save),
    ],
)
def test_every_kind_of_file(ending, save, tmp_path):
    theirs = small_model()
    path = tmp_path / f"small.{ending}"
    save(theirs.state_dict(), path)
    ours = small_model(weights=str(path))
    assert ours.weights_report.loaded == tuple(theirs.state_dict())
    assert str(ours.weights_report) == (
        f"{len(theirs.state_dict())} tensors loaded from {path} (the layout of torchvision and timm)."
    )
    assert all(torch.equal(value, theirs.state_dict()[key]) for key, value in ours.state_dict().items())


def test_without_weights_there_is_no_report():
    assert small_model().weights_report is None


@pytest.mark.parametrize(
    ("fields", "left_out", "sentence"),
    [
        (
            {"num_classes": 7},
            ("classifier.weight", "classifier.bias"),
            "classifier.weight and classifier.bias not loaded, because the file has 1000 classes, not 7.",
        ),
        (
            {"in_channels": 1},
            ("features.conv0.weight",),
            "features.conv0.weight not loaded, because the file reads images of 3 channels, not 1.",
        ),
        (
            {"in_channels": 4, "num_classes": 2},
            ("classifier.weight", "classifier.bias", "features.conv0.weight"),
            "classifier.bias not loaded, because the file has 1000 classes, not 2; features.conv0.weight not loaded, "
            "because the file reads images of 3 channels, not 4.",
        ),
    ],
)
def test_changed_classes_and_channels_keep_what_fits_and_say_what_does_not(fields, left_out, sentence, tmp_path):
    theirs = small_model()
    torch.save(theirs.state_dict(), tmp_path / "small.pth")
    with pytest.warns(WeightsWarning) as warned:
        ours = archs.create_model("densenet121", weights=tmp_path / "small.pth", **SMALL | fields)
    assert warned[0].filename == __file__
    assert str(warned[0].message) == str(ours.weights_report)
    assert str(ours.weights_report).endswith(sentence)
    assert ours.weights_report.left_out == left_out
    state = theirs.state_dict()
    assert set(ours.weights_report.loaded) == set(state) - set(left_out)
    assert all(torch.equal(ours.state_dict()[key], state[key]) for key in ours.weights_report.loaded)


@pytest.mark.parametrize(
    ("saved", "loaded", "sentence"),
    [
        ("densenet169", "densenet121", "holds weights of densenet169, which do not fit densenet121."),
        ("peleenet", "densenet121", "holds weights of peleenet, which do not fit densenet121."),
        ("densenet121", "vovnet39", "holds weights of densenet121 or densenet121_xray, which do not fit vovnet39."),
        ("ese_vovnet39b", "vovnetv2_39", "holds weights of ese_vovnet39b, which do not fit vovnetv2_39."),
        ("densenet40_k12", "densenet_cifar", "holds weights of densenet40_k12, which do not fit densenet_cifar."),
    ],
)
def test_weights_of_another_architecture(saved, loaded, sentence, tmp_path):
    torch.save(archs.create_model(saved, num_classes=5, in_channels=1).state_dict(), tmp_path / "other.pth")
    assert refused(tmp_path / "other.pth", loaded).endswith(sentence)


def test_weights_of_the_architecture_before_its_fields_were_changed(tmp_path):
    torch.save(archs.create_model("densenet121").state_dict(), tmp_path / "full.pth")
    sentence = refused(tmp_path / "full.pth", growth_rate=24)
    assert sentence.endswith(
        "holds weights of densenet121 or densenet121_xray, which do not fit this DenseNet, whose fields were changed."
    )


#: What the kernels behind the first do not tell of a network.
UNSEEN = {"in_channels": 3, "num_classes": 10, "image_size": 64}


@pytest.mark.long
@pytest.mark.parametrize("name", representatives(OF_EACH_KIND[1::2], archs.list_archs()))
def test_every_architecture_is_told_by_its_kernels(name):
    shapes = {key: tuple(value.shape) for key, value in archs.create_model(name, device="meta").state_dict().items()}
    found = fitting_names(shapes)
    assert name in found
    assert len({archs.get_config(one, **UNSEEN) for one in found}) == 1


def test_old_keys_tell_their_architecture_too(tmp_path):
    torch.save(old_keys(torchvision.models.densenet201().state_dict()), tmp_path / "old.pth")
    assert refused(tmp_path / "old.pth").endswith("holds weights of densenet201, which do not fit densenet121.")


@pytest.mark.parametrize("transition_pool", ["max", "none"])
def test_torchvisions_files_ask_for_average_pooling(tmp_path, transition_pool):
    torch.save(old_keys(small_model().state_dict()), tmp_path / "old.pth")
    sentence = refused(tmp_path / "old.pth", **SMALL, transition_pool=transition_pool)
    assert "needs transition_pool=average: it is of a network whose transitions have average pooling" in sentence


def test_authors_vovnet_asks_for_its_identities(tmp_path):
    torch.save(authors.VoVNet(*V1_39).state_dict(), tmp_path / "vovnet39.pth")
    sentence = refused(tmp_path / "vovnet39.pth", "vovnet39", **NARROW_FIELDS)
    assert sentence.endswith(
        "vovnet39.pth (the authors' layout, VoVNet.pytorch and vovnet-detectron2) needs residual=True: it is of a "
        "network whose repeated blocks add an identity, unlike those of this VoVNet, whose fields were changed."
    )


def test_unknown_keys_name_the_first_and_the_nearest_layout(tmp_path):
    state = old_keys(small_model().state_dict())
    for key in [key for key in state if "norm5" in key]:
        state[key.replace("norm5", "norm_final")] = state.pop(key)
    state["features.conv0.weight"] = torch.zeros(9, 3, 7, 7)
    torch.save(state, tmp_path / "odd.pth")
    sentence = refused(tmp_path / "odd.pth", **SMALL)
    assert sentence.endswith(
        "odd.pth does not fit this DenseNet, whose fields were changed; nearest is the layout of torchvision's "
        "published files, with missing: 'features.norm5.weight', 'features.norm5.bias', 'features.norm5.running_mean' "
        "and 1 more; unexpected: 'features.norm_final.weight', 'features.norm_final.bias', "
        "'features.norm_final.running_mean' and 1 more; of another shape: 'features.conv0.weight' (9×3×7×7, not "
        "8×3×7×7)."
    )


def test_two_tensors_for_one_place(tmp_path):
    state = small_model().state_dict()
    twice = "features.denseblock1.denselayer1.conv1.weight"
    torch.save(old_keys(state) | {twice: state[twice]}, tmp_path / "double.pth")
    assert f"holds {twice!r} twice" in refused(tmp_path / "double.pth", **SMALL)


def test_a_misfit_leaves_the_network_as_it_was(tmp_path):
    model = small_model()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.save({key: value + 1 for key, value in list(before.items())[:-1]}, tmp_path / "part.pth")
    from archs.weights import load_weights

    with pytest.raises(WeightsError):
        load_weights(model, tmp_path / "part.pth")
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
