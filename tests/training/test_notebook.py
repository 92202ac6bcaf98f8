"""The notebook, run from top to bottom on the digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import ROOT

pytest.importorskip("accelerate")
pytest.importorskip("torch")

NOTEBOOK = ROOT / "notebooks" / "train_cifar.ipynb"
PARAMETERS = 'DATA, RECIPE, NETWORK = "digits", "digits", "densenetbc40_k12"\nCHANGES = {"epochs": 2}'


@pytest.mark.long
def test_it_runs_on_the_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    monkeypatch.chdir(ROOT)
    cells = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in cells), "it is kept without outputs"
    names: dict[str, Any] = {"__name__": "notebook"}
    for number, cell in enumerate(cells, start=1):
        is_parameters = "parameters" in cell["metadata"].get("tags", ())
        code = PARAMETERS if is_parameters else "".join(cell["source"])
        exec(compile(code, f"code cell {number}", "exec"), names)
    assert names["NETWORK"] == "densenetbc40_k12", "no cell is marked as the one with the parameters"
    run, matrix = names["run"], names["matrix"].to_numpy()
    assert matrix.sum() == len(names["images"].test)
    assert matrix.trace() / matrix.sum() == run.accuracy > 0.9
    assert [*names["curve"]["epoch"]] == [1, 2]
    assert names["strengths"].shape == (7, 7)
