"""A controller's MIDI ports: found by name, opened, and opened again after it was unplugged."""

import contextlib
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import mido
import rtmidi

from livedream import UserError
from livedream.system import c_stderr

log = logging.getLogger(__name__)

ANY = "*"  # instead of a part of a name: the only controller there is
THROUGH = "Midi Through"  # ALSA's own port, which is no controller
CLIENT = "livedream"  # the name that other programs see
_BRIDGES = ("RtMidi", "a2j", "Midi-Bridge", "system")  # JACK clients that hold other programs' ports


class Port:
    """The input and output of one controller. Its methods are for one thread.

    Attributes:
        wanted: a part of the port's name.
        name: of the controller that is open, or None.
    """

    def __init__(self, wanted: str, on_message: Callable[[mido.Message, float], None]):
        """Begin without an open port.

        Args:
            wanted: a part of the port's name.
            on_message: called in rtmidi's thread with each message and the time.perf_counter() of its arrival.
        """
        self.wanted = wanted
        self.name: str | None = None
        self._on_message = on_message
        # These two clients scan the ports as long as the show runs; else rtmidi would make a new one for each scan.
        self._api = api()
        with quiet():
            self._scan_in, self._scan_out = rtmidi.MidiIn(self._api, CLIENT), rtmidi.MidiOut(self._api, CLIENT)
        self._in: rtmidi.MidiIn | None = None
        self._out: rtmidi.MidiOut | None = None
        self._full = ""  # the port's full name

    def scan(self) -> bool | None:
        """Scan the ports. True: the controller was opened; False: it was unplugged; None: nothing has changed.

        Raises:
            UserError: it is there, but cannot be opened.
        """
        ports = self._ports()
        if self.name is not None:
            if self._full in ports:
                return None
            self._close_ports()
            return False
        found = pick(ports, self.wanted)
        if found is None:
            return None
        try:
            with quiet():
                self._open(found)
        except (rtmidi.RtMidiError, ValueError) as error:  # another program uses it, or it was unplugged again
            self._close_ports()
            raise UserError(f"MIDI {found}: cannot be opened: {error}") from None
        return True

    def names(self) -> list[str]:
        """Return the names of all controllers that are plugged in."""
        return [controller_name(each) for each in self._ports()]

    def send(self, messages: Sequence[mido.Message]) -> None:
        """Send messages to the controller, if it has an input."""
        if self._out is not None:
            for each in messages:
                self._out.send_message(each.bytes())

    def close(self) -> None:
        """Close all ports for good."""
        self._close_ports()
        for each in (self._scan_in, self._scan_out):
            each.delete()

    def _ports(self) -> list[str]:
        """Return the full names of all input ports but our own."""
        return [each for each in self._scan_in.get_ports() if not each.startswith(CLIENT)]

    def _open(self, full: str) -> None:
        """Open the input of that full name, and the output that belongs to it."""
        self._in = rtmidi.MidiIn(self._api, CLIENT)
        self._in.ignore_types(sysex=True, timing=False, active_sense=True)
        self._in.set_callback(self._received)
        self._in.open_port(self._in.get_ports().index(full), "in")
        outs = [each for each in self._scan_out.get_ports() if not each.startswith(CLIENT)]
        alike = [each for each in outs if controller_name(each) == controller_name(full)]
        if alike:
            same = [each for each in self._ports() if controller_name(each) == controller_name(full)]
            back = alike[min(same.index(full), len(alike) - 1)]
            self._out = rtmidi.MidiOut(self._api, CLIENT)
            self._out.open_port(self._out.get_ports().index(back), "out")
        self._full, self.name = full, controller_name(full)

    def _close_ports(self) -> None:
        if self._in is not None:
            with contextlib.suppress(rtmidi.RtMidiError):
                self._in.cancel_callback()
        for each in (self._in, self._out):
            if each is not None:
                with contextlib.suppress(rtmidi.RtMidiError):
                    each.close_port()
                each.delete()
        self._in = self._out = self.name = None

    def _received(self, event: tuple[list[int], float], _: object) -> None:
        at = time.perf_counter()
        try:
            self._on_message(mido.Message.from_bytes(event[0]), at)
        except ValueError:  # not a MIDI message
            pass
        except Exception:  # rtmidi would print it, and call no more
            log.exception("MIDI")


def api() -> int:
    """Return rtmidi's number of the first MIDI API that works here.

    The environment variable MIDO_BACKEND chooses one, as for mido: "mido.backends.rtmidi/UNIX_JACK".

    Raises:
        UserError: none works.
    """
    asked = getattr(rtmidi, f"API_{os.environ.get('MIDO_BACKEND', '').partition('/')[2]}", None)
    os.environ.setdefault("JACK_NO_START_SERVER", "1")  # a JACK server is the user's to start
    for each in rtmidi.get_compiled_api() if asked is None else [asked]:
        try:
            with quiet():
                rtmidi.MidiIn(each, CLIENT).delete()
        except (rtmidi.RtMidiError, SystemError):  # no /dev/snd/seq, no JACK server
            continue
        return int(each)
    raise UserError("MIDI: not available on this system; Linux needs ALSA's sequencer or a running JACK server")


def names() -> list[str]:
    """Return the names of all controllers that are plugged in. Raises UserError where there is no MIDI."""
    with quiet():
        scanning = rtmidi.MidiIn(api(), CLIENT)
    try:
        return [controller_name(each) for each in scanning.get_ports() if not each.startswith(CLIENT)]
    finally:
        scanning.delete()


def quiet() -> AbstractContextManager[None]:
    """Silence what ALSA and JACK print while a port is opened, unless the user has asked for more (`-v`)."""
    return c_stderr.silenced(not log.isEnabledFor(logging.INFO))


def check_only() -> None:
    """Raise UserError with their names if several controllers are plugged in, for ANY could be each of them."""
    there = list(dict.fromkeys(each for each in names() if THROUGH not in each))
    if len(there) > 1:
        raise UserError(f"--midi: several controllers are plugged in; choose one by its name: {', '.join(there)}")


def ports_line(names: Sequence[str]) -> str:
    """Return a list of ports as one line for the user."""
    return f"MIDI ports: {', '.join(names)}" if names else "MIDI ports: none; nothing is plugged in"


def pick(ports: Sequence[str], wanted: str) -> str | None:
    """Return the port of this name, or else the first that has `wanted` in its name; of ANY, the first controller."""
    if wanted == ANY:
        return next((each for each in ports if THROUGH not in each), None)
    exact = (each for each in ports if wanted in (each, controller_name(each)))
    partial = (each for each in ports if wanted.lower() in each.lower())
    return next(exact, None) or next(partial, None)


def controller_name(port: str) -> str:
    """Return the name of a port's controller, which is the same whatever socket it is plugged into.

    ALSA calls it "Launch Control:Launch Control MIDI 1 20:0", JACK "a2j:Launch Control [20] (capture): Launch …",
    Windows "Launch Control 1", macOS "Launch Control".
    """
    name = re.sub(r" \d+:\d+$", "", port)
    client, colon, rest = name.partition(":")
    if not colon:
        return re.sub(r" \d+$", "", name) if sys.platform == "win32" else name
    if not client.startswith(_BRIDGES):
        return client
    rest = re.split(r" \[\d+\]| \((?:capture|playback)|:\(|:", rest)[0]
    return re.sub(r" \d+$", "", rest) if client == "Midi-Bridge" else rest
