"""MIDI feedback: lights, encoder rings and motor faders show the parameters' values."""

import mido

from livedream.control.midi.bindings import BoundControl
from livedream.control.midi.controls import LSB, Control
from livedream.control.midi.scale import data, position_of
from livedream.parameters import Table


def messages(table: Table, bound: BoundControl) -> list[mido.Message]:
    """Return the messages that make a control show its parameter's value; none where it shows it already."""
    binding, control = bound.binding, bound.binding.control
    parameter = table.parameters.get(table.name(binding.address))
    if parameter is None or control.kind == "pressure" or parameter.jog or parameter.type in ("trigger", "text"):
        return []
    try:
        target = table.target(table.acts_on(binding.address))
    except KeyError:  # its dream was just unloaded
        return []
    at = position_of(binding, parameter, target) if binding.value is None else float(target == binding.value)
    wanted = round(at * 127) if control.kind == "note" else data(at, control.bits)
    if wanted == bound.shown:
        return []
    bound.shown = wanted
    return encode(control, wanted)


def encode(control: Control, data: int) -> list[mido.Message]:
    """Return the messages that bring a control to `data`."""
    channel, n = control.channel, control.number
    if control.kind == "note":
        return [mido.Message("note_on", channel=channel, note=n, velocity=data)]
    if control.kind == "pitch":
        return [mido.Message("pitchwheel", channel=channel, pitch=data - 8192)]
    pairs = [(n, data)]
    if control.kind in ("nrpn", "rpn"):
        first = 99 if control.kind == "nrpn" else 101
        pairs = [(first, n >> 7), (first - 1, n & 127), (6, data >> 7), (38, data & 127)]
    if control.kind == "cc14":
        halves = [(n, data >> 7), (n + LSB, data & 127)]
        pairs = halves[::-1] if control.lsb_first else halves
    return [mido.Message("control_change", channel=channel, control=each, value=value) for each, value in pairs]
