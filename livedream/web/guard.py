"""Access control for the servers of pages, and the headers of every answer."""

import ipaddress
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from livedream.web.access import KEY, OPEN, Access
from livedream.web.reach import own_names, plain_name

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler, Middleware

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the first address has the token in it
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
ROLE: ContextVar[str] = ContextVar("role")  # of the client whose request is answered
WEEK = 7 * 24 * 3600
NO_TOKEN = """<!doctype html><meta name="viewport" content="width=device-width"><title>livedream</title>
<p>This page opens by the address with ?k=… that livedream printed when it started, or by its QR code.
<p>You came by it? <a href="/">Go on</a>.
"""  # a browser keeps a strict cookie back after a link on another site; it sends it when it follows our own link


@dataclass(frozen=True)
class Rules:
    """Who is answered.

    Attributes:
        host: The host that the server is bound to.
        access: The tokens that let clients in.
        names: Further names by which this machine may be asked, such as one of a router's domain.
        origins: Further origins whose pages may connect: "null", "file://", "https://NAME".
    """

    host: str
    access: Access = OPEN
    names: Collection[str] = ()
    origins: Collection[str] = ()


def middleware(
    rules: Rules, headers: Mapping[str, str], refused: Callable[[str], None] = lambda why: None
) -> "Middleware":
    """Return an aiohttp middleware that refuses strangers, and other sites' pages.

    Host must be this machine (somebody else's name that points here is DNS rebinding), and Origin, which every
    browser adds to a WebSocket, must be our own page. If tokens are asked for, one must be in the cookie, in
    `Authorization: Bearer` or in the query.

    Args:
        rules: Who is answered.
        headers: Added to every answer, refusals too.
        refused: Called with the reason for each refused request.
    """
    from aiohttp import web

    own = {plain_name(each) for each in (rules.host, *rules.names)}
    origins = {each.lower().rstrip("/") for each in rules.origins}

    async def answer(request: "web.Request", handler: "Handler") -> "web.StreamResponse":
        if not _is_ours(request, own) or not _from_our_page(request, origins):
            refused("another site or name")
            raise web.HTTPForbidden(text="livedream: this page answers only to its own address\n")
        cookie, query = _cookie(request), request.query.get(KEY)
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        role = rules.access.role(cookie, query, bearer.strip() if scheme.lower() == "bearer" else None)
        if role is None:
            refused("no valid token")
            raise _no_token(request)
        ROLE.set(role)
        if query is None:
            return await handler(request)
        rest = request.rel_url.with_query([each for each in request.query.items() if each[0] != KEY])
        if request.path == "/" and "Upgrade" not in request.headers:
            return _enter(request, str(rest), query if rules.access.tokens and rules.access.role(query) else None)
        return await handler(request.clone(rel_url=rest))

    @web.middleware
    async def guard(request: "web.Request", handler: "Handler") -> "web.StreamResponse":
        allowed = dict(headers)
        if _is_ours(request, own):  # Safari before 15.4 does not take 'self' for a WebSocket
            ours = f"connect-src 'self' ws://{request.host}"
            allowed["Content-Security-Policy"] = headers["Content-Security-Policy"].replace("connect-src 'self'", ours)
        try:
            response = await answer(request, handler)
        except web.HTTPException as refusal:
            refusal.headers.update(allowed)
            raise
        if not response.prepared:
            response.headers.update(allowed)
        return response

    return guard


def _enter(request: "web.Request", target: str, token: str | None) -> "web.Response":
    """Send a browser on to the page without the token in its address, and keep the token as a cookie."""
    from aiohttp import web

    response = web.Response(status=303, headers={"Location": target})
    if token is not None:
        name = _cookie_name(request)
        response.set_cookie(name, token, max_age=WEEK, httponly=True, samesite="Strict", path="/")
    return response


def _no_token(request: "web.Request") -> "web.HTTPForbidden":
    from aiohttp import web

    if request.path == "/" and "text/html" in request.headers.get("Accept", ""):
        return web.HTTPForbidden(text=NO_TOKEN, content_type="text/html")
    return web.HTTPForbidden(text="livedream: a token is needed: the address with ?k=… that was printed at the start\n")


def _cookie_name(request: "web.Request") -> str:
    """Return the cookie's name. It has the port, for cookies are shared by all ports of a host."""
    return f"livedream-{urlsplit(f'//{request.host}').port or 80}"


def _cookie(request: "web.Request") -> str | None:
    return request.cookies.get(_cookie_name(request))


def _from_our_page(request: "web.Request", origins: Collection[str]) -> bool:
    origin = request.headers.get("Origin")
    if origin is None or origin.lower().rstrip("/") in origins:
        return True
    return urlsplit(origin).netloc.lower() == request.host.lower()


def _is_ours(request: "web.Request", own: Collection[str]) -> bool:
    """Return whether a request's Host names this machine by an address, as localhost, or by a name of its own."""
    try:
        asked = urlsplit(f"//{request.host}")
        name = plain_name(asked.hostname or "")
        _ = asked.port
    except ValueError:  # no port, say
        return False
    port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
    if name in own or name in own_names(port):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
