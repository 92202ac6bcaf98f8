"""The generated tables are those of the papers, and nothing is lost in them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from analysis import summarize
from analysis.structure.notation import layer_text
from analysis.structure.table import Line, abreast, merged, table
from archs import get_config
from archs.layer import Layer
from archs.registry import list_archs
from tests.support.exhaustive import examples_of_a_family
from tests.support.strategies import CONFIGS

#: Huang et al., arXiv:1608.06993, Table 1: dense layers in each block; input 224×224. The softmax behind the
#: classifier, which the paper lists, is no layer here: networks end with logits.
TABLE_1 = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32), 264: (6, 12, 64, 48)}

#: Wang et al., arXiv:1804.06882, Table 1.
PELEENET = [
    ("stem", "3×3 conv, stride 2", 112, 32),
    ("stem", "1×1 conv → 3×3 conv, stride 2 beside 2×2 max pool, stride 2", 56, 64),
    ("stem", "1×1 conv", 56, 32),
    ("dense block 1", "two-way dense layer × 3, bottleneck width 1", 56, 128),
    ("transition 1", "1×1 conv", 56, 128),
    ("transition 1", "2×2 average pool, stride 2", 28, 128),
    ("dense block 2", "two-way dense layer × 4, bottleneck width 2", 28, 256),
    ("transition 2", "1×1 conv", 28, 256),
    ("transition 2", "2×2 average pool, stride 2", 14, 256),
    ("dense block 3", "two-way dense layer × 8, bottleneck width 4", 14, 512),
    ("transition 3", "1×1 conv", 14, 512),
    ("transition 3", "2×2 average pool, stride 2", 7, 512),
    ("dense block 4", "two-way dense layer × 6, bottleneck width 4", 7, 704),
    ("transition 4", "1×1 conv", 7, 704),
    ("head", "7×7 global average pool", 1, 704),
    ("head", "1000-way fully connected", 1, 1000),
]

#: Lee et al., arXiv:1904.09730, Table 1, with the stem's strides of the authors' code: (3×3 channels, aggregated
#: channels, modules) of stages 2 to 5.
VOVNETS = {
    "vovnet27_slim": ((64, 128, 1), (80, 256, 1), (96, 384, 1), (112, 512, 1)),
    "vovnet39": ((128, 256, 1), (160, 512, 1), (192, 768, 2), (224, 1024, 2)),
    "vovnet57": ((128, 256, 1), (160, 512, 1), (192, 768, 4), (224, 1024, 3)),
}


def cells(lines: list[Line]) -> list[tuple[str, str, int, int]]:
    return [(line.stage, line.text, line.output_size[0], line.out_channels) for line in lines if line.output_size]


def table_1(blocks: tuple[int, ...], k: int = 32) -> list[tuple[str, str, int, int]]:
    """The column of a network in DenseNet's Table 1, with the channels that follow from k and θ = 0.5."""
    size, channels = 56, 64
    rows = [("stem", "7×7 conv, stride 2", 112, 64), ("stem", "3×3 max pool, stride 2", 56, 64)]
    for number, layers in enumerate(blocks, start=1):
        channels += layers * k
        rows.append((f"dense block {number}", f"[1×1 conv, 3×3 conv] × {layers}", size, channels))
        if number < len(blocks):
            channels //= 2
            rows.append((f"transition {number}", "1×1 conv", size, channels))
            size //= 2
            rows.append((f"transition {number}", "2×2 average pool, stride 2", size, channels))
    return [*rows, ("head", "7×7 global average pool", 1, channels), ("head", "1000-way fully connected", 1, 1000)]


@pytest.mark.parametrize("depth", TABLE_1)
def test_table_1_of_densenet(depth: int) -> None:
    assert cells(table(summarize(f"densenet{depth}"))) == table_1(TABLE_1[depth])


def test_table_1_abreast() -> None:
    rows = abreast([table(summarize(f"densenet{depth}")) for depth in TABLE_1])
    assert [row.stage for row in rows] == list(dict.fromkeys(stage for stage, *_ in table_1(TABLE_1[121])))
    for row in rows:
        assert len({tuple(line.output_size for line in lines) for lines in row.lines}) == 1
    third = next(row for row in rows if row.stage == "dense block 3")
    assert [lines[0].text[-4:] for lines in third.lines] == ["× 24", "× 32", "× 48", "× 64"]


def test_table_1_of_peleenet() -> None:
    assert cells(table(summarize("peleenet"))) == PELEENET


@pytest.mark.parametrize("name", VOVNETS)
def test_table_1_of_vovnet(name: str) -> None:
    strides_and_channels = [("3×3 conv, 64, stride 2", 112, 64), ("3×3 conv, 64", 112, 64)]
    expected = [("stem", *row) for row in [*strides_and_channels, ("3×3 conv, 128, stride 2", 56, 128)]]
    size, channels = 56, 128
    for stage, (conv, out, modules) in enumerate(VOVNETS[name], start=2):
        if stage > 2:
            size //= 2
            expected.append((f"OSA stage {stage}", "3×3 max pool, stride 2", size, channels))
        channels = out
        module = f"[3×3 conv, {conv} × 5; concat & 1×1 conv, {out}] × {modules}"
        expected.append((f"OSA stage {stage}", module, size, out))
    expected += [("head", "7×7 global average pool", 1, channels), ("head", "1000-way fully connected", 1, 1000)]
    assert cells(table(summarize(name))) == expected


