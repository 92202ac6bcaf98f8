"""The table for a paper: what it says, and that LaTeX would take it as it is."""

from __future__ import annotations

import re

import pytest

from analysis import summarize
from analysis.structure.paper import paper_peers, paper_table, to_latex, to_markdown
from archs.design import Design
from archs.registry import get_config

TABLE_1 = paper_peers("densenet121")
CASES = [TABLE_1, ["peleenet"], ["densenet121", "vovnet39"], ["densenet121", "densenetbc100_k12"]]


def latex(names: list[str]) -> str:
    return to_latex(paper_table([summarize(name) for name in names]))


def columns_of(row: str) -> int:
    """How many columns the cells of a row take."""
    spans = re.findall(r"\\multicolumn\{(\d+)\}", row)
    return len(re.findall(r"(?<!\\)&", row)) + 1 + sum(int(span) - 1 for span in spans)


@pytest.mark.parametrize("names", CASES)
def test_every_row_has_every_column_and_environments_end(names: list[str]) -> None:
    text = latex(names)
    [aligned] = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {columns_of(row) for row in rows} == {len(aligned)}
    begun, ended = (re.findall(rf"\\{word}\{{([\w*]+)\}}", text) for word in ("begin", "end"))
    assert begun == ended[::-1]
    assert text.isascii()
    assert not re.search(r"(?<!\\)[_#^]", text)
    heights = [int(height) for height in re.findall(r"\\multirow\{(\d+)\}", text)]
    assert sum(row.lstrip().startswith("&") for row in rows) == sum(height - 1 for height in heights)


def test_the_papers_own_table() -> None:
    assert TABLE_1 == ["densenet121", "densenet169", "densenet201", "densenet264"]
    text = latex(TABLE_1)
    assert len(text) < 4000
    assert r"\multirow{2}{*}{stem} & 112$\times$112 & \multicolumn{4}{c}{7$\times$7 conv, stride 2} \\" in text
    blocks = re.findall(r"dense block (\d).*?conv\] \$\\times\$ (\d+)", text)
    assert blocks == [("1", "6"), ("2", "12"), ("3", "24"), ("4", "16")]
    assert r"Parameters &  & 7.98\,M & 14.1\,M & 20.0\,M & 33.3\,M \\" in text


def test_names_are_text_and_not_code() -> None:
    found = paper_table([summarize(Design("50% of a_b | c", get_config("peleenet")))])
    assert r"50\% of a\_b" in to_latex(found)
    assert r"50% of a_b | c for inputs" in to_markdown(found)
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in to_markdown(found).splitlines()[2:]}) == 1
