"""Who is answered, and what a page may load: one person at this machine, or all under the names of a public server."""

from __future__ import annotations

import ipaddress
from collections.abc import MutableMapping
from typing import Any

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from views.public import PUBLIC, is_public

#: What the app counts of itself is told to nobody; an agent has no business here.
CLOSED = ("/_stcore/metrics", "/_stcore/agent")
ELSEWHERE = (
    "DenseScope answers one person, at the machine that it runs on, under http://localhost:{port}. "
    f"To serve others, start it with {PUBLIC}=1 and the names it is reached by as server.allowedHosts "
    "(docs/security.md).\n"
)
UNKNOWN_HOST = "DenseScope is not served under this name: server.allowedHosts lists its names (docs/security.md).\n"
#: A page loads what it is made of, and what it draws itself; nothing from elsewhere, and nobody frames it.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Guard:
    """Turns away who is not meant, before anything else is asked; tells browsers what pages may load."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif sentence := refusal(scope):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await PlainTextResponse(sentence, 403)(scope, receive, send)
        elif any(closed in scope["path"] for closed in CLOSED):
            await PlainTextResponse("Not found", 404)(scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send))


def refusal(scope: Any) -> str:
    """Why somebody is not answered; empty for those who are."""
    host = Headers(scope=scope).get("host")
    if is_public():
        return "" if is_host_allowed(host) else UNKNOWN_HOST
    if is_host_allowed(host) and is_here(scope.get("client")):
        return ""
    return ELSEWHERE.format(port=streamlit.get_option("server.port"))


def is_here(client: tuple[str, int] | None) -> bool:
    """Whether a request comes from this machine: from a loopback address, or through a socket without one.

    >>> is_here(("127.0.0.1", 5000)), is_here(("::1", 5000)), is_here(None), is_here(("10.0.0.7", 5000))
    (True, True, True, False)
    """
    if client is None:
        return True
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _with_headers(send: Any) -> Any:
    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return send_with_headers
