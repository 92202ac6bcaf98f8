"""The film of a data flow: its marks, its files, and what the section offers."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pytest
from PIL import Image

from analysis import memory
from analysis.structure.data_flow import flow
from tests.support.app import open_app
from views.charts.flow import HEIGHT, WIDTH, films, gif, moving_svg, step_ms, svg
from views.theme import DARK, LIGHT, Theme

ARCHITECTURE = "views/architecture/architecture.py"


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_marks_stay_within_the_picture_and_their_steps(theme: Theme) -> None:
    flows = [flow(memory("densenet121"), "dense block 3"), flow(memory("vovnet39"), "OSA stage 2")]
    for film, one in zip(films(flows, theme), flows, strict=True):
        for mark in film.marks:
            assert 0 <= mark.first <= mark.last < len(one.steps)
            assert all(-0.1 <= x <= WIDTH + 0.1 and 0 <= y <= HEIGHT for x, y in mark.points), mark
        assert len(film.words) == len(one.steps)
        ElementTree.fromstring(svg(film))


def test_the_files_play_every_step() -> None:
    shown = films([flow(memory("densenet_cifar"), "dense block 1"), flow(memory("vovnet39"), "OSA stage 2")], LIGHT)
    steps = max(len(film.words) for film in shown)
    picture = Image.open(io.BytesIO(gif(shown[1:], LIGHT)))
    assert picture.n_frames == len(shown[1].words)
    root = ElementTree.fromstring(moving_svg(shown, LIGHT))
    times = {element.get("dur") for element in root.iter("{http://www.w3.org/2000/svg}animate")}
    assert times == {f"{(steps + 3) * step_ms(shown) / 1000:.2f}s"}


def test_a_network_alone_stands_beside_one_of_another_family() -> None:
    for name, other in {"peleenet": "vovnet39", "vovnet57": "densenet121"}.items():
        app = open_app(ARCHITECTURE, network=name, aspect="Data flow")
        assert not app.error
        assert app.selectbox(key="flow_part_beside").label == f"Part of {other}"
    app = open_app(ARCHITECTURE, network="densenet121", beside="densenet169", aspect="Data flow", flow_part="head")
    assert "densenet121, head: nothing is concatenated" in " ".join(each.value for each in app.markdown)
    assert app.selectbox(key="flow_part_beside").label == "Part of densenet169"
