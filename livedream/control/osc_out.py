"""OSC out: what the parameters were set to, and once a second how the instrument is doing.

Goes to the `--osc-out` targets and to whoever subscribed. Numbers and strings never share an address, because
TouchDesigner's CHOPs read numbers only.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING

from livedream.control.osc import PREFIX, host_port, ip_of
from livedream.parameters import Snapshot, Table, Value

if TYPE_CHECKING:
    from pythonosc.udp_client import SimpleUDPClient

log = logging.getLogger(__name__)

SUBSCRIBERS = 32  # the one that has not renewed for longest makes room

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
        self._subscribers: dict[tuple[str, int], Hashable] = {}
        self._greet = set(self._fixed)  # those who are to be told everything
        self._latest: dict[str, tuple[Value, Hashable]] = {}
        self._news: dict[str, Value | str] = {}  # of the status
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._clients: dict[tuple[str, int], SimpleUDPClient] = {}  # the thread's own, as is what follows
        self._failing: set[tuple[str, int]] = set()
        self._thread = threading.Thread(target=self._run, name="osc-out", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def show(self, snapshot: Snapshot) -> None:
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
                self._greet = {*self._greet, (host, port)} & {*self._fixed, *self._subscribers}
        self._wake.set()

    def resend(self) -> None:
        """Send every value to everybody: after `Table.replace`, which is nobody's message."""
        with self._lock:
            self._greet = {*self._fixed, *self._subscribers}
        self._wake.set()

    def _run(self) -> None:
        next_status = next_greeting = time.monotonic()
        while not self._stopping:
            self._wake.wait(max(0.0, next_status - time.monotonic()))
            self._wake.clear()
            now = time.monotonic()
            with self._lock:
                latest, self._latest = self._latest, {}
                news, self._news = self._news, {}
                targets = self._fixed | self._subscribers
                # A greeting a second at most: a flood of `subscribe` must not become a flood of answers.
                greet = self._greet if now >= next_greeting else set()
                self._greet = self._greet - greet
            for gone in self._clients.keys() - targets.keys():
                self._clients.pop(gone).close()
                self._failing.discard(gone)
            if greet:
                next_greeting = now + 1.0
                self._send_all(greet)
            for address, (value, sender) in latest.items():
                if self._has_value(address):
                    self._send(address, value, (t for t, hand in targets.items() if sender not in (t, hand)))
            for name, value in news.items():
                self._send(f"status/{name}", value, targets)
            if now >= next_status:
                next_status = now + 1.0
                self._send_status(targets)
        for client in self._clients.values():
            client.close()

    def _has_value(self, address: str) -> bool:
        parameter = self._table.parameters.get(address)
        return parameter is not None and parameter.type not in ("trigger", "text") and not address.endswith("/jump")

    def _send_all(self, targets: Iterable[tuple[str, int]]) -> None:
        parameters = self._table.parameters
        for address in parameters:
            if not self._has_value(address) or f"{address}/0" in parameters:  # a vector is sent as its elements
                continue
            try:
                value = self._table.target(address)
            except KeyError:  # its dream went just now
                continue
            self._send(address, value, targets)

    def _send_status(self, targets: Iterable[tuple[str, int]]) -> None:
        status = self._status()
        for name, _, pick in STATUS:
            try:
                value = pick(status)
            except (KeyError, IndexError, TypeError):  # not known yet: no frame is drawn, no dream is loaded
                continue
            self._send(f"status/{name}", value, targets)

    def _send(self, address: str, value: Value | str, targets: Iterable[tuple[str, int]]) -> None:
        from pythonosc.udp_client import SimpleUDPClient  # 50 ms that the first frame need not wait for

        if isinstance(value, bool):
            value = int(value)  # TouchDesigner's OSC In CHOP takes floats and ints only
        for target in targets:
            try:
                if target not in self._clients:
                    self._clients[target] = SimpleUDPClient(*target, allow_broadcast=True)
                self._clients[target].send_message(f"{self._prefix}/{address}", value)
                self._failing.discard(target)
            except BlockingIOError:  # the system's buffer is full: this one is lost, as UDP may lose any
                pass
            except OSError as error:
                if target not in self._failing:
                    log.warning("OSC out %s:%d: %s", *target, error)
                self._failing.add(target)
