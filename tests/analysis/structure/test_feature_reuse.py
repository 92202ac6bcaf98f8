"""Mean absolute weights by source and reader, of networks whose weights are set by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from analysis.structure import reuse  # noqa: E402
from analysis.structure.connectivity import Block, blocks  # noqa: E402
from analysis.structure.feature_reuse import (  # noqa: E402
    BlockReuse,
    input_weighed_least,
    leanings,
    reuse_finding,
    training_finding,
)
from archs import create_model, get_config, plan_layers  # noqa: E402

SMALL = {
    "densenet": ("densenet121", {"block_config": (2, 3), "growth_rate": 4, "num_init_features": 8}),
    "peleenet": ("peleenet", {"block_config": (1, 2, 2, 1)}),
    "vovnet": ("ese_vovnet19b_slim", {"stage_conv_chs": (8, 8, 8, 8), "stage_out_chs": (16, 16, 16, 16)}),
    "depthwise": ("ese_vovnet19b_slim_dw", {}),
}


def constant(source: int, reader: int) -> float:
    """Another value for every connection; its sign must not matter."""
    return (-1) ** source * (1 + source + 100 * reader) / 1024


def set_by_hand(model: torch.nn.Module, block: Block) -> dict[tuple[int, int], float]:
    """Fill the weights that read features with `constant`, and say what was filled in."""
    filled = {}
    place = {tensor: number for number, feature in enumerate(block.features) for tensor in feature.tensors}
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for number, reader in enumerate(block.readers):
            for layer, slices in reader.entries:
                weight, start = parameters[f"{layer.name}.weight"], 0
                depthwise = layer.groups > 1
                for tensor, channels in slices:
                    part = weight if depthwise else weight[:, start : start + channels]
                    part.fill_(constant(place[tensor], number))
                    filled[place[tensor], number] = abs(constant(place[tensor], number))
                    start += channels
    return filled


@pytest.mark.parametrize("family", SMALL)
def test_constants_come_back_exactly(family: str) -> None:
    name, overrides = SMALL[family]
    model = create_model(get_config(name, **overrides))
    found = reuse(model)
    assert len(found) == (2 if family == "densenet" else 4)
    expected = [set_by_hand(model, block) for block, _ in found]
    assert [dict(strengths) for _, strengths in reuse(model)] == expected
    for filled, (block, _) in zip(expected, found, strict=True):
        assert len(filled) == block.count() + block.count("last")


def test_a_mean_over_outputs_channels_and_kernel() -> None:
    """One weight of an otherwise empty slice, by hand: a 3×3 convolution from 8 to 8 channels has 576."""
    model = create_model(get_config(*SMALL["vovnet"][:1], **SMALL["vovnet"][1]))
    weight = model.stages[1].blocks[0].conv_mid[1].conv.weight
    with torch.no_grad():
        weight.zero_()
        weight[3, 2, 1, 1] = -576.0
    assert reuse(model)[1].strengths[1, 1] == 1.0


def test_both_ways_of_a_two_way_layer_count_alike() -> None:
    model = create_model(get_config("peleenet", **SMALL["peleenet"][1]))
    layer = model.features.denseblock2.denselayer1
    with torch.no_grad():
        layer.branch1a.conv.weight.fill_(1.0)
        layer.branch2a.conv.weight.fill_(-3.0)
    assert reuse(model)[1].strengths[0, 0] == 2.0


def test_the_classifier_reads_the_last_dense_block() -> None:
    name, overrides = SMALL["densenet"]
    model = create_model(get_config(name, **overrides))
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.weight[:, -4:] = 0.5
    block, strengths = reuse(model)[-1]
    assert block.readers[-1].label == "head"
    assert [strengths[source, 3] for source in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert "head weighs layer 3 most" in reuse_finding("this network", reuse(model))


def test_networks_without_such_blocks_have_none() -> None:
    torchvision = pytest.importorskip("torchvision")
    found = reuse(torchvision.models.resnet18())
    assert found == ()
    assert reuse_finding("resnet18", found).startswith("resnet18 has no block")


def test_rows_tell_which_weights() -> None:
    name, overrides = SMALL["densenet"]
    row = reuse(create_model(get_config(name, **overrides)))[0].rows()[0]
    assert row["weights"] == "features.denseblock1.denselayer1.conv1.weight"
    assert (row["source"], row["reader"], row["channels"]) == ("input", "1", 8)


def by_source(name: str, strength: Callable[[int], float]) -> list[BlockReuse]:
    """A network whose readers weigh each source by its number."""
    own = blocks(plan_layers(name))
    return [
        BlockReuse(block, {(s, n): strength(s) for n, reader in enumerate(block.readers) for s in reader.sources})
        for block in own
    ]


def test_whether_the_input_of_a_block_is_weighed_least() -> None:
    rising, falling = (by_source("densenetbc40_k12", lambda s, sign=sign: 50 + sign * s) for sign in (1, -1))
    assert input_weighed_least(rising) == (10, 10)  # five of six layers in each of two blocks read more than the input
    assert input_weighed_least(falling) == (0, 10)
    assert input_weighed_least([rising[0], falling[1], rising[2]]) == (5, 10)
    told = training_finding("this network", falling, [falling[0], rising[1], *rising[2:]])
    assert (
        "later features of its block ×1.08 as much as the early ones (×0.918 as initialised), and 10 of the 10" in told
    )
    assert "and none of the 10 layers" in training_finding("this network", rising, falling)


def test_whether_the_end_of_a_block_leans_to_its_later_features() -> None:
    rising, falling = (by_source("osa40_5x43", lambda s, sign=sign: 10 + sign * s) for sign in (1, -1))
    assert input_weighed_least(rising) == (0, 0)  # each layer reads one feature alone
    assert leanings(rising) == [(13 + 14 + 15) / (10 + 11 + 12)] * 3
    assert leanings(falling[:1]) == [(7 + 6 + 5) / (10 + 9 + 8)]
    told = training_finding("this network", rising, [rising[0], *falling[1:]])
    assert "the end of 2 of 3 blocks weighs the shallow features more, up to ×1.50 (×0.786 as initialised)" in told
