"""One box takes names as papers write them, and an input."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.question import Question, find_network, parse_question
from archs import list_archs
from archs.errors import ConfigError, DenseScopeError, UnknownArchError

ASKED = {
    "DenseNet-121": Question(("densenet121",)),
    "DenseNet-121 vs ResNet-50 @512 b8": Question(("densenet121", "timm/resnet50"), 512, 8),
    "densenet121 vs. PeleeNet at 192x256": Question(("densenet121", "peleenet"), (192, 256)),
    "VoVNetV2-39, VoVNet-57 and torchvision/resnet18, batch size 4": Question(
        ("vovnetv2_39", "vovnet57", "torchvision/resnet18"), None, 4
    ),
    "DenseNet-BC (L = 100, k = 12), DenseNet-40 fp16": Question(
        ("densenetbc100_k12", "densenet40_k12"), None, None, "float16"
    ),
    "ConvNeXt tiny 384px batch=16?": Question(("timm/convnext_tiny",), 384, 16),
    "densenet121; DenseNet-121": Question(("densenet121",)),
    "CondenseNet-74 (C=G=8) vs CondenseNetV2-A": Question(("condensenet74_c8_g8", "condensenetv2_a")),
    "RegNetY-16GF": Question(("torchvision/regnet_y_16gf",)),
}


@pytest.mark.parametrize("text", ASKED)
def test_what_is_asked(text: str) -> None:
    assert parse_question(text) == ASKED[text]


@pytest.mark.parametrize("name", list_archs())
def test_every_network_is_found_however_it_is_written(name: str) -> None:
    spaced = re.sub(r"(?<=[a-z])(?=\d)", "-", name)
    for written in (name, name.upper(), name.replace("_", "-"), spaced.title(), spaced.replace("-", " ")):
        assert find_network(written) == name


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("DenseNet-100", ConfigError, "densenet100_k12, densenet100_k24"),
        ("densenet112", UnknownArchError, "'densenet121'"),
        ("timm/resnet5000", UnknownArchError, "'timm/resnet50"),
        ("densenet121 @0", ConfigError, "from 1 to 8192"),
        ("densenet121 b0", ConfigError, "from 1 to"),
        ("@512 b8", ConfigError, "such as DenseNet-121 vs ResNet-50"),
        ("", ConfigError, "names of networks"),
    ],
)
def test_what_cannot_be_meant_is_said(text: str, error: type[DenseScopeError], said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        parse_question(text)


@settings(max_examples=25)
@given(st.text(max_size=60) | st.from_regex(r"[a-z0-9@(), -]{0,40}( vs | @[0-9]*| b[0-9]*)*", fullmatch=True))
def test_junk_is_answered_in_a_sentence(text: str) -> None:
    with suppress(DenseScopeError):
        assert parse_question(text).names
