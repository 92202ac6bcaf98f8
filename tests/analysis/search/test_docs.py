"""docs/search.md: its examples run, its tables are what the code says of the networks that they name."""

import re
from dataclasses import replace

import pytest

import analysis
from analysis.search.evidence import proxy_evidence
from archs import get_config
from commands.options import parse_value
from scripts.matched_budget import NAME, TIMES, TOLERANCE, reference
from scripts.matched_budget import _cells as cells
from tests.support.project import ROOT

DOCUMENT = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
BASES = {"DenseNet-BC": "densenet121", "VoVNet": "vovnet39"}


def part(name):
    return re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", DOCUMENT, flags=re.DOTALL)[1]


def best_rows():
    """Every network of the table but the first, DenseNet-121: its title, its cells and its config."""
    for line in part("best").splitlines()[3:]:
        title, _, *found, fields = [cell.strip() for cell in line.strip("|").split("|")]
        pairs = re.findall(r"(\w+)=(\([^)]*\)|[^,`]+)", fields)
        base = get_config(BASES[title.partition(",")[0]])
        yield title, found, replace(base, **{field: parse_value(value) for field, value in pairs})


ROWS = list(best_rows())


def test_the_table_compares_the_families():
    assert {title for title, _, _ in ROWS} == {"DenseNet-BC", "DenseNet-BC, depth ≥ 121", "VoVNet"}
    assert len(ROWS) == 9


@pytest.mark.parametrize(("title", "found", "config"), ROWS)
def test_the_table_is_what_the_code_says(title, found, config):
    summary, budget = analysis.summarize(config), analysis.summarize(NAME)
    assert all(abs(getattr(summary, key) / getattr(budget, key) - 1) <= TOLERANCE for key in ("params", "macs"))
    row = {key: getattr(summary, key) for key in ("params", "macs", "memory_access_cost")}
    row |= {"depth": summary.depth.total} | {key: time(config) for key, time in TIMES.items()}
    assert found == [*cells(row, reference())]


def test_what_is_known_of_the_proxy_is_up_to_date():
    assert part("proxy") == f"> {proxy_evidence().sentence()}\n"


def test_the_example_runs(capsys):
    code = re.search(r"^```python\n(import analysis.*?)^```$", DOCUMENT, flags=re.DOTALL | re.MULTILINE)[1]
    exec(compile(code.replace("limit=20_000", "limit=2_000"), "search.md", "exec"), {})
    assert "2,000 of 1,575,000 configs" in capsys.readouterr().out


def test_the_space_of_the_example_is_one():
    [code] = re.findall(r"^choices = .*\nspace = .*$", DOCUMENT, flags=re.MULTILINE)
    names = {"analysis": analysis}
    exec(code, names)
    assert names["space"].size == 9 * 3 * 3
