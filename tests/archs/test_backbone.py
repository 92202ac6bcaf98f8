"""Backbones: the maps of their network by every way to them, nothing beyond, frozen where asked, weights that fit."""

from __future__ import annotations

import copy
import pickle
import re
import warnings

import numpy as np
import onnxruntime
import pytest
import timm
import torch
from timm.models._features import FeatureGetterNet, FeatureListNet
from torch import nn
from torchvision.models.detection import FCOS
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

import analysis
import archs
from archs.errors import ConfigError, WeightsError, WeightsWarning
from archs.registry import get_config
from archs.taps import stem_tap
from tests.support.exhaustive import OF_EACH_KIND, RECOMPUTING, representatives
from tests.support.project import ROOT
from tests.support.small import FAMILIES, SMALL, small

ONE_OF_EACH = {get_config(name).family: name for name in SMALL}.values()
ALL = {"out_indices": None}
DOCUMENT = ROOT / "docs" / "detection.md"


def image(size=64, dtype=torch.float32):
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0), dtype=dtype)


def small_backbone(name, **fields):
    torch.manual_seed(0)
    return archs.create_backbone(name, **SMALL[name] | {"in_channels": 3} | fields)


def small_network(name, **fields):
    torch.manual_seed(0)
    return small(name, **{"in_channels": 3} | fields)


def hooked(network, x):
    """The outputs of the modules that `feature_info` names, as they were when they were made."""
    found = {}
    for info in network.feature_info:
        tap = network.get_submodule(info["module"])
        tap.register_forward_hook(lambda _, __, y, key=info["module"]: found.update({key: y.clone()}))
    network.forward_features(x)
    return list(found.values())


def pyramid_body(network, taps):
    backbone = archs.create_backbone(network.config, out_indices=None)
    backbone.load_state_dict({key: network.state_dict()[key] for key in backbone.state_dict()})
    layers = {info["module"].replace(".", "_"): str(index) for index, info in enumerate(network.feature_info)}
    fpn = BackboneWithFPN(backbone.chain(), layers, backbone.out_channels, 4)
    return lambda x: list(fpn.eval().body(x).values())


#: Ways to the maps; each gets a network of its own, since some take it apart.
WAYS = {
    "forward_intermediates": lambda network, taps: lambda x: network.forward_intermediates(x)[1],
    "timm FeatureListNet": lambda network, taps: FeatureListNet(network, range(len(taps)), flatten_sequential=True),
    "timm FeatureGetterNet": lambda network, taps: FeatureGetterNet(network, tuple(range(len(taps)))),
    "torchvision create_feature_extractor": lambda network, taps: (
        lambda x: list(create_feature_extractor(network, {tap: tap for tap in taps})(x).values())
    ),
    "torchvision BackboneWithFPN": pyramid_body,
}


