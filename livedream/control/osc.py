"""OSC input: one thread receives UDP packets and sets parameters; another one receives by TCP if asked to.

Nothing in a packet can raise an exception, block or use unbounded memory here, and address patterns cost little;
python-osc's own servers can be stopped by one packet (a bundle for the far future, an address of many stars).
"""

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable

from livedream import UserError
from livedream.control import osc_packet, osc_pattern
from livedream.control.osc_address import PORT, PREFIX, Send, Target, ip_of, normal_prefix
from livedream.control.osc_out import Feedback
from livedream.control.osc_tcp import TcpReceiver
from livedream.parameters import Table

log = logging.getLogger(__name__)

_TRIES = 100  # ports from the default one on
_QUERY = ("?",)  # the arguments that ask for a value
_FAULTS = ("clamped", "unknown", "malformed", "refused")
_BUFFER = 1 << 22  # bytes, asked of the system for bursts; it may give less
_POLL = 1.0  # seconds: the faults of a burst are logged, and a lost wake-up from `stop` does no harm


class Receiver:
    """Receives OSC packets from `start` to `stop`.

    Attributes:
        host: the host that is listened on.
        port: the UDP port that is listened on; before `start`, the one that was asked for, or 0.
        tcp: receives by TCP; None: nothing does.
        prefix: what every address begins with; "" for nothing.
    """

    def __init__(
        self,
        table: Table,
        host: str = "127.0.0.1",
        port: int | None = None,
        prefix: str = PREFIX,
        feedback: Feedback | None = None,
        allowed: Callable[[str], bool] = lambda ip: True,
        tcp: Target | None = None,
    ):
        """Prepare to listen.

        Args:
            table: the parameters that packets set.
            host: the network interface to listen on.
            port: None for the default port, or the next free one if that is taken; 0 for any free port.
            prefix: what every address begins with.
            feedback: answers `subscribe PORT`, `dump` and queries ("?"); None: they are counted, nothing answers.
            allowed: says whether packets from an IP are taken; others are counted as refused.
            tcp: host and port (0 for any free one) on which OSC is received by TCP, too.
        """
        self.host, self.port, self._asked_port = host, port or 0, port
        self.prefix = normal_prefix(prefix)
        self._table = table
        self._begins = f"{self.prefix}/"
        self._feedback = feedback
        self._matcher = osc_pattern.Matcher(self.prefix)
        self._matching = threading.Lock()  # UDP, TCP and the page have threads of their own
        self._allowed = allowed
        self.tcp = TcpReceiver(*tcp, self._take_tcp, self._fault, self._left, self._may) if tcp else None
        self._socket: socket.socket
        self._answering: socket.socket
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)
        self._logged = dict(table.counters)
        self._next_log = 0.0

    def start(self) -> None:
        """Begin to listen. Raises UserError when the host or the port is not available."""
        self._socket = self._bind(ip_of(self.host, "--osc"))
        self.port = self._socket.getsockname()[1]
        # A client with a connected socket, such as Pure Data, receives only what comes from the port it sent to.
        self._answering = self._socket.dup()
        self._answering.setblocking(False)
        if self.tcp:
            try:
                self.tcp.start()
            except UserError:
                self._socket.close()
                self._answering.close()
                raise
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; the port is free again when this returns."""
        self._stopping.set()
        if self.tcp:
            self.tcp.stop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1" if self.host == "0.0.0.0" else self.host, self.port))
        self._thread.join()
        self._socket.close()
        self._answering.close()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that are listened on, by UDP and by TCP."""
        return (self.host, self.tcp.host) if self.tcp else (self.host,)

    def status(self) -> dict[str, object]:
        """Its field of `GET /status`; any thread."""
        return {"osc": {"port": self.port, "tcp": self.tcp and self.tcp.port, **self._table.counters}}

    def _bind(self, ip: str) -> socket.socket:
        receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        receiving.settimeout(_POLL)
        ports = [*range(PORT, PORT + _TRIES)] if self._asked_port is None else [self._asked_port]
        for port in ports:
            try:
                receiving.bind((ip, port))
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES) or port == ports[-1]:
                    receiving.close()
                    raise UserError(
                        f"--osc {self.host}:{port}: cannot listen there ({error.strerror}); choose another, or"
                        " leave --osc out to take the next free one"
                    ) from None
            else:
                break
        if self._asked_port is None and port != PORT:
            log.warning("OSC: port %d is taken, listening on %s:%d", PORT, self.host, port)
        return receiving

    def _run(self) -> None:
        # One buffer, copied per packet: a small packet that is cached must not keep a block of 64 KB alive.
        buffer = memoryview(bytearray(65536))
        while not self._stopping.is_set():
            try:
                size, sender = self._socket.recvfrom_into(buffer)
            except TimeoutError:
                self._log()
                continue
            except OSError as error:  # an interface went down, for example: it may come back
                log.warning("OSC: %s", error)
                self._stopping.wait(1.0)
                continue
            if self._stopping.is_set():
                return
            if self._allowed(sender[0]):
                self.take(bytes(buffer[:size]), sender)
            else:
                self._table.count("refused", f"a packet from {sender[0]}, which --osc-allow does not name")
            if time.monotonic() >= self._next_log:
                self._log()

    def _take_tcp(self, packet: bytes, sender: Target, reply: Send) -> None:
        self.take(packet, sender, reply, connected=True)

    def _fault(self, what: str) -> None:
        self._table.count("malformed", what)

    def _may(self, ip: str) -> bool:
        if self._allowed(ip):
            return True
        self._table.count("refused", f"a connection from {ip}, which --osc-allow does not name")
        return False

    def _left(self, sender: Target) -> None:
        if self._feedback:
            self._feedback.unsubscribe(sender)

    def take(self, packet: bytes, sender: Target, reply: Send | None = None, *, connected: bool = False) -> None:
        """Act on one packet; any thread may call this.

        Args:
            packet: an OSC message or bundle.
            sender: where it came from.
            reply: sends an answer there; None: by UDP, from the port that is listened on.
            connected: whether `reply` also takes the feedback that `subscribe` asks for.
        """
        reply, at, odd = reply or self._answering.sendto, time.perf_counter(), list[str]()
        known, begins, begin, put = self._table.parameters, self._begins, len(self._begins), self._table.set
        for address, arguments in osc_packet.read(packet, odd):
            name = address[begin:]
            if name in known and address.startswith(begins) and arguments != _QUERY:  # the usual one
                put(name, arguments, sender, at=at)
            else:
                self._act(address, arguments, sender, reply, at, connected)
        for each in odd:
            self._table.count("malformed", f"{each}, from {sender}")

    def _act(
        self,
        address: str,
        arguments: osc_packet.Arguments,
        sender: Target,
        reply: Send,
        at: float,
        connected: bool,
    ) -> None:
        name = address[len(self._begins) :]
        if not address.startswith(self._begins):
            if osc_pattern.is_pattern(address):
                self._match(address, arguments, sender, reply, at)
            else:
                self._table.count("unknown", f"{address[:80]!r} from {sender}", messages=1)
        elif arguments == _QUERY:
            self._query(name, sender, reply)
        elif connected and name == "subscribe":
            if self._feedback:
                self._feedback.subscribe(*sender, sender, reply)
        elif name in ("subscribe", "dump"):
            self._service(name, arguments, sender, reply)
        elif osc_pattern.is_pattern(name):
            self._match(address, arguments, sender, reply, at)
        else:  # an older name, or unknown
            self._table.set(name, arguments, sender, at=at)

    def _match(self, pattern: str, arguments: osc_packet.Arguments, sender: Target, reply: Send, at: float) -> None:
        """Act on all parameters that a pattern matches."""
        try:
            with self._matching:
                found = self._matcher.find(pattern, self._table.parameters)
        except osc_pattern.Refused as error:
            self._table.count("malformed", f"{error}, from {sender}", messages=1)
            return
        if not found:
            self._table.count("unknown", f"{pattern[:80]!r} from {sender}", messages=1)
        for name in found:
            if arguments == _QUERY:
                self._query(name, sender, reply)
            else:
                self._table.set(name, arguments, sender, at=at)

    def _query(self, name: str, sender: Target, reply: Send) -> None:
        name = self._table.name(name)
        if name not in self._table.parameters and not name.startswith("status/"):
            if osc_pattern.is_pattern(name):
                self._match(f"{self._begins}{name}", _QUERY, sender, reply, 0.0)
                return
            self._table.count("unknown", f"{name[:80]!r} asked by {sender}", messages=1)
        elif self._feedback:
            self._feedback.ask(name, sender, reply)

    def _service(self, name: str, arguments: osc_packet.Arguments, sender: Target, reply: Send) -> None:
        port = arguments[0] if arguments else None
        if isinstance(port, str) and port.isascii() and port.isdigit() and len(port) < 6:
            port = int(port)
        number = int(port) if isinstance(port, int | float) and 1 <= port < 65536 else None
        if number is None and (name == "subscribe" or arguments):
            self._table.count("malformed", f"{name} without a port, from {sender}", messages=1)
        elif self._feedback and name == "subscribe" and number is not None:
            self._feedback.subscribe(sender[0], number, sender)
        elif self._feedback:
            self._feedback.dump(sender, reply, number)

    def _log(self) -> None:
        """Log one line about the faults since the last one, once a second at most."""
        counters, faults = dict(self._table.counters), self._table.faults
        new = {kind: counters[kind] - self._logged[kind] for kind in _FAULTS}
        if any(new.values()):
            parts = [f"{n} {kind} (last: {faults.get(kind)})" for kind, n in new.items() if n]
            log.warning("OSC: %s", "; ".join(parts))
            self._logged, self._next_log = counters, time.monotonic() + 1.0
