"""By which address and which names this machine is reached."""

import ipaddress
import socket

from livedream.web.announce import announced_name

ANYWHERE = ("", "0.0.0.0", "::")
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}  # for documentation: no machine has them


def is_loopback(host: str) -> bool:
    """Return whether only this machine can connect to what listens on `host`."""
    if host in ANYWHERE:
        return False
    try:
        found = {str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # nothing can listen there; that is said when it is tried
        return False
    return all(ipaddress.ip_address(each).is_loopback for each in found)


def address_of(host: str) -> str:
    """Return an IP address by which other machines reach what listens on `host`; its name if none is known.

    Of several networks it is the one that leads to the Internet, for there the phones are.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if host not in ANYWHERE:
        try:
            return str(socket.getaddrinfo(host, None, family)[0][4][0])
        except (OSError, UnicodeError):
            return host
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((_ELSEWHERE[family], 9))  # sends nothing: the system only chooses the way
            return str(asking.getsockname()[0])
        except OSError:  # no way leads out
            return next(iter(_own_addresses(family)), socket.gethostname())


def _own_addresses(family: socket.AddressFamily) -> list[str]:
    import psutil

    found = [each.address for adapter in psutil.net_if_addrs().values() for each in adapter if each.family == family]
    usable = [each for each in found if "%" not in each and not ipaddress.ip_address(each).is_loopback]
    return sorted(usable, key=lambda each: ipaddress.ip_address(each).is_link_local)


def plain_name(name: str) -> str:
    """Return a host's name as names are compared: in small letters, without the root's dot."""
    return name.lower().removesuffix(".")


def own_names(port: int) -> set[str]:
    """Return the names of this machine, and that under which zeroconf announces the page at `port`."""
    whole = plain_name(socket.gethostname())
    short = whole.partition(".")[0]
    return {"localhost", whole, short, f"{short}.local", plain_name(announced_name(port))}
