"""OSC over TCP: one thread receives packets from many connections, in the framing that each of them speaks.

OSC 1.0 sends each packet's length before it, four bytes of which the first is 0; OSC 1.1 ends (and often begins) each
packet with SLIP's END. The first byte of a connection tells which it is, and answers go back in the same framing.
"""

import contextlib
import logging
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Iterator

from livedream import UserError
from livedream.control.osc_address import Send, Target, ip_of
from livedream.control.osc_packet import LARGEST

log = logging.getLogger(__name__)

CONNECTIONS = 32  # at most; the one that has been quiet for longest makes room
UNSENT = 1 << 20  # bytes that wait for a slow client at most; further packets are dropped
CHUNK = 65536

_END, _ESCAPE = b"\xc0", b"\xdb"
_ESCAPED_END, _ESCAPED_ESCAPE = b"\xdb\xdc", b"\xdb\xdd"
_length = struct.Struct(">i")

Take = Callable[[bytes, Target, Send], None]


class Malformed(ValueError):
    """A stream that is not OSC. Its text says how, in a few words."""


def slip(packet: bytes) -> bytes:
    """Frame a packet as OSC 1.1 does."""
    return _END + packet.replace(_ESCAPE, _ESCAPED_ESCAPE).replace(_END, _ESCAPED_END) + _END


def prefixed(packet: bytes) -> bytes:
    """Frame a packet as OSC 1.0 does."""
    return _length.pack(len(packet)) + packet


def _unslipped(frame: bytes) -> bytes:
    """Undo SLIP's escapes; what is escaped wrongly stays, and is no OSC then."""
    return frame.replace(_ESCAPED_END, _END).replace(_ESCAPED_ESCAPE, _ESCAPE)


class Frames:
    """Cuts a stream into packets.

    Attributes:
        frame: puts a packet into the stream's framing; None until its first byte has come.
    """

    def __init__(self) -> None:
        self.frame: Callable[[bytes], bytes] | None = None
        self._bytes = bytearray()
        self._sought = 0  # bytes that are known to hold no END

    def add(self, data: bytes) -> Iterator[bytes]:
        """Yield the packets that are whole with these bytes. Raises Malformed: nothing can follow."""
        self._bytes += data
        if self.frame is None and self._bytes:
            first = self._bytes[0]
            if first not in b"\0\xc0/#":
                raise Malformed(f"a TCP stream that begins with {first:#04x}")
            self.frame = slip if first else prefixed
        yield from self._lengths() if self.frame is prefixed else self._ends()

    def _lengths(self) -> Iterator[bytes]:
        at = 0
        while len(self._bytes) - at >= 4:
            (size,) = _length.unpack_from(self._bytes, at)
            if not 0 <= size <= LARGEST:
                raise Malformed(f"a TCP packet of {size} bytes")
            if len(self._bytes) - at < 4 + size:
                break
            yield bytes(self._bytes[at + 4 : at + 4 + size])
            at += 4 + size
        del self._bytes[:at]

    def _ends(self) -> Iterator[bytes]:
        at = 0
        while (end := self._bytes.find(_END, max(at, self._sought))) >= 0:
            if end > at:  # an END before a packet is no packet
                yield _unslipped(bytes(self._bytes[at:end]))
            at = end + 1
        del self._bytes[:at]
        self._sought = len(self._bytes)
        if self._sought > 2 * LARGEST:
            raise Malformed(f"a SLIP packet of more than {LARGEST} bytes")


class _Connection:
    """One client, and what waits to be sent to it."""

    def __init__(self, joined: socket.socket, address: Target, wake: Callable[[], None]):
        self.socket, self.address, self.frames = joined, address, Frames()
        self._unsent, self._wake, self._lock = bytearray(), wake, threading.Lock()

    def reply(self, packet: bytes, target: Target) -> None:
        """Queue an answer; any thread."""
        frame = self.frames.frame or prefixed
        with self._lock:
            if len(self._unsent) < UNSENT:
                self._unsent += frame(packet)
        self._wake()

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def send(self) -> None:
        """Send what its socket takes now. Raises OSError: the connection is lost."""
        with self._lock, contextlib.suppress(BlockingIOError):
            while self._unsent:
                del self._unsent[: self.socket.send(self._unsent[:CHUNK])]


