"""OSC and OSCQuery announced on the network by zeroconf, so that other programs list this instrument.

Needs the extra [oscquery]; without it nothing is announced. A service that listens on this machine only is announced
on this machine only.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import zeroconf

log = logging.getLogger("livedream.web")

LATER = 2.5  # seconds after the start; the first frames need the processor more
ANYWHERE = ("", "0.0.0.0", "::")
OSC, QUERY = "_osc._udp.local.", "_oscjson._tcp.local."


class Announcement:
    """Announces from `start` to `stop`, in a thread of its own; neither waits for the network.

    Args:
        services: gives (OSC or QUERY, host, port) of each service; called in the thread: by then the ports are known.
        later: seconds to wait before announcing.
    """

    def __init__(self, services: Callable[[], Iterable[tuple[str, str, int]]], later: float = LATER):
        self._services, self._later = services, later
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announce", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Begin to withdraw the announcement."""
        self._stopping.set()

    def stop(self) -> None:
        """Withdraw the announcement; what takes longer than a second is left to expire."""
        self.end()
        self._thread.join(1.0)

    def _run(self) -> None:
        if self._stopping.wait(self._later):
            return
        try:
            import zeroconf
        except ImportError:
            return
        services, open_ = list(self._services()), []
        try:
            for host in {host for _, host, _ in services}:
                everywhere = host in ANYWHERE
                addresses = own_addresses() if everywhere else [socket.gethostbyname(host)]
                interfaces = zeroconf.InterfaceChoice.All if everywhere else addresses
                announcing = zeroconf.Zeroconf(interfaces=interfaces, ip_version=zeroconf.IPVersion.V4Only)
                open_.append(announcing)
                for kind, at, port in services:
                    if at == host and not self._stopping.is_set():
                        announcing.register_service(_info(kind, addresses, port), allow_name_change=True)
            self._stopping.wait()
        except Exception as error:  # a network that is down, say: nothing else depends on this
            log.info("not announced by zeroconf: %s", str(error) or type(error).__name__)
        finally:
            for each in open_:
                each.close()  # withdraws the services


def _info(kind: str, addresses: list[str], port: int) -> "zeroconf.ServiceInfo":
    import zeroconf

    name = f"livedream {socket.gethostname().partition('.')[0]} {port}"[-63:]
    return zeroconf.ServiceInfo(kind, f"{name}.{kind}", port, server=announced_name(port), parsed_addresses=addresses)


def announced_name(port: int) -> str:
    """Return the host name under which what listens at `port` is announced."""
    return f"livedream-{port}-{socket.gethostname().partition('.')[0]}"[:63].rstrip("-") + ".local."


def own_addresses() -> list[str]:
    """Return this machine's IPv4 addresses that others can reach, or its loopback if there is none."""
    import ifaddr

    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [ip for ip in found if not ip.startswith("127.")] or ["127.0.0.1"]
