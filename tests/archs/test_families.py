"""What a family is stands in its folder alone: nothing else asks which family a network is of."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from archs.registry import get_family, list_families
from tests.support.project import ROOT

CLASSES = {get_family(name).config_type.__name__ for name in list_families()}
SOURCES = [
    path
    for folder in ("archs", "analysis", "views", "commands")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.relative_to(ROOT).parts[1] not in list_families()
]


def told_apart(tree: ast.AST) -> Iterator[ast.AST]:
    """Config classes by name, and family names where something is compared with them or looked up by them."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)) and getattr(node, "id", getattr(node, "attr", "")) in CLASSES:
            yield node
        match node:
            case ast.Compare(left, _, comparators):
                asked: list[ast.expr | None] = [left, *comparators]
            case ast.Dict(keys, _):
                asked = list(keys)
            case ast.Subscript(_, index):
                asked = [index]
            case ast.MatchValue(value):
                asked = [value]
            case _:
                continue
        for each in asked:
            parts = each.elts if isinstance(each, (ast.Tuple, ast.List, ast.Set)) else [each]
            yield from (part for part in parts if isinstance(part, ast.Constant) and part.value in list_families())


def test_families_are_told_apart_in_their_folders_alone() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
    found = [f"{path.relative_to(ROOT)}:{node.lineno}" for path, tree in trees.items() for node in told_apart(tree)]
    assert len(trees) > 100
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        "isinstance(config, DenseNetConfig)",
        "x if family == 'densenet' else y",
        "{'vovnet': 1}[family]",
        "kinds['peleenet']",
        "family in ('densenet', 'peleenet')",
        "type(config) is configs.VoVNetConfig",
    ],
)
def test_asking_is_found(line: str) -> None:
    assert list(told_apart(ast.parse(line)))