class TcpReceiver:
    """Receives OSC by TCP from `start` to `stop`.

    Attributes:
        host, port: what it listens on; port is 0 until `start` if any was asked for.
    """

    def __init__(
        self,
        host: str,
        port: int,
        take: Take,
        fault: Callable[[str], None],
        left: Callable[[Target], None],
        allowed: Callable[[str], bool] = lambda ip: True,
    ):
        """Prepare to listen.

        Args:
            host, port: where; port 0 for any free one.
            take: gets each packet, who sent it, and what answers there.
            fault: gets a few words about a stream that is not OSC; its connection is closed.
            left: hears which connection has ended.
            allowed: says whether connections from an IP are taken.
        """
        self.host, self.port = host, port
        self._take, self._fault, self._left, self._allowed = take, fault, left, allowed
        self._known: dict[Target, _Connection] = {}  # who was quiet for longest stands first
        self._selector = selectors.DefaultSelector()
        self._listening: socket.socket
        self._woken, self._waking = socket.socketpair()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc-tcp", daemon=True)

    def start(self) -> None:
        """Begin to listen. Raises UserError when the host or the port is not available."""
        ip = ip_of(self.host, "--osc tcp://")
        try:
            self._listening = socket.create_server((ip, self.port), backlog=CONNECTIONS)
        except OSError as error:
            raise UserError(
                f"--osc tcp://{self.host}:{self.port}: cannot listen there ({error.strerror}); choose another"
            ) from None
        self.port = self._listening.getsockname()[1]
        for each in (self._listening, self._woken, self._waking):
            each.setblocking(False)
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> None:
        """Close all connections; the port is free again when this returns."""
        self._stopping.set()
        self._wake()
        self._thread.join()
        for each in (self._listening, self._woken, self._waking):
            each.close()
        self._selector.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # it is awake when no more fits in, and gone when it was stopped
            self._waking.send(b"\0")

    def _run(self) -> None:
        while not self._stopping.is_set():
            for connection in tuple(self._known.values()):
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.has_unsent else 0)
                self._selector.modify(connection.socket, events, connection)
            for key, events in self._selector.select():
                if key.fileobj is self._listening:
                    self._accept()
                elif key.fileobj is self._woken:
                    with contextlib.suppress(BlockingIOError):
                        self._woken.recv(CHUNK)
                elif key.data.address in self._known:
                    self._serve(key.data, events)
        for connection in tuple(self._known.values()):
            self._end(connection)

    def _accept(self) -> None:
        try:
            joined, address = self._listening.accept()
        except OSError:  # it has gone already, or no more files may be open
            self._stopping.wait(0.01)
            return
        if not self._allowed(address[0]):
            joined.close()
            return
        if len(self._known) >= CONNECTIONS:
            self._end(next(iter(self._known.values())))
        joined.setblocking(False)
        joined.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        joined.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._known[address] = _Connection(joined, address, self._wake)
        self._selector.register(joined, selectors.EVENT_READ, connection)

    def _serve(self, connection: _Connection, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                connection.send()
            if not events & selectors.EVENT_READ:
                return
            data = connection.socket.recv(CHUNK)
            if not data:
                self._end(connection)
                return
            self._known[connection.address] = self._known.pop(connection.address)
            for packet in connection.frames.add(data):
                self._take(packet, connection.address, connection.reply)
        except BlockingIOError:
            pass
        except Malformed as fault:
            self._fault(f"{fault}, from {connection.address}")
            self._end(connection)
        except OSError:  # the client has gone
            self._end(connection)

    def _end(self, connection: _Connection) -> None:
        del self._known[connection.address]
        self._selector.unregister(connection.socket)
        connection.socket.close()
        self._left(connection.address)
