"""What server and browser load ahead of the first page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import streamlit
from starlette.middleware import Middleware

from tests.support.project import run_python
from views.server import SCRIPTS, OwnPage, StartPage


def test_what_pages_need_is_imported_without_torch() -> None:
    run_python(
        "import sys\nfrom views.server import import_all\nimport_all()\n"
        "assert {'pandas', 'views.charts.depth', 'views.search.question'} <= set(sys.modules)\n"
        "assert 'torch' not in sys.modules"
    )


def test_the_browser_is_told_of_scripts_that_there_are() -> None:
    folder = Path(streamlit.__file__).parent / "static" / "static" / "js"
    names = OwnPage(None).scripts
    assert {name.partition(".")[0] for name in names} >= set(SCRIPTS)
    assert all((folder / name).exists() for name in names)


@pytest.mark.parametrize(("media_type", "ours"), [(b"text/html; charset=utf-8", True), (b"text/javascript", False)])
def test_the_page_brings_our_style(media_type: bytes, ours: bool) -> None:
    sent: list[dict[str, Any]] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", media_type)]})
        await send({"type": "http.response.body", "body": b"theirs"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with pytest.raises(StopIteration):  # to its end, beside the loop that a browser's tests may have running
        OwnPage(page)({"type": "http"}, None, send).send(None)
    start, body = sent
    assert (b"link" in dict(start["headers"])) == ours
    assert (b".paper-table" in body["body"]) == ours
    assert (body["body"] == b"theirs") != ours


def test_the_start_page_is_found_by_its_name():
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    client = TestClient(Starlette(middleware=[Middleware(StartPage)]), follow_redirects=False)
    for asked, given in (
        ("/compare", "./"),
        ("/compare?networks=peleenet&device=A100", "./?networks=peleenet&device=A100"),
    ):
        answer = client.get(asked)
        assert (answer.status_code, answer.headers["location"]) == (307, given)
    assert client.get("/layers").status_code == 404
