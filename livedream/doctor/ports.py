"""Checks of the default network ports, and of announcing them."""

import os
import socket
import sys

from livedream.doctor.finding import Finding
from livedream.system import machine


def ports() -> list[Finding]:
    """Report whether the default ports of OSC and of the page are free."""
    from livedream.control import osc_address
    from livedream.web import server

    return [
        _port("OSC", osc_address.PORT, socket.SOCK_DGRAM, "udp", "--osc"),
        _port("page", server.PORT, socket.SOCK_STREAM, "tcp", "--web"),
    ]


def announced() -> list[Finding]:
    """Report whether OSC and OSCQuery are announced, so that other programs find them."""
    version = machine.version_of("zeroconf")
    if version:
        return [Finding("ports", "zeroconf", True, f"OSC and OSCQuery are announced; zeroconf {version}")]
    says = "not installed: OSC and OSCQuery work, but are not announced"
    return [Finding("ports", "zeroconf", None, says, "pip install 'livedream[oscquery]'")]


def _port(what: str, port: int, kind: int, protocol: str, option: str) -> Finding:
    name = f"{port}/{protocol}"
    if _free(port, kind):
        return Finding("ports", name, True, f"free; {what} at 127.0.0.1:{port}")
    following = next((each for each in range(port + 1, port + 100) if each < 65536 and _free(each, kind)), None)
    says = f"taken; {what} will use {following} and say so" if following else "taken, and so are the next 99"
    mend = f"end the program that uses it ({_find_holder(protocol, port)}), or choose: {option} 127.0.0.1:PORT"
    return Finding("ports", name, False, says, mend)


def _free(port: int, kind: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as trying:
        if kind == socket.SOCK_STREAM and os.name == "posix":  # the server binds it like this
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _find_holder(protocol: str, port: int) -> str:
    """Return the system's command that shows which program uses a port."""
    if sys.platform == "win32":
        return f"netstat -ano | findstr :{port}"
    if sys.platform == "darwin":
        return f"lsof -i {protocol}:{port}"
    return f"ss -{'u' if protocol == 'udp' else 't'}lpn sport = :{port}"
