"""What a session opens to the network, in words for the user."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from livedream.control.osc import Receiver
from livedream.session.run_options import RunOptions
from livedream.web import reach
from livedream.web.access import ADMIN, PLAY, qr_code

if TYPE_CHECKING:
    from livedream.web.server import Server


def lines(options: RunOptions, receiver: Receiver, server: "Server | None") -> Iterator[str]:
    """Give one line that says what is open to whom, the page's addresses, and a QR code if a terminal shows it."""
    doors, shown = [], sys.stdout.isatty() and not options.json_log
    if server and not reach.is_loopback(server.host):
        doors.append(f"page: {_page_to(server)}")
    if not all(reach.is_loopback(each) for each in receiver.hosts):
        who = f"{', '.join(options.osc_allow)} only" if options.osc_allow else "anybody; --osc-allow HOST limits it"
        doors.append(f"OSC: {who}")
    if doors:
        yield f"open to the network: {' · '.join(doors)}"
    if server and server.access.tokens:
        for role, what in ((ADMIN, "everything"), (PLAY, "playing only")):
            if role in server.addresses:
                yield f"page for {what}: {server.addresses[role]}"
        if PLAY in server.addresses and not reach.is_loopback(server.host) and shown:
            yield qr_code(server.addresses[PLAY])  # an audience may see this screen
    for each in options.web_origin:
        if server and each in ("null", "file://"):
            opened = "any local HTML file, and frames of websites, in a browser that has access can control this show"
            yield f"note: --web-origin {each}: {opened}"


def _page_to(server: "Server") -> str:
    tokens = server.access.tokens
    if not tokens:
        return "anybody, without a token"
    return f"who has the address with a token for {' or '.join(role for role in (PLAY, ADMIN) if role in tokens)}"
