"""A controller's MIDI ports: found by name, opened, and opened again when it has been unplugged."""

import contextlib
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Sequence

import mido
import rtmidi

from livedream import UserError

log = logging.getLogger(__name__)

CLIENT = "livedream"  # what others see us as
_BRIDGES = ("RtMidi", "a2j", "Midi-Bridge", "system")  # JACK's clients that hold the ports of others


class Port:
    """The controller whose port's name has `wanted` in it. All but `heard` is for one thread.

    heard: called in rtmidi's thread with each message and the time.perf_counter() second when it came.
    name: of the controller that is open, or None.
    """

    def __init__(self, wanted: str, heard: Callable[[mido.Message, float], None]):
        self.wanted, self.name = wanted, None
        self._heard = heard
        # One client looks, for as long as we run: rtmidi would make and end one for each look otherwise.
        self._api = api()
        self._look_in, self._look_out = rtmidi.MidiIn(self._api, CLIENT), rtmidi.MidiOut(self._api, CLIENT)
        self._in = self._out = None
        self._full = ""  # the port's whole name

    def look(self) -> bool | None:
        """See what is plugged in. True: it has come; False: it has gone; None: all is as it was."""
        ports = self._ports()
        if self.name is not None:
            if self._full in ports:
                return None
            self._leave()
            return False
        found = pick(ports, self.wanted)
        if found is None:
            return None
        try:
            self._open(found)
        except (rtmidi.RtMidiError, ValueError) as error:  # another program has it, or it has gone again
            self._leave()
            raise UserError(f"MIDI {found}: cannot be opened: {error}") from None
        return True

    def names(self) -> list[str]:
        """The controllers that could be opened."""
        return [controller(each) for each in self._ports()]

    def send(self, messages: Sequence[mido.Message]) -> None:
        """Say it to the controller, where it listens."""
        if self._out is not None:
            for each in messages:
                self._out.send_message(each.bytes())

    def close(self) -> None:
        self._leave()
        for each in (self._look_in, self._look_out):
            each.delete()

    def _ports(self) -> list[str]:
        return [each for each in self._look_in.get_ports() if not each.startswith(CLIENT)]

    def _open(self, full: str) -> None:
        self._in = rtmidi.MidiIn(self._api, CLIENT)
        self._in.ignore_types(sysex=True, timing=False, active_sense=True)
        self._in.set_callback(self._came)
        self._in.open_port(self._in.get_ports().index(full), "in")
        outs = [each for each in self._look_out.get_ports() if not each.startswith(CLIENT)]
        alike = [each for each in outs if controller(each) == controller(full)]
        if alike:
            same = [each for each in self._ports() if controller(each) == controller(full)]
            back = alike[min(same.index(full), len(alike) - 1)]
            self._out = rtmidi.MidiOut(self._api, CLIENT)
            self._out.open_port(self._out.get_ports().index(back), "out")
        self._full, self.name = full, controller(full)

    def _leave(self) -> None:
        for each in (self._in, self._out):
            if each is not None:
                with contextlib.suppress(rtmidi.RtMidiError):
                    each.cancel_callback() if each is self._in else None
                    each.close_port()
                each.delete()
        self._in = self._out = self.name = None

    def _came(self, event: tuple[list[int], float], _) -> None:
        at = time.perf_counter()
        try:
            self._heard(mido.Message.from_bytes(event[0]), at)
        except ValueError:  # no message of MIDI
            pass
        except Exception:  # rtmidi would print it, and call no more
            log.exception("MIDI")


def api() -> int:
    """rtmidi's number of the first system of MIDI that works here. UserError: none does.

    The environment's MIDO_BACKEND, as mido has it ("mido.backends.rtmidi/UNIX_JACK"), leaves no choice.
    """
    asked = getattr(rtmidi, f"API_{os.environ.get('MIDO_BACKEND', '').partition('/')[2]}", None)
    os.environ.setdefault("JACK_NO_START_SERVER", "1")  # it is not for us to start one
    for each in rtmidi.get_compiled_api() if asked is None else [asked]:
        try:
            rtmidi.MidiIn(each, CLIENT).delete()
        except (rtmidi.RtMidiError, SystemError):  # no /dev/snd/seq, no JACK server
            continue
        return each
    raise UserError("MIDI: this system has none that can be reached; on Linux, ALSA's sequencer or a JACK server")


def names() -> list[str]:
    """The controllers that are there now. UserError: no MIDI here."""
    looking = rtmidi.MidiIn(api(), CLIENT)
    try:
        return [controller(each) for each in looking.get_ports() if not each.startswith(CLIENT)]
    finally:
        looking.delete()


def told(names: Sequence[str]) -> str:
    """The ports in one line."""
    return f"MIDI ports: {', '.join(names)}" if names else "MIDI ports: none; nothing is plugged in"


def pick(ports: Sequence[str], wanted: str) -> str | None:
    """The port of this name, or else the first with it in its name."""
    for fits in (lambda each: wanted in (each, controller(each)), lambda each: wanted.lower() in each.lower()):
        if found := next(filter(fits, ports), None):
            return found
    return None


def controller(port: str) -> str:
    """The name of a port's controller, the same wherever it is plugged in.

    ALSA says "Launch Control:Launch Control MIDI 1 20:0", JACK "a2j:Launch Control [20] (capture): Launch …",
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
