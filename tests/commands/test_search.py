"""`cli.py search`: the front for people and machines, budgets as options, one line for bad input."""

import csv
import io
import json

import pytest

import analysis
from cli import main

COMMAND = "search --space densenet-bc-cifar --limit 3000 --max-params 1e6 --min-depth=40 --max-macs 300e6"


def run(line, capsys):
    status = main(line.split())
    return status, capsys.readouterr()


def test_the_front_is_that_of_the_search(capsys):
    status, printed = run(f"{COMMAND} --minimize memory-access-cost --maximize depth --format json", capsys)
    assert status == 0
    found = analysis.search(
        "densenet-bc-cifar",
        {"params": (None, 1e6), "depth": (40, None), "macs": (None, 300e6)},
        {"memory_access_cost": "min", "depth": "max"},
        limit=3000,
    )
    rows = json.loads(printed.out)
    assert [row["index"] for row in rows] == found.front["index"].tolist()
    assert [row["macs"] for row in rows] == found.front["macs"].tolist()
    assert rows[0]["block_config"] == list(found.configs[0].block_config)


def test_the_table_says_what_was_found_and_excluded(capsys):
    status, printed = run(f"{COMMAND} --minimize memory_access_cost", capsys)
    assert status == 0
    assert "3,000 of 1,814,400 configs of the space densenet-bc-cifar were looked at, drawn with seed 0" in printed.out
    for word in ("block_config", "growth_rate", "Memory access", "Parameters ≤ 1.00\u2009M", "Depth ≥ 40", "Excludes"):
        assert word in printed.out
    assert not printed.err


def test_predicted_time_is_named_so(capsys, tmp_path):
    line = (
        "search --space densenet-bc-cifar --limit 20 --minimize predicted_seconds --device RTX_3090 --batch 64 "
        f"--execution compiled --store {tmp_path}"
    )
    status = main([part.replace("RTX_3090", "RTX 3090") for part in line.split()])
    printed = capsys.readouterr()
    assert status == 0
    assert "Predicted time" in printed.out
    assert "Times are predicted, not measured" in printed.out
    assert list(tmp_path.glob("part-*.parquet"))


def test_csv_has_every_field_and_quantity(capsys):
    status, printed = run("search --space peleenet --limit 50 --seed 3 --format csv", capsys)
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert status == 0
    assert rows
    assert {"index", "growth_rate", "bottleneck_width", "params", "bytes_moved", "depth"} <= set(rows[0])


BAD_INPUT = {
    "search --space densenet-bc": "There is no space 'densenet-bc'; the nearest names are 'densenet-bc-cifar'",
    "search --max-parms 3": "There is no quantity 'parms'; the nearest names are 'params'",
    "search --minimize mac": "There is no quantity 'mac'; the nearest names are 'macs'",
    "search --most-params 3": "the option is '--most-params', but must be one that `search --help` lists",
    "search vovnet": "the option is 'vovnet'",
    "search --max-params few": "--max-params is 'few', but must be a number such as 8e6",
    "search --max-params": "--max-params is '', but must be a number",
    "search --max-params nan": "numbers",
    "search --max-params 1e6 --min-params 1e7": "whose lower bound is not above the upper",
    "search --limit 2000 --max-params 1e6 --min-macs 6e9": "none keeps both Parameters ≤ 1.00 M and MACs ≥ 6.00 G",
    "search --limit 0": "limit is 0",
    "search --seed x": "seed is 'x'",
    "search --device 4090": "nearest names are 'RTX 4090'",
    "search --precision fp4": "precision is 'fp4'",
    "search --execution slow": "execution is 'slow'",
    "search --batch 0": "batch_size is 0",
    "search --jobs many": "jobs is 'many'",
    "search --format xml": "format is 'xml'",
    "search --limit 9 --minimize receptive_field --store /dev/null/x": "Cannot keep values in '/dev/null/x'",
}


@pytest.mark.parametrize("line", BAD_INPUT)
def test_bad_input_ends_with_one_line(line, capsys):
    status, printed = run(line, capsys)
    assert status == 2
    assert not printed.out
    [sentence] = printed.err.splitlines()
    assert sentence.startswith("error: ")
    assert BAD_INPUT[line] in sentence.replace("\u2009", " ")
