"""Whatever a design asks for, the work is bounded before it begins; `python -m scripts.fuzz --ceiling` prints times."""

from __future__ import annotations

import pytest

from archs.described import MAX_EXPORTED
from archs.design import Design
from archs.plan import MAX_LAYERS
from cli import main
from tests.support.exhaustive import examples
from tests.support.fuzz.ceiling import MAX_WORK, works


@pytest.fixture(scope="module")
def found():
    return list(works(0, examples(20)))


def test_no_summary_makes_more_layers_than_are_stated(found):
    """Of networks with too many layers, and at sizes that do not fit, a sentence says so within the same bound."""
    assert max(work.layers for work in found) <= MAX_WORK
    assert max(work.layers for work in found) > MAX_LAYERS, "no design was huge"
    assert {work.weight_bytes is None for work in found} == {True, False}


def test_no_export_begins_above_its_bound(found, tmp_path, capsys):
    above = [work for work in found if (work.weight_bytes or 0) > MAX_EXPORTED]
    assert above, "no design was huge"
    for work in above:
        file, path = tmp_path / "design.json", tmp_path / "model.safetensors"
        file.write_text(Design("huge", work.config).to_json(), encoding="utf-8")
        size = [] if work.image_size is None else ["--image-size", str(work.image_size)]
        assert main(["export", str(file), "--safetensors", str(path), *size]) == 2
        assert capsys.readouterr().err.startswith(f"error: Its weights would have {work.weight_bytes / 1e9:,.1f} GB; ")
        assert not path.exists()
