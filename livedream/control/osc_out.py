"""OSC output: the values that parameters are set to, and once a second the status of the instrument.

Packets go to the `--osc-out` targets and to subscribers; a query for one value, or for all of them, is answered.
Numbers and strings never share an address, because TouchDesigner's CHOPs read numbers only: the index of a choice goes
to its address, and its name to ADDRESS/name.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from livedream.control.osc_address import PREFIX, Send, Target, host_port, ip_of, normal_prefix
from livedream.parameters import Snapshot, Table, Value

log = logging.getLogger(__name__)

SUBSCRIBERS = 32  # at most; the one whose subscription is oldest makes room
ANSWERS = 256  # answered queries a second at most; as many queries may wait

StatusJson = Mapping[str, Any]  # the answer to GET /status
NO_REPLIES: Mapping[Target, Send] = MappingProxyType({})

# Below PREFIX/status/: the name, its meaning, and where it stands in the /status JSON.
STATUS: tuple[tuple[str, str, Callable[[StatusJson], Value]], ...] = (
    ("fps", "fresh frames a second", lambda s: float(s["fps"]["fresh"])),
    ("frame", "frame number", lambda s: int(s["frame"])),
    ("model_ms", "median time to draw a frame", lambda s: float(s["ms"]["model_p50"])),
    ("latency_ms", "median time from a message to its frame", lambda s: float(s["ms"]["latency_p50"])),
    ("drops", "frames that outputs dropped", lambda s: sum(int(each["dropped"]) for each in s["outputs"])),
    ("bpm", "beats a minute", lambda s: float(s["tempo"]["bpm"])),
    ("beat", "beats into the bar, 0…4; sent on each beat, too", lambda s: float(s["tempo"]["beat"] % 4)),
    ("level", "input level of --audio, 0…1; sent often", lambda s: float(s["audio"]["level"])),
    ("low", "level below 200 Hz", lambda s: float(s["audio"]["bands"][0])),
    ("mid", "level from 200 to 2000 Hz", lambda s: float(s["audio"]["bands"][1])),
    ("high", "level above 2000 Hz", lambda s: float(s["audio"]["bands"][2])),
    ("onsets", "onsets detected so far; sent at once", lambda s: int(s["audio"]["onsets"])),
    ("state", "playing, held, blackout or loading", lambda s: str(s["state"])),
    ("dream", "the dream on deck A", lambda s: str(s["decks"][0]["dream"])),
)


class Feedback:
    """Sends the latest value of every changed parameter, in a thread of its own, from `start` to `stop`."""

    def __init__(
        self,
        table: Table,
        status: Callable[[], StatusJson],
        targets: Iterable[str] = (),
        prefix: str = PREFIX,
    ):
        """Prepare to send.

        Args:
            table: the parameters.
            status: returns the /status JSON; what is missing from it is not sent.
            targets: "HOST:PORT" each, as given with --osc-out.
            prefix: what every address begins with.

        Raises:
            UserError: a target is not HOST:PORT, or there is no such host.
        """
        self._table, self._status = table, status
        self._prefix = normal_prefix(prefix)
        pairs = [host_port(text, "--osc-out") for text in targets]
        self._fixed: dict[Target, Hashable] = {(ip_of(host, "--osc-out"), port): None for host, port in pairs}
        # Where to send to, and the (IP, port) that the subscriber sends from; the oldest subscription stands first.
        self._subscribers: dict[Target, Hashable] = {}
        self._connected: dict[Target, Send] = {}  # the subscribers that are not sent UDP packets
        self._dumps: dict[Target, Send] = dict.fromkeys(self._fixed, self._send_packet)  # who gets every value next
        self._queries: dict[tuple[Target, str], Send] = {}
        self._latest: dict[str, tuple[Value, Hashable]] = {}
        self._status_news: dict[str, Value] = {}
        self._lock = threading.Lock()  # guards the attributes from _subscribers on
        self._wake = threading.Event()
        self._stopping = False
        self._failing: set[Target] = set()  # used by the sending thread only
        self._socket: socket.socket
        self._thread = threading.Thread(target=self._run, name="osc-out", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; returns when the thread has ended."""
        self._stopping = True
        self._wake.set()
        self._thread.join()
        self._socket.close()

    def on_frame(self, values: Snapshot) -> None:
        """Queue the changes that were applied on this frame. Never waits for the network."""
        if not values.changes:
            return
        with self._lock:
            for address, value in values.changes:
                self._latest[self._table.acts_on(address)] = (value, values.senders.get(address))
        self._wake.set()

    def send_status(self, name: str, value: Value) -> None:
        """Send `status/NAME` to all targets now. Never waits for the network."""
        with self._lock:
            self._status_news[name] = value
        self._wake.set()

    def subscribe(self, host: str, port: int, sender: Hashable, send: Send | None = None) -> None:
        """Send to host:port from now on, except what `sender` itself changed. A new subscriber gets every value.

        send: sends there; None: by UDP.
        """
        with self._lock:
            if send:
                self._connected[host, port] = send
            known = self._subscribers.pop((host, port), None)
            self._subscribers[host, port] = sender
            if len(self._subscribers) > SUBSCRIBERS:
                oldest = next(iter(self._subscribers))
                del self._subscribers[oldest]
                self._connected.pop(oldest, None)
            if sender != known:  # new, or restarted and so sending from another port
                self._queue_dump((host, port), self._send_packet)
        self._wake.set()

    def unsubscribe(self, target: Target) -> None:
        """Send no more over a connection that has ended."""
        with self._lock:
            if self._connected.pop(target, None):
                self._subscribers.pop(target, None)
                self._dumps.pop(target, None)

    def ask(self, address: str, sender: Target, reply: Send) -> None:
        """Send a parameter's value, or status/NAME, to `sender`: to its subscription, or else by `reply`.

        Queries beyond ANSWERS a second wait, and those beyond ANSWERS that wait are dropped.
        """
        with self._lock:
            if len(self._queries) >= ANSWERS:
                return
            target = self._target_of(sender)
            self._queries[target, address] = reply if target == sender else self._send_packet
        self._wake.set()

    def dump(self, sender: Target, reply: Send, port: int | None = None) -> None:
        """Send every value, once a second at most: to that port of the sender's host, or where `ask` would send."""
        with self._lock:
            target = (sender[0], port) if port else self._target_of(sender)
            self._queue_dump(target, reply if target == sender else self._send_packet)
        self._wake.set()

    def resend(self) -> None:
        """Send every value to all targets: after `Table.replace`, which changes values without a message."""
        with self._lock:
            self._dumps |= dict.fromkeys((*self._fixed, *self._subscribers), self._send_packet)
        self._wake.set()

    def _target_of(self, sender: Target) -> Target:
        """Return the sender's own subscription, else another one of its host, else the place it sent from."""
        own = [target for target, each in self._subscribers.items() if each == sender]
        same_host = [target for target in self._subscribers if target[0] == sender[0]]
        return (own or same_host or [sender])[-1]

    def _queue_dump(self, target: Target, send: Send) -> None:
        known = {*self._fixed, *self._subscribers}
        strangers = [each for each in self._dumps if each not in known]
        if target in known or len(strangers) < SUBSCRIBERS:
            self._dumps[target] = send

    def _send_packet(self, packet: bytes, target: Target) -> None:
        (self._connected.get(target) or self._socket.sendto)(packet, target)

    def _run(self) -> None:
        next_status = next_dump = time.monotonic()
        answers = ANSWERS
        while not self._stopping:
            self._wake.wait(max(0.0, next_status - time.monotonic()))
            self._wake.clear()
            now = time.monotonic()
            with self._lock:
                latest, self._latest = self._latest, {}
                news, self._status_news = self._status_news, {}
                targets = self._fixed | self._subscribers
                queries = [(key, self._queries.pop(key)) for key in list(self._queries)[:answers]]
                # One dump a second at most: a flood of `subscribe` must not become a flood of answers.
                dumps = self._dumps if now >= next_dump else {}
                self._dumps = {} if dumps else self._dumps
            answers -= len(queries)
            self._failing &= targets.keys()
            for (target, address), reply in queries:
                self._answer(address, target, reply)
            if dumps:
                next_dump = now + 1.0
                self._send_all(dumps)
                strangers = {target: send for target, send in dumps.items() if target not in targets}
                self._send_whole_status(strangers, strangers)
            self._send_changes(latest, targets)
            for name, value in news.items():
                self._send(f"status/{name}", value, targets)
            if now >= next_status:
                next_status, answers = now + 1.0, ANSWERS
                self._send_whole_status(targets)

    def _values(self, address: str, value: Value | None = None) -> Iterator[tuple[str, Value]]:
        """Yield the messages of a parameter: its value, or the one given, and the name of the choice.

        Yields nothing for a parameter without a lasting value: to repeat a trigger would be to fire it.
        """
        try:
            parameter = self._table.parameters[address]
            value = self._table.target(address) if value is None else value
        except KeyError:  # unknown, or its dream was just unloaded
            return
        if not parameter.has_value:
            return
        yield address, value
        if parameter.type == "choice" and isinstance(value, int) and value < len(parameter.choices):
            yield f"{address}/name", parameter.choices[value]

    def _send_changes(self, latest: Mapping[str, tuple[Value, Hashable]], targets: Mapping[Target, Hashable]) -> None:
        vectors: dict[str, set[Hashable]] = {}
        for address, (value, sender) in latest.items():
            self._send_change(address, value, {sender}, targets)
            if vector := self._table.vector_of(address):  # a client that reads the whole vector gets these changes
                vectors.setdefault(vector, set()).add(sender)
        for address, senders in vectors.items():
            self._send_change(address, None, senders, targets)

    def _send_change(
        self, address: str, value: Value | None, senders: set[Hashable], targets: Mapping[Target, Hashable]
    ) -> None:
        others = [target for target, sender in targets.items() if not senders <= {target, sender}]
        if others:
            for name, each in self._values(address, value):
                self._send(name, each, others)

    def _send_all(self, targets: Mapping[Target, Send]) -> None:
        for address in self._table.parameters:
            for name, value in self._values(address):
                self._send(name, value, targets, targets)

    def _send_whole_status(self, targets: Iterable[Target], replies: Mapping[Target, Send] = NO_REPLIES) -> None:
        for name, value in self._status_values():
            self._send(f"status/{name}", value, targets, replies)

    def _status_values(self) -> Iterator[tuple[str, Value]]:
        status = self._status()
        for name, _, pick in STATUS:
            try:
                yield name, pick(status)
            except (KeyError, IndexError, TypeError):  # not known yet: no frame is drawn, no dream is loaded
                continue

    def _answer(self, address: str, target: Target, reply: Send) -> None:
        values: Iterable[tuple[str, Value]] = self._values(address)
        if address.startswith("status/"):
            values = [(f"status/{n}", value) for n, value in self._status_values() if address == f"status/{n}"]
        for name, value in values:
            self._send(name, value, [target], {target: reply})

    def _send(
        self, address: str, value: Value, targets: Iterable[Target], replies: Mapping[Target, Send] = NO_REPLIES
    ) -> None:
        """Send one message to each target, by its entry in `replies` where it has one."""
        from pythonosc.osc_message_builder import OscMessageBuilder  # 50 ms that the first frame need not wait for

        builder = OscMessageBuilder(f"{self._prefix}/{address}")
        for each in value if isinstance(value, tuple) else (value,):
            builder.add_arg(int(each) if isinstance(each, bool) else each)  # TouchDesigner's CHOP takes no T and F
        packet = builder.build().dgram
        for target in targets:
            send = replies.get(target, self._send_packet)
            try:
                send(packet, target)
                self._failing.discard(target)
            except BlockingIOError:  # the system's buffer is full: this packet is lost, as UDP may lose any
                pass
            except (OSError, OverflowError) as error:
                if send == self._send_packet and target not in self._failing:
                    log.warning("OSC out %s:%d: %s", *target, error)
                    self._failing.add(target)
