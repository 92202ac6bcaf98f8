"""Each summand of a depth counts the layers that it names."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given, settings

from analysis import summarize
from analysis.depth import Term, count_depth, depth_terms
from archs.registry import list_archs
from tests.support.exhaustive import examples_of_a_family
from tests.support.strategies import CONFIGS


def terms_of(target: object) -> tuple[Term, ...]:
    summary = summarize(target, None)
    return depth_terms(summary.target, [cost.layer for cost in summary.layers])


def value(text: str) -> int:
    """What "2×58" comes to."""
    return prod(map(int, text.split("×")))


@pytest.mark.parametrize("name", list_archs())
def test_each_term_is_the_number_of_its_layers(name: str) -> None:
    terms = terms_of(name)
    assert [value(term.text) for term in terms] == [len(term.layers) for term in terms]
    depth = summarize(name, None).depth
    assert depth.formula == f"{' + '.join(term.text for term in terms)} = {sum(len(term.layers) for term in terms)}"


@pytest.mark.parametrize("family", CONFIGS)
def test_terms_of_any_config(family: str) -> None:
    @settings(max_examples=examples_of_a_family(120))
    @given(CONFIGS[family])
    def check(config: object) -> None:
        terms = terms_of(config)
        assert [value(term.text) for term in terms] == [len(term.layers) for term in terms]
        names = [layer.name for term in terms for layer in term.layers]
        assert len(names) == len(set(names))

    check()


def test_the_terms_of_densenet121() -> None:
    stem, blocks, transitions, classifier = terms_of("densenet121")
    assert [layer.name for layer in stem.layers] == ["features.conv0"]
    assert len(blocks.layers) == 2 * 58
    assert {layer.kernel for layer in blocks.layers} == {(1, 1), (3, 3)}
    assert [layer.name for layer in transitions.layers] == [f"features.transition{n}.conv" for n in (1, 2, 3)]
    assert [layer.name for layer in classifier.layers] == ["classifier"]


@pytest.mark.parametrize(("name", "uncounted"), [("vovnet39", 1), ("ese_vovnet19b_dw", 1 + 4 + 4 + 2 + 4 * 3)])
def test_what_vovnets_leave_out(name: str, uncounted: int) -> None:
    """The classifier; eSE and channel reductions of four stages, and depthwise halves in the stem and the modules."""
    layers = [cost.layer for cost in summarize(name).layers if cost.layer.op in ("conv2d", "linear")]
    assert len(layers) - sum(len(term.layers) for term in terms_of(name)) == uncounted


@pytest.mark.parametrize(
    ("name", "total", "left_out"),
    [("resnet18", 21, 3), ("resnet34", 37, 3), ("resnet50", 54, 4), ("resnet101", 105, 4)],
)
def test_the_names_of_resnets_leave_out_projections(name: str, total: int, left_out: int) -> None:
    pytest.importorskip("torchvision")
    depth = count_depth(f"torchvision/{name}")
    assert (depth.total, depth.named) == (total, total - left_out)
    assert depth.named == int(name.removeprefix("resnet"))
    assert depth.note.startswith(f"The name says {depth.named}: it leaves out {left_out} projections, 1×1 convolutions")


@pytest.mark.parametrize("name", ["densenet121", "mobilenet_v2", "vgg16", "regnet_y_400mf"])
def test_other_names_are_not_explained_by_projections(name: str) -> None:
    pytest.importorskip("torchvision")
    assert count_depth(f"torchvision/{name}").note == ""
