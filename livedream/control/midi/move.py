"""The way from a control's movement to a parameter: buttons, keys, absolute controls, relative encoders."""

from dataclasses import replace

from livedream.control.midi import detect
from livedream.control.midi.bindings import BoundControl
from livedream.control.midi.controls import Source
from livedream.control.midi.scale import ends, position, position_of, steps, value_at
from livedream.parameters import Parameter, Table

NEAR = 1.01 / 127  # a part of the range: soft takeover counts a control this close as having reached the value


class Mover:
    """Sets parameters by the controls that are bound to them.

    Args:
        table: the parameters.
        takeover: whether an absolute control moves nothing until it has reached the parameter's value (soft takeover,
            also called pickup), so that no value jumps.
    """

    def __init__(self, table: Table, takeover: bool):
        self._table, self._takeover = table, takeover

    def move(self, bound: BoundControl, source: Source, data: int) -> bool:
        """Set the parameter by a message of its control. Returns whether its encoding was corrected."""
        binding, control = bound.binding, bound.binding.control
        parameter = self._parameter(bound)
        if parameter is None:  # it belongs to another dream
            return False
        if control.kind == "relative":
            corrected = not bound.encoding_known and _settle_encoding(bound, data)
            self._turn(bound, parameter, steps(bound.binding.encoding, data))
            return corrected
        if control.kind == "cc14":
            joined = bound.join(source, data)
            if joined is None:
                return False
            data = joined
        at = data / 127 if control.kind == "note" else position(data, control.bits)
        bound.shown = data
        pressed = data > 0 if control.kind == "note" else at >= 0.5
        rises, falls = pressed and not bound.pressed, bound.pressed and not pressed
        rises = rises or (pressed and control.kind == "note")  # some pads send no release
        before, bound.pressed = bound.position, pressed
        if binding.value is not None or parameter.type in ("trigger", "bool", "text"):
            self._press(bound, parameter, rises, falls)
        elif control.kind == "note":
            self._strike(bound, parameter, at, rises, falls)
        elif not parameter.jog:
            self._slide(bound, parameter, at)
        elif before is not None:
            self._set(bound, (at - before) * (parameter.high - parameter.low))
        bound.position = at
        return False

    def step(self, bound: BoundControl, turned: int) -> None:
        """Set the parameter by steps of its control."""
        if parameter := self._parameter(bound):
            self._turn(bound, parameter, turned)
            bound.position = bound.set_value = None  # where the control stands is not known any more

    def _parameter(self, bound: BoundControl) -> Parameter | None:
        return self._table.parameters.get(self._table.name(bound.binding.address))

    def _press(self, bound: BoundControl, parameter: Parameter, rises: bool, falls: bool) -> None:
        """Act on a button: send its value, fire a trigger, or move a switch."""
        binding = bound.binding
        if binding.value is not None or parameter.type == "trigger":
            if rises:
                self._set(bound, *(() if binding.value is None else (binding.value,)))
        elif binding.button_mode == "toggle":
            if rises:
                self._set(bound, not self._table.target(binding.address))
        elif rises or falls:
            self._set(bound, rises)
        if parameter.type != "trigger" and (rises or falls) and is_blind(bound, parameter):
            bound.relight = True

    def _strike(self, bound: BoundControl, parameter: Parameter, at: float, rises: bool, falls: bool) -> None:
        """Act on a key that is bound to a number: its velocity is the position; a choice goes to its next."""
        if parameter.type == "choice" and bound.binding.button_mode != "hold":
            present = self._table.target(parameter.address)
            if rises and isinstance(present, int):
                low, high = int(parameter.low), int(parameter.high)
                self._set(bound, low + (present + 1 - low) % (high - low + 1))
        elif at > 0 or (falls and bound.binding.button_mode == "hold"):
            self._set(bound, value_at(bound.binding, parameter, at))

    def _slide(self, bound: BoundControl, parameter: Parameter, at: float) -> None:
        """Act on an absolute control: with soft takeover, only once it has reached or passed the present value."""
        target = self._table.target(parameter.address)
        wanted, before = value_at(bound.binding, parameter, at), bound.position
        if self._takeover and target != bound.set_value and target != wanted:
            there = position_of(bound.binding, parameter, target)
            passed = before is not None and (before - there) * (at - there) <= 0
            bound.waiting = not passed and abs(at - there) > NEAR
            if bound.waiting:
                return
        bound.waiting = False
        self._set(bound, wanted)
        bound.set_value = self._table.target(parameter.address)

    def _turn(self, bound: BoundControl, parameter: Parameter, turned: int) -> None:
        """Act on a relative encoder: 128 steps go through the range; integers and choices take whole steps."""
        binding = bound.binding
        if not turned:
            return
        low, high = ends(binding, parameter)
        step = (high - low) / 128
        if binding.value is not None:
            self._set(bound, binding.value)
        elif parameter.type == "trigger":
            self._set(bound)
        elif parameter.type == "bool":
            self._set(bound, turned > 0)
        elif parameter.jog:
            self._set(bound, turned * step)
        elif isinstance(present := self._table.target(parameter.address), int | float):
            if parameter.type in ("int", "choice"):
                step = max(1, abs(step)) * (1 if high >= low else -1)
            self._set(bound, min(max(present + turned * step, min(low, high)), max(low, high)))

    def _set(self, bound: BoundControl, *arguments: float | bool) -> None:
        self._table.set(bound.binding.address, arguments, bound.sender, repeats=True)


def is_blind(bound: BoundControl, parameter: Parameter | None) -> bool:
    """Tell whether a control cannot know what its own movement did, so that it must be told by its light."""
    binding = bound.binding
    if binding.control.kind == "relative" or binding.value is not None:
        return True
    return parameter is not None and parameter.type == "bool" and binding.button_mode == "toggle"


def _settle_encoding(bound: BoundControl, data: int) -> bool:
    """Correct the assumed encoding by one more message; it is settled once both directions were seen."""
    found = detect.better_encoding(bound.binding.encoding, data)
    corrected = found != bound.binding.encoding
    if corrected:
        bound.binding = replace(bound.binding, encoding=found)
    bound.directions.add(steps(found, data) > 0)
    bound.encoding_known = len(bound.directions) == 2
    return corrected
