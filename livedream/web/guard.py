"""Access control for the servers of pages, and the headers of every answer."""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler, Middleware

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def middleware(host: str, headers: Mapping[str, str], refused: Callable[[], None] = lambda: None) -> "Middleware":
    """Return an aiohttp middleware that refuses what another site's page sends through the user's browser.

    Host must be this machine (somebody else's name that points here is DNS rebinding), and Origin, which every
    browser adds to a WebSocket, must be our own page.

    Args:
        host: the host that the server is bound to.
        headers: added to every answer.
        refused: called for each refused request.
    """
    from aiohttp import web

    @web.middleware
    async def guard(request: "web.Request", handler: "Handler") -> "web.StreamResponse":
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != request.host.lower()
        if foreign or not _is_ours(request.host, host):
            refused()
            raise web.HTTPForbidden(text="livedream: this page answers only to its own address\n")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(headers)
        return response

    return guard


def _is_ours(asked: str, bound: str) -> bool:
    """Return whether a Host header names this machine by an address, as localhost, or by its own name."""
    name = (urlsplit(f"//{asked}").hostname or "").lower()
    own = socket.gethostname().lower()
    if name in {"localhost", bound.lower(), own, f"{own}.local"}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
