"""Who is answered, what a link may say, and what one visitor knows of another."""

from __future__ import annotations

from collections.abc import Iterator
from time import time

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from archs import get_config, kept
from archs.design import Design
from tests.support.app import open_app, toasts
from views.answers import fingerprint
from views.guard import Guard
from views.public import clear_left, keep_apart, note_visit

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


def test_a_visitor_is_told_to_install_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def needs_torch() -> None:
        from archs.errors import MissingPackageError
        from views.widgets import errors_said

        with errors_said():
            raise MissingPackageError("Cross-checking counters", "torch")

    assert "pip install torch" in AppTest.from_function(needs_torch).run().error[0].value
    monkeypatch.setenv("DENSESCOPE_PUBLIC", "1")
    app = AppTest.from_function(needs_torch).run()
    assert not app.error
    assert "what takes the package torch works at your own machine" in app.info[0].value


@pytest.mark.parametrize("value", ["inf", "1e400", "nan", "-1", "", "9" * 5000, "٣"])
def test_a_number_of_a_link_is_taken_or_said(value: str) -> None:
    app = open_app(batch_size=value, image_size="32")
    assert app.session_state["batch_size"] == 1
    assert any("batch_size" in each for each in toasts(app))


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DENSESCOPE_PUBLIC", "1")
    yield
    kept.asked_elsewhere.clear()


#: What only the owner of a machine may do there: keys and labels of widgets.
OWNERS = {"Run", "Measure here", "Start training", "How long will it take?", "Delete these for good"}


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize(
    ("page", "params"),
    [
        ("views/hardware/hardware.py", {"section": "Benchmark here"}),
        ("views/memory/memory.py", {"part": "Schemes measured"}),
        ("views/training/training.py", {}),
        ("views/architecture/architecture.py", {"aspect": "Feature reuse"}),
        ("views/search/search.py", {"looked_at": "500,000"}),
    ],
)
def test_a_shared_server_does_nothing_to_its_host(page: str, params: dict[str, str]) -> None:
    app = open_app(page, **params)
    assert not OWNERS & {button.label for button in app.button}
    assert not [box for box in app.text_input if str(box.key).startswith("weights_")]
    if page.rpartition("/")[2] in ("hardware.py", "memory.py", "training.py"):
        assert any("at your own machine" in each.value for each in app.info)
    if params.get("looked_at"):
        assert app.selectbox(key="looked_at").value == "10,000"
    assert kept.users_folder().parent.name.startswith("densescope-visitors-")


@pytest.mark.usefixtures("public")
def test_visitors_have_stores_of_their_own_until_they_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = {}
    for visitor in ("a", "b"):
        monkeypatch.setattr("views.public.session_id", lambda visitor=visitor: visitor)
        keep_apart()
        note_visit()
        stores[visitor] = kept.users_folder()
        stores[visitor].mkdir()
    assert stores["a"] != stores["b"]
    assert stores["a"].parent.stat().st_mode & 0o077 == 0
    assert clear_left(time()) == []
    assert {"a", "b"} <= set(clear_left(time() + 10_000))
    assert not any(store.exists() for store in stores.values())


@pytest.fixture
def designs() -> list[Design]:
    return [Design(name, get_config(arch)) for name in ("a", "b") for arch in ("densenet121", "vovnet39")]


def test_designs_are_known_by_the_whole_of_what_they_are(designs: list[Design]) -> None:
    known = {fingerprint(design) for design in designs}
    assert {len(each) for each in known} == {64}
    assert len(known) == len(designs)
