"""OSC in: one thread that receives UDP packets and moves the parameter table, whatever is sent to it.

Addresses are looked up exactly. Nothing that a packet holds can raise, wait or grow here. python-osc's own
servers can be stopped by one packet (a bundle for the far future, an address of many stars).
"""

import errno
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING

from livedream import UserError
from livedream.control import osc_packet
from livedream.parameters import Table

if TYPE_CHECKING:
    from livedream.control.osc_out import Feedback, Send

log = logging.getLogger(__name__)

PORT = 9000
PREFIX = "/livedream"
_TRIES = 100  # ports from the default one on
_FAULTS = ("clamped", "unknown", "malformed")


def host_port(text: str, option: str = "--osc") -> tuple[str, int]:
    """HOST:PORT as a pair, the host left as it was written. Raises UserError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"{option} {text}: not HOST:PORT, as in 127.0.0.1:{PORT}")
    return host, int(port)


def ip_of(host: str, option: str) -> str:
    """The IPv4 address of a host. Raises UserError; may wait for a name server."""
    try:
        return socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)[0][4][0]
    except (OSError, UnicodeError) as error:
        raise UserError(f"{option} {host}: no such host ({error})") from None


class Receiver:
    """Receives from `start` to `stop`.

    port: None for the default, or the next free one if that is taken; 0 for any. An asked-for port that is
        taken is a UserError of `start`. After `start`, the one that is listened on.
    prefix: what begins every address.
    feedback: told of every `subscribe PORT`, `dump` and question; None: those are counted, and nothing answers.
    """

    def __init__(
        self,
        table: Table,
        host: str = "127.0.0.1",
        port: int | None = None,
        prefix: str = PREFIX,
        feedback: "Feedback | None" = None,
    ):
        self.host, self.port = host, port
        self._table = table
        self.prefix = "/" + prefix.strip("/") if prefix.strip("/") else ""
        self._prefix = f"{self.prefix}/"
        self._feedback = feedback
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)
        self._logged = dict(table.counters)
        self._next_log = 0.0

    def start(self) -> None:
        """Begin to listen. Raises UserError when host or port cannot be had."""
        self._socket = self._bind(ip_of(self.host, "--osc"))
        self.port = self._socket.getsockname()[1]
        # Who asks from a connected socket, as Pure Data does, hears only what comes from the port that it asked.
        self._answering = self._socket.dup()
        self._answering.setblocking(False)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; the port is free again when this returns."""
        self._stopping.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1" if self.host == "0.0.0.0" else self.host, self.port))
        self._thread.join()
        self._socket.close()
        self._answering.close()

    def _bind(self, ip: str) -> socket.socket:
        receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Room for bursts; the system may give less.
        receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiving.settimeout(
            1.0
        )  # so that the last faults of a burst are logged, and a lost wake-up of stop is no harm
        ports = range(PORT, PORT + _TRIES) if self.port is None else (self.port,)
        for port in ports:
            try:
                receiving.bind((ip, port))
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES) or port == ports[-1]:
                    receiving.close()
                    raise UserError(
                        f"--osc {self.host}:{port}: cannot listen there ({error.strerror}); choose another"
                    ) from None
            else:
                break
        if self.port is None and port != PORT:
            log.warning("OSC: port %d is taken, listening on %s:%d", PORT, self.host, port)
        return receiving

    def _run(self) -> None:
        # One buffer: a packet of few bytes that is remembered must not hold the end of a block of 64 KB in its place.
        buffer = memoryview(bytearray(65536))
        while not self._stopping.is_set():
            try:
                size, sender = self._socket.recvfrom_into(buffer)
            except TimeoutError:
                self._log()
                continue
            except OSError as error:  # an interface went down, say: it may come back
                log.warning("OSC: %s", error)
                self._stopping.wait(1.0)
                continue
            if self._stopping.is_set():
                return
            self.take(bytes(buffer[:size]), sender)
            if time.monotonic() >= self._next_log:
                self._log()

    def take(self, packet: bytes, sender: tuple[str, int], reply: "Send | None" = None) -> None:
        """Act on one packet; any thread.

        sender: (IP address, port) that it came from. reply: how to answer there; None: by UDP, from this port.
        """
        reply = reply or self._answering.sendto
        try:
            messages = osc_packet.read(packet)
        except osc_packet.Malformed as error:
            self._table.count("malformed", f"{error}, from {sender}")
            return
        for address, arguments in messages:
            self._take(address, arguments, sender, reply)

    def _take(self, address: str, arguments: tuple, sender: tuple[str, int], reply: "Send | None" = None) -> None:
        name = address[len(self._prefix) :]
        if not address.startswith(self._prefix):
            self._table.count("unknown", f"{address[:80]!r} from {sender}", messages=1)
        elif arguments == ("?",):
            self._question(name, sender, reply)
        elif name in ("subscribe", "dump"):
            self._service(name, arguments, sender, reply)
        else:
            self._table.set(name, arguments, sender)

    def _question(self, name: str, sender: tuple[str, int], reply: "Send") -> None:
        if name not in self._table.parameters and not name.startswith("status/"):
            self._table.count("unknown", f"{name[:80]!r} asked by {sender}", messages=1)
        elif self._feedback:
            self._feedback.ask(name, sender, reply)

    def _service(self, name: str, arguments: tuple, sender: tuple[str, int], reply: "Send") -> None:
        port = arguments[0] if len(arguments) == 1 else None
        numbered = isinstance(port, int | float) and 1 <= port < 65536
        if not numbered and (name == "subscribe" or arguments):
            self._table.count("malformed", f"{name} without a port, from {sender}", messages=1)
        elif self._feedback and name == "subscribe":
            self._feedback.subscribe(sender[0], int(port), sender)
        elif self._feedback:
            self._feedback.dump(sender, reply, int(port) if numbered else None)

    def _log(self) -> None:
        """One line of what was wrong since the last one, once a second at most."""
        counters, faults = dict(self._table.counters), self._table.faults
        new = {kind: counters[kind] - self._logged[kind] for kind in _FAULTS}
        if any(new.values()):
            parts = [f"{n} {kind} (last: {faults.get(kind)})" for kind, n in new.items() if n]
            log.warning("OSC: %s", "; ".join(parts))
            self._logged, self._next_log = counters, time.monotonic() + 1.0