@pytest.mark.parametrize("name", representatives(list(ONE_OF_EACH)[::2], SMALL))
@torch.no_grad()
def test_every_way_to_the_maps_gives_the_same(name):
    network = small_network(name).eval()
    expected = hooked(copy.deepcopy(network), image())
    backbone = small_backbone(name, **ALL).eval()
    assert [tuple(y.shape) for y in expected] == [
        (2, channels, 64 // stride, 64 // stride)
        for channels, stride in zip(backbone.out_channels, backbone.strides, strict=True)
    ]
    taps = [info["module"] for info in network.feature_info]
    found = {"create_backbone": backbone(image())}
    for way, make in WAYS.items():
        found[way] = make(copy.deepcopy(network), taps)(image())
    for way, maps in found.items():
        assert len(maps) == len(expected), way
        assert all(map(torch.equal, maps, expected)), way
    last, _ = network.forward_intermediates(image(), indices=1)
    assert torch.equal(last, network.forward_features(image()))


@pytest.mark.parametrize("name", representatives(ONE_OF_EACH, SMALL))
def test_nothing_lies_beyond_the_deepest_tap(name):
    """Every parameter has a gradient, as DistributedDataParallel wants it, and none has another key."""
    network, called = small_network(name), set()
    watched = copy.deepcopy(network)
    for key, module in watched.named_modules():
        module.register_forward_hook(lambda _, __, ___, key=key: called.add(key))
    for deepest in range(len(network.feature_info)):
        backbone = small_backbone(name, out_indices=(deepest,))
        assert backbone.state_dict().keys() <= network.state_dict().keys()
        [last] = backbone(image())
        assert last.shape[1] == backbone.out_channels[0]
        last.square().sum().backward()
        assert all(parameter.grad is not None for parameter in backbone.parameters())
        called.clear()
        watched.forward_intermediates(image(), (deepest,), intermediates_only=True)
        assert called <= {name for name, _ in backbone.named_modules()}
        pruned = copy.deepcopy(network)
        assert pruned.prune_intermediate_layers((deepest,)) == [deepest]
        assert pruned.state_dict().keys() == backbone.state_dict().keys()


@pytest.mark.parametrize(
    ("theirs", "ours", "shift"),
    [
        ("densenet121", "densenet121", 1),
        ("vovnet39a", "vovnet39", 1),
        ("dpn68", "dpn68", 1),
        ("cspresnet50", "cspresnet50", 1),
        ("cs3darknet_m", "cs3darknet_m", 1),
        ("cspdarknet53", "cspdarknet53", 1),
        ("hgnetv2_b0", "hgnetv2_b0", 0),
        ("rdnet_tiny", "rdnet_tiny", 0),
    ],
)
def test_indices_are_those_of_timm_but_for_its_first_tap(theirs, ours, shift):
    with torch.device("meta"):
        taps = [(info["num_chs"], info["reduction"]) for info in timm.create_model(theirs).feature_info]
    backbone = archs.create_backbone(ours, device="meta", **ALL)
    assert list(zip(backbone.out_channels, backbone.strides, strict=True)) == taps[shift:]
    if shift and taps[0][1] == 2:
        whole = archs.create_backbone(ours, device="meta", stem_tap=True, **ALL)
        assert list(zip(whole.out_channels, whole.strides, strict=True)) == taps


@pytest.mark.parametrize("name", representatives(OF_EACH_KIND[::2], archs.list_archs()))
def test_the_tap_of_the_stem_has_stride_2(name):
    network = archs.create_model(name, device="meta")
    if stem_tap(network.config) is None:
        with pytest.raises(ConfigError, match=f"stem_tap is True, but must be False for {name}: (its taps|no module)"):
            archs.create_backbone(name, stem_tap=True, device="meta")
        return
    backbone = archs.create_backbone(name, out_indices=(0,), stem_tap=True, device="meta").eval()
    [stem] = backbone(torch.zeros(1, backbone.config.in_channels, 64, 64, device="meta"))
    assert stem.shape == (1, *backbone.out_channels, 32, 32)


@pytest.mark.parametrize("name", [name for name in FAMILIES if get_config(name).family in RECOMPUTING])
def test_gradients_are_the_same_with_recomputation(name):
    fields = ALL | {"stem_tap": stem_tap(small_network(name).config) is not None}
    plain, efficient = (small_backbone(name, memory_efficient=on, **fields).double() for on in (False, True))
    for backbone in (plain, efficient):
        maps = FeaturePyramidNetwork(backbone.out_channels, 4).double()
        torch.manual_seed(1)
        for parameter in maps.parameters():
            nn.init.normal_(parameter, std=0.1)
        found = maps({str(index): y for index, y in enumerate(backbone(image(dtype=torch.float64)))})
        sum(y.square().mean() for y in found.values()).backward()
    for (key, expected), parameter in zip(plain.named_parameters(), efficient.parameters(), strict=True):
        assert torch.allclose(parameter.grad, expected.grad, rtol=1e-8, atol=1e-12), key


@pytest.mark.parametrize("name", representatives(FAMILIES, SMALL))
def test_compiles_to_one_whole_graph(name):
    torch.compiler.reset()
    backbone = small_backbone(name, **ALL).eval()
    compiled = torch.compile(backbone, fullgraph=True, backend="eager")
    with torch.no_grad():
        assert all(map(torch.equal, compiled(image()), backbone(image())))


def test_exports_to_onnx(tmp_path):
    backbone = small_backbone("densenet121", **ALL).eval()
    torch.onnx.export(backbone, (image(),), tmp_path / "backbone.onnx", dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "backbone.onnx")
    found = session.run(None, {session.get_inputs()[0].name: image().numpy()})
    for y, expected in zip(found, backbone(image()), strict=True):
        assert torch.allclose(torch.from_numpy(y), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", representatives(FAMILIES, SMALL))
def test_frozen_stages_and_norms_stay_as_they_are(name):
    backbone = small_backbone(name, frozen_stages=2, **ALL)
    for again in (backbone.train(), copy.deepcopy(backbone).train(), pickle.loads(pickle.dumps(backbone)).train()):
        depth_of = again.group_matcher()
        assert all(parameter.requires_grad == (depth_of(key) > 1) for key, parameter in again.named_parameters())
        before = {key: value.clone() for key, value in again.state_dict().items() if "running" in key}
        again(image())
        for key, value in again.state_dict().items():
            if key in before:
                assert torch.equal(value, before[key]) == (depth_of(f"{key.rpartition('.')[0]}.weight") < 2), key
    backbone = small_backbone(name, frozen_norm=True, **ALL).train()
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    assert not any(norm.training or norm.weight.requires_grad or norm.bias.requires_grad for norm in norms)
    assert all(module.weight.requires_grad for module in backbone.modules() if isinstance(module, nn.Conv2d))


@pytest.mark.parametrize("name", representatives(ONE_OF_EACH, SMALL))
def test_counted_as_a_part_of_its_network_with_its_stages(name):
    counted = analysis.summarize(archs.create_backbone(name, device="meta", **ALL | SMALL[name]), image_size=64)
    whole = analysis.summarize(get_config(name, **SMALL[name]), image_size=64, route="plan")
    rows = {(cost.layer.stage, cost.layer.name, cost.macs, cost.params, cost.bytes_moved) for cost in whole.layers}
    assert {
        (cost.layer.stage, cost.layer.name, cost.macs, cost.params, cost.bytes_moved) for cost in counted.layers
    } < rows


def saved(tmp_path, state):
    torch.save(state, tmp_path / "weights.pth")
    return tmp_path / "weights.pth"


def in_detector(state):
    head = ("classifier.weight", "classifier.bias")
    body = {f"backbone.{key}": value for key, value in state.items() if key not in head}
    return body | {"rpn.conv.weight": torch.zeros(4, 4, 1, 1)}


RANDOM_HEADS = "these are a classifier's weights: a detector trained from them starts with random heads"


@pytest.mark.parametrize(
    ("change", "classifiers"),
    [
        (dict, True),
        (lambda state: state | {"classifier.weight": torch.zeros(7, 12), "classifier.bias": torch.zeros(7)}, True),
        (in_detector, False),
        (lambda state: {key: value for key, value in state.items() if "classifier" not in key}, False),
        (lambda state: {key: value for key, value in state.items() if key.startswith("features.conv0")}, None),
    ],
)
def test_weights_are_those_of_the_file(change, classifiers, tmp_path):
    """A classifier's, with other classes, a detector's, a backbone's; and too few."""
    network = small_network("densenet121")
    state = change(network.state_dict())
    fields = SMALL["densenet121"] | {"weights": saved(tmp_path, state), "out_indices": (0,)}
    if classifiers is None:
        with pytest.raises(WeightsError, match=r"does not fit .*missing: 'features.norm0.weight'"):
            archs.create_backbone("densenet121", **fields)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backbone = archs.create_backbone("densenet121", **fields)
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in backbone.state_dict().items())
    assert backbone.weights_report.loaded == tuple(backbone.state_dict())
    assert (RANDOM_HEADS in str(backbone.weights_report)) == classifiers
    assert ("1 tensor outside backbone" in str(backbone.weights_report)) == (change is in_detector)


def test_a_backbones_own_weights_load_again(tmp_path):
    backbone = small_backbone("densenet121", out_indices=(0,))
    path = saved(tmp_path, backbone.state_dict())
    again = archs.create_backbone("densenet121", out_indices=(0,), weights=path, **SMALL["densenet121"])
    assert all(map(torch.equal, again.state_dict().values(), backbone.state_dict().values()))
    with pytest.raises(WeightsError, match="missing"):
        archs.create_model("densenet121", weights=path, **SMALL["densenet121"])


def test_other_channels_of_the_image_are_still_told(tmp_path):
    path = saved(tmp_path, small_network("densenet121").state_dict())
    with pytest.warns(
        WeightsWarning, match=r"^\d+ tensors .*; features.conv0.weight not loaded, because the file"
    ) as told:
        archs.create_backbone("densenet121", weights=path, in_channels=1, out_indices=(0,), **SMALL["densenet121"])
    assert told[0].filename == __file__


def test_weights_of_another_network_are_refused(tmp_path):
    path = saved(tmp_path, archs.create_model("peleenet").state_dict())
    with pytest.raises(WeightsError, match="holds weights of peleenet, which do not fit densenet121"):
        archs.create_backbone("densenet121", weights=path)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"out_indices": (0, 4)},
            "out_indices is (0, 4), but must be None or some of the taps 0 to 3 (strides 4, 8, 16, 32).",
        ),
        ({"out_indices": 9}, "out_indices is 9, but must be None or some of the taps 0 to 3 (strides 4, 8, 16, 32)."),
        ({"out_indices": ()}, "out_indices is (), but must be None or some of the taps 0 to 3"),
        ({"out_indices": "last"}, "out_indices is 'last', but must be None or some of the taps 0 to 3"),
        (
            {"out_indices": (2, 1)},
            "out_indices is (2, 1), but must be some of the taps 0 to 3 (strides 4, 8, 16, 32), each once",
        ),
        ({"out_indices": (3, -1)}, "out_indices is (3, -1), but must be some of the taps 0 to 3"),
        ({"frozen_stages": 10}, "frozen_stages is 10, but must be 0 to 9: stem, dense block 1, transition 1,"),
        (
            {"frozen_stages": 4, "out_indices": (0,)},
            "frozen_stages is 4, but must be 0 to 3: stem, dense block 1, trans",
        ),
        ({"stem_tap": True}, "stem_tap is True, but must be False for peleenet: no module of its stem makes a map at"),
        ({"frozen_stages": True}, "frozen_stages is True, but must be 0 to 9"),
        ({"frozen_norm": 1}, "frozen_norm is 1, but must be True or False."),
        ({"growth_rat": 3}, "PeleeNetConfig has no field 'growth_rat'"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(fields, sentence):
    with pytest.raises(archs.DenseScopeError) as error:
        archs.create_backbone("peleenet", device="meta", **fields)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("indices", [3, (1, 2, 3), [-3, -2, -1], range(1, 4), np.arange(1, 4), (np.int64(1), 2, 3)])
def test_ways_to_name_taps(indices):
    backbone = archs.create_backbone("peleenet", device="meta", out_indices=indices, frozen_stages=np.int64(1))
    assert (backbone.out_indices, backbone.strides, backbone.frozen_stages) == ((1, 2, 3), [8, 16, 32], 1)


def test_images_below_the_strides():
    with pytest.raises(ConfigError, match="image_size is 16, but must be a size that the network's strides can take"):
        archs.create_backbone("densenet121").eval()(image(16))
    with pytest.raises(RuntimeError, match="channels"):
        archs.create_backbone("densenet121")(torch.zeros(1, 1, 16, 16))


def test_a_chain_does_not_forget_in_silence_what_is_frozen():
    for fields in ({"frozen_stages": 1}, {"frozen_norm": True}):
        with pytest.raises(ConfigError, match="for a chain, which could not keep to it"):
            small_backbone("peleenet", **fields).chain()


def test_the_documented_pyramid_trains_under_a_detector():
    """And what is frozen stays so when the detector is put into training mode."""
    blocks = re.findall(r"^```python\n(class Pyramid.*?)\n\n\n", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    [code] = blocks
    names = {"nn": nn, "archs": archs}
    names |= {"FeaturePyramidNetwork": FeaturePyramidNetwork, "LastLevelMaxPool": LastLevelMaxPool}
    exec(compile(code, str(DOCUMENT), "exec"), names)
    pyramid = names["Pyramid"]("peleenet", 32, frozen_norm=True, frozen_stages=1, **SMALL["peleenet"])
    anchors = AnchorGenerator(((8,), (16,), (32,), (64,), (128,)), ((1.0,),) * 5)
    detector = FCOS(pyramid, 2, min_size=128, max_size=128, anchor_generator=anchors).train()
    target = {"boxes": torch.tensor([[4.0, 4.0, 40.0, 40.0]]), "labels": torch.tensor([1])}
    sum(detector([image(128)[0]], [target]).values()).backward()
    norms = [module for module in pyramid.body.modules() if isinstance(module, nn.BatchNorm2d)]
    assert not any(norm.training for norm in norms)
    learned = {key for key, parameter in pyramid.body.named_parameters() if parameter.grad is not None}
    assert learned == {key for key, parameter in pyramid.body.named_parameters() if parameter.requires_grad}
    assert learned
    assert not any("stemblock" in key for key in learned)
