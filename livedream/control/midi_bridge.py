"""MIDI to OSC and back, for any program that takes OSC: no dream is played.

By itself each control has an address of its own, as in /midi/cc/1/21 (channel 1, CC 21), with a number 0..1 (pitch bend
−1..1, a program change its number); a mapping file, as the show writes them, gives them the program's own addresses.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from livedream.control import midi_map
from livedream.control.midi import CHANNEL_MODE
from livedream.control.midi_control import Binding, Control
from livedream.control.midi_surface import Surface
from livedream.control.osc import Receiver
from livedream.control.osc_address import ip_of
from livedream.parameters import Parameter, Table

if TYPE_CHECKING:
    from pythonosc.udp_client import SimpleUDPClient

log = logging.getLogger(__name__)

CHANNELS = range(16)
LOOK = 1 / 60  # seconds between two looks at what came back by OSC


def every_control() -> tuple[list[Binding], list[Parameter]]:
    """All controls of all channels by themselves, and their parameters."""
    controls = [Control("cc", channel, n) for channel in CHANNELS for n in range(CHANNEL_MODE)]
    controls += [Control("note", channel, n) for channel in CHANNELS for n in range(128)]
    controls += [Control(kind, channel) for channel in CHANNELS for kind in ("pitch", "pressure")]
    bindings, parameters = [], []
    for each in controls:
        place = f"{each.kind}/{each.channel + 1}"
        address = f"{place}/{each.number}" if each.kind in ("cc", "note") else place
        bindings.append(Binding(address, each, mode="hold"))
        parameters.append(Parameter(address, "float", -1.0 if each.kind == "pitch" else 0.0))
    programs = [Parameter(f"program/{channel + 1}", "int", 0, 127, always=True) for channel in CHANNELS]
    return bindings, parameters + programs


class Bridge:
    """Sends from `start` to `stop`.

    port: the controller's name or part of it; "" the first there is. to: host and port that OSC goes to. prefix: what
    all addresses begin with, None: /midi, or nothing with a mapping file. listen: a UDP port where the program tells
    its values, for the controller's lights and for soft takeover. Raises UserError.
    """

    def __init__(
        self,
        port: str = "",
        to: tuple[str, int] = ("127.0.0.1", 9000),
        mapping: Path | None = None,
        prefix: str | None = None,
        listen: int | None = None,
        say: Callable[[str], None] = log.warning,
    ):
        if mapping is None:
            bindings, parameters = every_control()
        else:
            found = midi_map.read(mapping)
            bindings, parameters = found.bindings, found.parameters()
        prefix = ("/midi" if mapping is None else "") if prefix is None else prefix
        self._prefix = f"/{prefix.strip('/')}/" if prefix.strip("/") else "/"
        self._to = ip_of(to[0], "--to"), to[1]
        self._table = Table(parameters)
        self._lock = threading.Lock()  # one tick at a time
        self._stopping = threading.Event()
        self._client: SimpleUDPClient | None = None
        takes_over = mapping is not None and listen is not None
        self.surface = Surface(
            port, self._table, say=say, takeover=takes_over, heard=self._send, lights=listen is not None
        )
        self.surface.midi.replace(bindings)
        self._receiver = None if listen is None else Receiver(self._table, "127.0.0.1", listen, self._prefix)
        self._thread = threading.Thread(target=self._come_back, name="midi-back", daemon=True)

    def start(self) -> None:
        """Raises UserError when the port to listen on cannot be had."""
        if self._receiver is not None:
            self._receiver.start()
            self._thread.start()
        self.surface.start()

    def stop(self) -> None:
        self._stopping.set()
        self.surface.stop()
        if self._receiver is not None:
            self._thread.join(1.0)
            self._receiver.stop()

    def _send(self) -> None:
        """A message came: what it did goes out, before the next is looked at."""
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
                    except OSError as error:  # nobody listens there yet
                        log.info("OSC %s:%d: %s", *self._to, error)
            self.surface.on_frame(values)

    def _come_back(self) -> None:
        while not self._stopping.wait(LOOK):
            self._send()
