"""MIDI to OSC and back, for any program that understands OSC: no dream is played.

Each control sends to an address of its own, as in /midi/cc/1/21 (channel 1, CC 21) or /midi/nrpn/1/135, with a number
0..1 (pitch bend −1..1, a program change its number); a mapping file, as a show writes it, gives the program's own
addresses instead.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from livedream.control.midi import mapping_file
from livedream.control.midi.controls import Binding, Control, Source
from livedream.control.midi.learn import CHANNEL_MODE
from livedream.control.midi.parameter_numbers import chooses
from livedream.control.midi.surface import Surface
from livedream.control.osc import Receiver
from livedream.control.osc_address import ip_of
from livedream.parameters import Parameter, Table

if TYPE_CHECKING:
    from pythonosc.udp_client import SimpleUDPClient

log = logging.getLogger(__name__)

CHANNELS = range(16)
NUMBERS = 1024  # NRPNs of a channel, and RPNs, that get an address, when they move for the first time
TICK = 1 / 60  # seconds between two ticks of the parameter table, which apply what was received by OSC


def every_control() -> tuple[list[Binding], list[Parameter]]:
    """Return a binding and a parameter for every control of every channel, but parameter numbers."""
    numbers = [n for n in range(CHANNEL_MODE) if not chooses(n)]
    controls = [Control("cc", channel, n) for channel in CHANNELS for n in numbers]
    controls += [Control("note", channel, n) for channel in CHANNELS for n in range(128)]
    controls += [Control(kind, channel) for channel in CHANNELS for kind in ("pitch", "pressure")]
    bindings: list[Binding] = []
    parameters: list[Parameter] = []
    for each in controls:
        channel = f"{each.kind}/{each.channel + 1}"
        address = f"{channel}/{each.number}" if each.kind in ("cc", "note") else channel
        bindings.append(Binding(address, each, mode="hold"))
        parameters.append(Parameter(address, "float", -1.0 if each.kind == "pitch" else 0.0))
    programs = [Parameter(f"program/{channel + 1}", "int", 0, 127, always=True) for channel in CHANNELS]
    return bindings, parameters + programs


class Bridge:
    """Translates between MIDI and OSC from `start` to `stop`."""

    def __init__(
        self,
        port: str = "",
        to: tuple[str, int] = ("127.0.0.1", 9000),
        mapping: Path | None = None,
        prefix: str | None = None,
        listen: int | None = None,
        say: Callable[[str], None] = log.warning,
    ):
        """Prepare to translate.

        Args:
            port: the controller's name or a part of it; "" for the first controller.
            to: host and port that OSC is sent to.
            mapping: a mapping file.
            prefix: what all addresses begin with; None for /midi, or nothing with a mapping file.
            listen: a UDP port where the program sends its values, for the controller's lights and soft takeover.
            say: prints a line for the user.

        Raises:
            UserError: there is no such host, or the mapping file is damaged.
        """
        bindings: Iterable[Binding]
        parameters: Iterable[Parameter]
        if mapping is None:
            bindings, parameters = every_control()
        else:
            found = mapping_file.read(mapping)
            bindings, parameters = found.bindings, found.parameters()
        prefix = ("/midi" if mapping is None else "") if prefix is None else prefix
        self._prefix = f"/{prefix.strip('/')}/" if prefix.strip("/") else "/"
        self._to = ip_of(to[0], "--to"), to[1]
        self._table = Table(parameters)
        self._lock = threading.Lock()  # guards ticks and the client
        self._stopping = threading.Event()
        self._client: SimpleUDPClient | None = None
        takeover = mapping is not None and listen is not None
        self.surface = Surface(
            port, self._table, say=say, takeover=takeover, on_message=self._send, feedback=listen is not None
        )
        self.surface.mapper.replace(bindings)
        self._numbered: dict[str, list[Parameter]] = {}  # by what their addresses begin with
        if mapping is None:
            self.surface.mapper.meet = self._meet
        self._receiver = None if listen is None else Receiver(self._table, "127.0.0.1", listen, self._prefix)
        self._thread = threading.Thread(target=self._tick, name="midi-back", daemon=True)

    def start(self) -> None:
        """Begin. Raises UserError when the port to listen on is not available."""
        if self._receiver is not None:
            self._receiver.start()
            self._thread.start()
        self.surface.start()

    def stop(self) -> None:
        """Close the MIDI port and the sockets."""
        self._stopping.set()
        self.surface.stop()
        if self._receiver is not None:
            self._thread.join(1.0)
            self._receiver.stop()

    def _meet(self, source: Source) -> Binding | None:
        """Return a binding for an NRPN or RPN that is met for the first time, with a parameter of its own."""
        kind, channel, number = source
        begins = f"{kind}/{channel + 1}/"
        met = self._numbered.setdefault(begins, [])
        if len(met) >= NUMBERS:
            return None
        met.append(Parameter(f"{begins}{number}", "float"))
        self._table.replace(begins, met)
        return Binding(met[-1].address, Control(*source), mode="hold")

    def _send(self) -> None:
        """Send what the last message set, before the next one is handled."""
        from pythonosc.udp_client import SimpleUDPClient

        with self._lock:
            values = self._table.tick(0.0)
            if self._client is None:
                self._client = SimpleUDPClient(*self._to, allow_broadcast=True)
            for address, value in values.changes:
                if str(values.senders[address]).startswith("MIDI"):
                    try:
                        self._client.send_message(
                            self._prefix + address, int(value) if isinstance(value, bool) else value
                        )
                    except OSError as error:  # no program listens there yet
                        log.info("OSC %s:%d: %s", *self._to, error)
            self.surface.on_frame(values)

    def _tick(self) -> None:
        while not self._stopping.wait(TICK):
            self._send()
