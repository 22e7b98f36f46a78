"""OSC out: what the parameters were set to, and once a second how the instrument is doing.

Goes to the `--osc-out` targets and to whoever subscribed; who asks for a value, or for everything, is answered.
Numbers and strings never share an address, because TouchDesigner's CHOPs read numbers only: a choice's number
goes to its address, and its name to ADDRESS/name.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from types import MappingProxyType

from livedream.control.osc import PREFIX, host_port, ip_of
from livedream.parameters import Snapshot, Table, Value

log = logging.getLogger(__name__)

SUBSCRIBERS = 32  # the one that has not renewed for longest makes room
ANSWERS = 256  # a second at most, and as many questions wait at most

Target = tuple[str, int]  # IP address, port
Send = Callable[[bytes, Target], object]

# Below PREFIX/status/: the name, what it is, and where it stands in the /status JSON.
STATUS = (
    ("fps", "fresh frames a second", lambda s: float(s["fps"]["fresh"])),
    ("frame", "frame number", lambda s: int(s["frame"])),
    ("model_ms", "median time to draw a frame", lambda s: float(s["ms"]["model_p50"])),
    ("latency_ms", "median time from a message to its frame", lambda s: float(s["ms"]["latency_p50"])),
    ("drops", "frames that outputs dropped", lambda s: sum(int(each["dropped"]) for each in s["outputs"])),
    ("bpm", "beats a minute", lambda s: float(s["tempo"]["bpm"])),
    ("beat", "beats into the bar, 0…4; sent on each beat, too", lambda s: float(s["tempo"]["beat"] % 4)),
    ("level", "how loud it is, 0…1, by --audio; often", lambda s: float(s["audio"]["level"])),
    ("low", "below 200 Hz", lambda s: float(s["audio"]["bands"][0])),
    ("mid", "from 200 to 2000 Hz", lambda s: float(s["audio"]["bands"][1])),
    ("high", "above 2000 Hz", lambda s: float(s["audio"]["bands"][2])),
    ("onsets", "beginnings of sounds that were heard; at once", lambda s: int(s["audio"]["onsets"])),
    ("state", "playing, held, blackout or loading", lambda s: str(s["state"])),
    ("dream", "what deck A plays", lambda s: str(s["decks"][0]["dream"])),
)


class Feedback:
    """Sends from `start` to `stop`, from its own thread, the latest value of what was moved.

    status: gives the /status JSON; what is missing from it is not sent.
    targets: "HOST:PORT" each, as given with --osc-out. A bad one raises UserError here.
    """

    def __init__(
        self,
        table: Table,
        status: Callable[[], Mapping],
        targets: Iterable[str] = (),
        prefix: str = PREFIX,
    ):
        self._table, self._status = table, status
        self._prefix = "/" + prefix.strip("/") if prefix.strip("/") else ""
        pairs = [host_port(text, "--osc-out") for text in targets]
        self._fixed = {(ip_of(host, "--osc-out"), port): None for host, port in pairs}
        # Whom to send to, and the (IP, port) they move things from; the one longest not renewed stands first.
        self._subscribers: dict[Target, Hashable] = {}
        self._greet: dict[Target, Send] = dict.fromkeys(self._fixed, self._out)  # who is to be told everything
        self._asked: dict[tuple[Target, str], Send] = {}
        self._latest: dict[str, tuple[Value, Hashable]] = {}
        self._news: dict[str, Value | str] = {}  # of the status
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._failing: set[Target] = set()  # the thread's own
        self._thread = threading.Thread(target=self._run, name="osc-out", daemon=True)

    def start(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join()
        self._socket.close()

    def on_frame(self, snapshot: Snapshot) -> None:
        """Take what was applied on this frame. Never waits for the network."""
        if not snapshot.changes:
            return
        with self._lock:
            for address, value in snapshot.changes:
                self._latest[address.removesuffix("/jump")] = (value, snapshot.senders.get(address))
        self._wake.set()

    def tell(self, name: str, value: Value | str) -> None:
        """Send `status/NAME` to everybody now. Never waits for the network."""
        with self._lock:
            self._news[name] = value
        self._wake.set()

    def subscribe(self, host: str, port: int, hand: Hashable) -> None:
        """Send to host:port from now on, but not what `hand` itself moved. A newcomer is told everything."""
        with self._lock:
            known = self._subscribers.pop((host, port), None)
            self._subscribers[host, port] = hand
            if len(self._subscribers) > SUBSCRIBERS:
                del self._subscribers[next(iter(self._subscribers))]
            if hand != known:  # new, or begun anew and so speaking from another port
                self._to_greet((host, port), self._out)
        self._wake.set()

    def ask(self, address: str, hand: Target, reply: Send) -> None:
        """Say to `hand` what a parameter, or status/NAME, is: where it has subscribed, else by `reply` to itself.

        Questions beyond ANSWERS a second wait, and those beyond ANSWERS that wait are dropped.
        """
        with self._lock:
            if len(self._asked) >= ANSWERS:
                return
            home = self._home(hand)
            self._asked[home, address] = reply if home == hand else self._out
        self._wake.set()

    def dump(self, hand: Target, reply: Send, port: int | None = None) -> None:
        """Say everything, once a second at most: to that port of the hand's host, or where `ask` would."""
        with self._lock:
            target = (hand[0], port) if port else self._home(hand)
            self._to_greet(target, reply if target == hand else self._out)
        self._wake.set()

    def resend(self) -> None:
        """Send every value to everybody: after `Table.replace`, which is nobody's message."""
        with self._lock:
            self._greet |= dict.fromkeys((*self._fixed, *self._subscribers), self._out)
        self._wake.set()

    def _home(self, hand: Target) -> Target:
        """Where a hand wants to hear: its own subscription, another one of its host, or where it speaks from."""
        own = [target for target, each in self._subscribers.items() if each == hand]
        same_host = [target for target in self._subscribers if target[0] == hand[0]]
        return (own or same_host or [hand])[-1]

    def _to_greet(self, target: Target, send: Send) -> None:
        known = {*self._fixed, *self._subscribers}
        strangers = [each for each in self._greet if each not in known]
        if target in known or len(strangers) < SUBSCRIBERS:
            self._greet[target] = send

    def _out(self, packet: bytes, target: Target) -> None:
        self._socket.sendto(packet, target)

    def _run(self) -> None:
        next_status = next_greeting = time.monotonic()
        answers = ANSWERS
        while not self._stopping:
            self._wake.wait(max(0.0, next_status - time.monotonic()))
            self._wake.clear()
            now = time.monotonic()
            with self._lock:
                latest, self._latest = self._latest, {}
                news, self._news = self._news, {}
                targets = self._fixed | self._subscribers
                asked = [(key, self._asked.pop(key)) for key in list(self._asked)[:answers]]
                # A greeting a second at most: a flood of `subscribe` must not become a flood of answers.
                greet = self._greet if now >= next_greeting else {}
                self._greet = {} if greet else self._greet
            answers -= len(asked)
            self._failing &= targets.keys()
            for (target, address), reply in asked:
                self._answer(address, target, reply)
            if greet:
                next_greeting = now + 1.0
                self._send_all(greet)
                strangers = {target: send for target, send in greet.items() if target not in targets}
                self._send_status(strangers, strangers)
            self._send_changes(latest, targets)
            for name, value in news.items():
                self._send(f"status/{name}", value, targets)
            if now >= next_status:
                next_status, answers = now + 1.0, ANSWERS
                self._send_status(targets)

    def _values(self, address: str, value: Value | None = None) -> Iterator[tuple[str, Value | str]]:
        """What is sent of a parameter: its value, or this one, and the name of what is chosen.

        Nothing of what has no value: to repeat a trigger is to pull it.
        """
        try:
            parameter = self._table.parameters[address]
            value = self._table.target(address) if value is None else value
        except KeyError:  # unknown, or its dream went just now
            return
        if parameter.jog or parameter.type in ("trigger", "text") or address.endswith("/jump"):
            return
        yield address, value
        if parameter.type == "choice" and value < len(parameter.choices):
            yield f"{address}/name", parameter.choices[value]

    def _send_changes(self, latest: Mapping[str, tuple[Value, Hashable]], targets: Mapping[Target, Hashable]) -> None:
        vectors: dict[str, set[Hashable]] = {}
        for address, (value, mover) in latest.items():
            self._send_change(address, value, {mover}, targets)
            vector = self._table.parameters.get(address.rpartition("/")[0])
            if vector and vector.type == "vector":  # whoever reads it whole hears of its elements, too
                vectors.setdefault(vector.address, set()).add(mover)
        for address, movers in vectors.items():
            self._send_change(address, None, movers, targets)

    def _send_change(self, address: str, value: Value | None, movers: set, targets: Mapping[Target, Hashable]) -> None:
        others = [target for target, hand in targets.items() if not movers <= {target, hand}]
        if others:
            for name, each in self._values(address, value):
                self._send(name, each, others)

    def _send_all(self, targets: Mapping[Target, Send]) -> None:
        for address in self._table.parameters:
            for name, value in self._values(address):
                self._send(name, value, targets, targets)

    def _send_status(self, targets: Iterable[Target], by: Mapping[Target, Send] = MappingProxyType({})) -> None:
        for name, value in self._status_values():
            self._send(f"status/{name}", value, targets, by)

    def _status_values(self) -> Iterator[tuple[str, Value | str]]:
        status = self._status()
        for name, _, pick in STATUS:
            try:
                yield name, pick(status)
            except (KeyError, IndexError, TypeError):  # not known yet: no frame is drawn, no dream is loaded
                continue

    def _answer(self, address: str, target: Target, reply: Send) -> None:
        if address.startswith("status/"):
            values = [(f"status/{n}", value) for n, value in self._status_values() if address == f"status/{n}"]
        else:
            values = self._values(address)
        for name, value in values:
            self._send(name, value, [target], {target: reply})

    def _send(
        self,
        address: str,
        value: Value | str,
        targets: Iterable[Target],
        by: Mapping[Target, Send] = MappingProxyType({}),
    ) -> None:
        """Send one message to each of them, by its own way where it has one."""
        from pythonosc.osc_message_builder import OscMessageBuilder  # 50 ms that the first frame need not wait for

        builder = OscMessageBuilder(f"{self._prefix}/{address}")
        for each in value if isinstance(value, tuple) else (value,):
            builder.add_arg(int(each) if isinstance(each, bool) else each)  # TouchDesigner's CHOP takes no T and F
        packet = builder.build().dgram
        for target in targets:
            send = by.get(target, self._out)
            try:
                send(packet, target)
                self._failing.discard(target)
            except BlockingIOError:  # the system's buffer is full: this one is lost, as UDP may lose any
                pass
            except (OSError, OverflowError) as error:
                if send == self._out and target not in self._failing:
                    log.warning("OSC out %s:%d: %s", *target, error)
                    self._failing.add(target)
