"""OSC addresses and their prefix, and the targets of OSC packets."""

import socket
from collections.abc import Callable, Iterable

from livedream import UserError

PORT = 9000  # UDP, the default
TCP = "tcp://"  # what stands before an address of OSC over TCP
PREFIX = "/livedream"  # the default

Target = tuple[str, int]  # IPv4 address, UDP port
Send = Callable[[bytes, Target], object]  # sends one packet to a target


def normal_prefix(text: str) -> str:
    """Return a prefix as addresses begin with it: "/show" for "show/"; "" for "/"."""
    return "/" + text.strip("/") if text.strip("/") else ""


def local_name(address: str, prefix: str = PREFIX) -> str:
    """Return an address as the parameter table has it: "player/speed" for "/livedream/player/speed".

    An address that begins with the default prefix is understood under every prefix. One without a leading slash is
    the table's already, also where a prefix is named like a part of the table: "dream/scene" under "/dream".
    """
    for each in (normal_prefix(prefix), PREFIX):
        if each and address.startswith(each + "/"):
            return address.removeprefix(each).strip("/")
    return address.strip("/")


def host_port(text: str, option: str = "--osc") -> tuple[str, int]:
    """Split HOST:PORT into the host, as it is written, and the port.

    Args:
        option: the command-line option that an error names.

    Raises:
        UserError: `text` is not HOST:PORT.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"{option} {text}: not HOST:PORT, as in 127.0.0.1:{PORT}")
    return host, int(port)


def listening(texts: Iterable[str]) -> tuple[Target | None, Target | None]:
    """Return the UDP and the TCP address among those given with --osc; of several, the last.

    Raises:
        UserError: a text is neither HOST:PORT nor tcp://HOST:PORT.
    """
    udp = tcp = None
    for each in texts:
        if each.startswith(TCP):
            tcp = host_port(each.removeprefix(TCP), f"--osc {TCP}")
        else:
            udp = host_port(each)
    return udp, tcp


def ip_of(host: str, option: str) -> str:
    """Return the IPv4 address of a host; may wait for a name server.

    Args:
        option: the command-line option that an error names.

    Raises:
        UserError: there is no such host.
    """
    try:
        return str(socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise UserError(f"{option} {host}: no such host ({error})") from None
