"""What makes the first page come sooner, in its final form: server and browser load ahead what every page needs."""

from __future__ import annotations

import gc
import re
import time
import webbrowser
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from pkgutil import walk_packages
from threading import Thread
from typing import Any

import streamlit
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, RedirectResponse

from views.guard import Guard
from views.public import is_public

#: Of the browser: what the first picture of a page waits for. More at once and all come later.
SCRIPTS = ("PlotlyChart",)
#: Bytes of a script within which it imports others.
HEAD = 20_000
_STATIC = Path(streamlit.__file__).parent / "static"
_STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
_IMPORTED = re.compile(r'from"\./([\w.-]+\.js)"')


@asynccontextmanager
async def load_ahead(app: object) -> AsyncIterator[None]:
    """Import what the pages need while the browser, which has yet to load Streamlit, asks for no page."""
    Thread(target=import_all, daemon=True).start()
    if not streamlit.get_option("server.headless"):
        Thread(target=prepare_work, daemon=True).start()
        webbrowser.open(f"http://localhost:{streamlit.get_option('server.port')}")
    yield


def import_all() -> None:
    """Import all that pages are made of, and make the charts' templates."""
    import views
    from views import pages, theme

    import_module("pandas.io.formats.style")
    run = {f"views.{page.script.removesuffix('.py').replace('/', '.')}" for page in pages.PAGES}
    for module in walk_packages(views.__path__, "views."):
        if module.name not in run:
            import_module(module.name)
    assert theme.LIGHT.template
    assert theme.DARK.template
    gc.freeze()  # modules stay for good: nobody need look through them for garbage


#: Seconds that nothing must have been computed for before the next of what heavy work needs is imported.
IDLE_S = 10.0


def prepare_work() -> None:
    """Let the process of heavy work import what it needs, one by one, while a person looks at their first page.

    That takes most of a gigabyte of memory, so that shared servers do without.
    """
    from views.work import process, tasks
    from views.work.turns import TURNS

    for module in () if is_public() else tasks.IMPORTED:
        while TURNS.idle_seconds() < IDLE_S:
            time.sleep(IDLE_S / 4)
        process.import_ahead(module)
        time.sleep(IDLE_S / 4)


class OwnPage:
    """Answers with Streamlit's page that brings our style along, and says which scripts the browser will need."""

    def __init__(self, app: Any) -> None:
        self.app = app
        found = [path for name in SCRIPTS for path in (_STATIC / "static" / "js").glob(f"{name}.*.js")]
        imported = (_IMPORTED.findall(path.read_bytes()[:HEAD].decode(errors="replace")) for path in found)
        self.scripts = list(dict.fromkeys([*(path.name for path in found), *chain.from_iterable(imported)]))
        links = ", ".join(f"<static/js/{name}>; rel=modulepreload" for name in self.scripts)
        # At the end of the body our rules come after Streamlit's, which it adds to the head as it runs.
        page = (
            (_STATIC / "index.html").read_text(encoding="utf-8").replace("</body>", f"<style>{_STYLE}</style></body>")
        )
        self.response = HTMLResponse(page, headers={"cache-control": "no-cache", "link": links})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        replaced = False

        async def send_own(message: MutableMapping[str, Any]) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                kind = dict(message["headers"]).get(b"content-type", b"")
                replaced = message["status"] == 200 and kind.startswith(b"text/html")
                if replaced:
                    await self.response(scope, receive, send)
            if not replaced:
                await send(message)

        await self.app(scope, receive, send_own)


@cache
def start_path() -> str:
    """The start page's own name; to know it takes the pages, so only what may be a page's name is compared with it."""
    from views.pages import PAGES

    return next(f"/{Path(page.script).stem}" for page in PAGES if page.is_start)


class StartPage:
    """Leads the start page's own name to where it stands: Streamlit knows it by no name."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"][1:].isidentifier() and scope["path"] == start_path():
            query = scope["query_string"].decode()
            await RedirectResponse(f"./?{query}" if query else "./")(scope, receive, send)
        else:
            await self.app(scope, receive, send)


MIDDLEWARE = [Middleware(Guard), Middleware(StartPage), Middleware(OwnPage)]
