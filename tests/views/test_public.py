"""Who is answered, what a link may say, and what one visitor knows of another."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient

from archs import get_config
from archs.design import Design
from tests.support.app import open_app, toasts
from views.cached import fingerprint
from views.guard import Guard

APP = Starlette(routes=[Mount("/", PlainTextResponse("ours"))], middleware=[Middleware(Guard)])
HERE, ELSEWHERE = ("127.0.0.1", 5000), ("10.0.0.7", 5000)


def asked(path: str, host: str, client: tuple[str, int]) -> tuple[int, str]:
    answer = TestClient(APP, client=client).get(path, headers={"host": host})
    return answer.status_code, answer.text


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_one_person_is_answered_at_this_machine(host: str) -> None:
    assert asked("/", host, HERE) == (200, "ours")
    status, sentence = asked("/", host, ELSEWHERE)
    assert status == 403
    assert "DENSESCOPE_PUBLIC=1" in sentence


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a@localhost", "localhost:x", ""])
def test_no_foreign_name_leads_here(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked("/", host, HERE)[0] == 403
    monkeypatch.setenv("DENSESCOPE_PUBLIC", "1")
    assert asked("/", host, HERE)[0] == 403
    assert asked("/", "localhost", ELSEWHERE)[0] == 200


def test_what_the_app_counts_of_itself_is_told_to_nobody() -> None:
    assert asked("/_stcore/metrics", "localhost", HERE)[0] == 404
    assert asked("/base/_stcore/metrics", "localhost", HERE)[0] == 404


def test_pages_load_nothing_from_elsewhere() -> None:
    policy = TestClient(APP, client=HERE).get("/", headers={"host": "localhost"}).headers["content-security-policy"]
    assert "http" not in policy
    assert "*" not in policy


@pytest.mark.parametrize("value", ["inf", "1e400", "nan", "-1", "", "9" * 5000, "٣"])
def test_a_number_of_a_link_is_taken_or_said(value: str) -> None:
    app = open_app(batch_size=value, image_size="32")
    assert app.session_state["batch_size"] == 1
    assert any("batch_size" in each for each in toasts(app))


@pytest.fixture
def designs() -> list[Design]:
    return [Design(name, get_config(arch)) for name in ("a", "b") for arch in ("densenet121", "vovnet39")]


def test_designs_are_known_by_the_whole_of_what_they_are(designs: list[Design]) -> None:
    known = {fingerprint(design) for design in designs}
    assert {len(each) for each in known} == {64}
    assert len(known) == len(designs)
