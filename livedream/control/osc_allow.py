"""The hosts that OSC is taken from."""

import ipaddress
import socket
from collections.abc import Callable, Iterable

from livedream import UserError

OPTION = "--osc-allow"


def allowed(hosts: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that says whether OSC is taken from an IP. This machine always may send.

    Args:
        hosts: Names, IPs and networks, also several in one text with commas between; none at all: everybody may send.

    Raises:
        UserError: one of them is no host.
    """
    networks = [network for text in hosts for each in text.split(",") for network in _networks(each.strip())]
    if not networks:
        return lambda ip: True

    def may(ip: str) -> bool:
        try:
            address = _plain(ipaddress.ip_address(ip.partition("%")[0]))
        except ValueError:
            return False
        return address.is_loopback or any(address in each for each in networks)

    return may


def _networks(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(text, strict=False)]
    except ValueError:
        pass
    if "/" in text or not text:
        raise UserError(f"{OPTION} {text}: should be a host name, an IP or a network such as 192.168.1.0/24")
    try:
        found = {str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(text, None)}
    except (OSError, UnicodeError) as error:
        raise UserError(f"{OPTION} {text}: no such host ({error})") from None
    return [ipaddress.ip_network(each) for each in found]


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 socket shows as ::ffff:a.b.c.d."""
    return getattr(address, "ipv4_mapped", None) or address