def test_table_of_a_cifar_network_without_bottleneck() -> None:
    texts = [line.text for line in table(summarize("densenet40_k12", None))]
    assert texts == [
        "3×3 conv",
        *["[3×3 conv] × 12", "1×1 conv", "2×2 average pool, stride 2"] * 2,
        "[3×3 conv] × 12",
        "8×8 global average pool",
        "10-way fully connected",
    ]


def test_attention_and_identities_are_told() -> None:
    texts = [line.text for line in table(summarize("ese_vovnet57b")) if line.stage == "OSA stage 4"]
    osa = "3×3 conv, 192 × 5; concat & 1×1 conv, 768"
    assert texts[1:] == [f"[{osa}] × 1", f"[{osa}; identity] × 2", f"[{osa}; eSE; identity] × 1"]


def test_separable_convolutions_are_one_layer() -> None:
    lines = table(summarize("ese_vovnet19b_dw"))
    assert lines[2].text == "3×3 separable conv, 64, stride 2"
    assert lines[3].text == "[1×1 conv, 128; 3×3 separable conv, 128 × 3; concat & 1×1 conv, 256; eSE] × 1"


def test_a_concatenation_stands_with_what_reads_it() -> None:
    """cs3darknet_s, stage 1: the blocks keep their half of 32 channels, which the other half then joins."""
    lines = [line for line in table(summarize("cs3darknet_s")) if line.stage == "stage 1"]
    assert [(line.text, line.out_channels) for line in lines] == [
        ("3×3 conv, 32, stride 2", 32),
        ("1×1 conv, 64", 64),
        ("[1×1 conv, 32; 3×3 conv, 32; identity] × 1", 32),
        ("concat & 1×1 conv, 64", 64),
    ]
    assert lines[-1].layers[0] == "stages.0.concat"


@pytest.mark.parametrize("name", list_archs())
def test_lines_add_up_to_the_network(name: str) -> None:
    summary = summarize(name, None)
    lines = table(summary)
    assert [layer for line in lines for layer in line.layers] == [cost.layer.name for cost in summary.layers]
    assert sum(line.params for line in lines) == summary.params
    assert sum(line.macs for line in lines) == summary.macs
    assert sum(line.depth for line in lines) == summary.depth.total
    assert all(line.text for line in lines)


#: The field that says how many modules each line has.
BLOCKS = {"densenet": "block_config", "peleenet": "block_config", "vovnet": "block_per_stage"}


@pytest.mark.parametrize("family", CONFIGS)
def test_lines_of_any_config(family: str) -> None:
    """Each line has its layers, and the numbers behind its modules are those of the config."""

    @settings(max_examples=examples_of_a_family(120))
    @given(CONFIGS[family])
    def check(config: object) -> None:
        summary = summarize(config)
        lines = table(summary)
        assert [layer for line in lines for layer in line.layers] == [cost.layer.name for cost in summary.layers]
        assert sum(line.macs for line in lines) == summary.macs
        counts: dict[str, int] = {}
        for line in lines:
            if line.stage.startswith(("dense block", "OSA stage")) and (match := module_count(line.text)):
                counts[line.stage] = counts.get(line.stage, 0) + match
        if family in BLOCKS:
            assert tuple(counts.values()) == getattr(config, BLOCKS[family])

    check()


def module_count(text: str) -> int:
    """The number behind a module."""
    match = re.search(r"(?:\]|(?:two|one)-way dense layer) × (\d+)(?:$|, bottleneck)", text)
    return int(match[1]) if match else 0


def test_changed_configs_change_the_table() -> None:
    config = get_config("peleenet", bottleneck_width=(2, 2, 2, 2), num_classes=7)
    texts = [line.text for line in table(summarize(config))]
    assert "two-way dense layer × 8, bottleneck width 2" in texts
    assert texts[-1] == "7-way fully connected"


def test_stages_of_different_networks_are_merged_in_their_order() -> None:
    assert merged([["stem", "a", "head"], ["stem", "b", "head"], ["a", "c", "b"]]) == ["stem", "a", "c", "b", "head"]
    assert merged([[], ["a"]]) == ["a"]


def test_words_of_uncommon_convolutions() -> None:
    conv = Layer("c", "conv2d", "s", ("input",), ((1, 8, 4, 4),), (1, 16, 2, 4), (1, 3), (2, 1), groups=4)
    assert layer_text(conv) == "1×3 conv, 16, stride 2×1, 4 groups"
    assert layer_text(conv._replace(groups=1, stride=(1, 1)), channels=False) == "1×3 conv"
