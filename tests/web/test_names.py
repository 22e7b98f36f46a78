"""The names by which the page may be asked for, and the origins that may connect."""

import http.client
import socket

import pytest

from livedream import UserError, parameters
from livedream.session import parsing
from livedream.web import announce, reach
from livedream.web.server import Server

SHORT = socket.gethostname().partition(".")[0]
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "opened"])
def server(request):
    more = {"names": ["Stage.lan"], "origins": ["file://", "null", "https://show.example"]} if request.param else {}
    made = Server("127.0.0.1", 0, parameters.Table(parameters.PLAYER), **more)
    made.start()
    made.opened = request.param
    yield made
    made.stop()


def status(server, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request("GET", "/ws" if "Upgrade" in headers else "/status", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


OURS = [
    "localhost",
    "LOCALHOST.",
    "127.0.0.1",
    "[::1]",
    SHORT,
    SHORT.upper(),
    f"{SHORT}.",
    f"{SHORT}.local",
    f"{SHORT}.local.",
]


@pytest.mark.parametrize("name", OURS)
def test_our_own_names_are_taken(server, name):
    assert status(server, Host=f"{name}:{server.port}") == 200
    assert status(server, Host=f"{name}:{server.port}", Origin=f"http://{name}:{server.port}") == 200


def test_the_announced_name_is_taken(server):
    name = announce.announced_name(server.port)
    assert name == f"livedream-{server.port}-{SHORT}.local."[-len(name) :]
    for each in (name, name.removesuffix(".")):
        assert status(server, Host=f"{each}:{server.port}") == 200


STRANGERS = [
    "evil.example",
    "localhost.evil.example",
    f"{SHORT}.evil.example",
    f"{SHORT}.local.evil.example",
    "evil.local",
    "..",
    "",
    "127.0.0.1:x",
]


@pytest.mark.parametrize("name", [*STRANGERS, f"livedream-1-{SHORT}.local"])
def test_names_that_others_can_give_this_machine_are_refused(server, name):
    assert status(server, Host=name) == 403


def test_a_name_that_is_allowed_is_taken(server):
    for name in ("stage.lan", "STAGE.LAN."):
        assert status(server, Host=f"{name}:{server.port}") == (200 if server.opened else 403)


@pytest.mark.parametrize("origin", ["null", "file://", "https://show.example"])
def test_other_origins_connect_only_if_they_are_allowed(server, origin):
    assert status(server, Origin=origin, **UPGRADE) == (101 if server.opened else 403)
    assert status(server, Origin="https://evil.example", **UPGRADE) == 403
    assert status(server, **UPGRADE) == 101  # a program


@pytest.mark.parametrize("text", ["evil", "http://", "nul", "file:/", "http://a/b", ""])
def test_what_is_no_origin_is_refused(text):
    with pytest.raises(UserError, match="should be null"):
        parsing.origin(text)


@pytest.mark.parametrize("text", ["http://stage.lan", "stage.lan:80", "a b", ""])
def test_what_is_no_name_is_refused(text):
    with pytest.raises(UserError, match="host name"):
        parsing.host_name(text)


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        *((each, True) for each in ("127.0.0.1", "127.9.9.9", "::1", "localhost")),
        *((each, False) for each in ("0.0.0.0", "::", "", "192.0.2.7", "2001:db8::7")),
    ],
)
def test_what_only_this_machine_reaches_is_known(host, alone):
    assert reach.is_loopback(host) is alone
