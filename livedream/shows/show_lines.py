"""The lines of a show file: JSON, a header first, then one for each frame that was drawn.

What stands in them is what the drawer drew with: values after glides and modulation, and the latents of every step, so
that a rendering follows the performance on any machine. Arrays are base64 of little-endian f32. Addresses have the
value of the line before where a line does not name them; so have phases and looks.

    {"livedream show": 1, "version": …, "started": ISO 8601, "fps": …, "size": [width, height],
     "frame": the last one drawn before, or null, "values": {address: value}, "transitions": [look],
     "decks": [{"dream": {"path", "title", "sha256", "providers"}, "moment": {…} or null, "toward": {…}}],
     "looks": [look]}
    {"frame": number, "moved": frames, if not all since the line before, "drawn": "a" and "b" if they were,
     "a": {"phase": 0..1, "latents": [of each step], "states": {…}, "toward": {"latent", "part", "noise"} that what is
     drawn is led to, "moment": {…} that a preset put it at after all this}, "b": …,
     "set": {…}, "gone": [address …], "fired": [address …], "dreams": {"a": dream}, "looks": [look]}
    {"recording": "NAME.mp4", "first": its first frame}
    {"dropped": [[first, last], …]}: frames that the recording lacks

look: {"name"}, and where it is new or was edited {"name", "path", "text", "vertex"}; "edited": true for the latter.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

import livedream
from livedream.look.chain import Slot
from livedream.parameters import Value
from livedream.play.player import Player
from livedream.play.state import PlayerState, Target
from livedream.play.state_json import encode, to_json

FORMAT = 1
LETTERS = "ab"  # of the decks


class Played(NamedTuple):
    """One frame as it was drawn.

    number: None where none was drawn yet. frames: that the dreams were moved by. steps: of each deck, the latents of
    its steps and the phase after them. drawn: the letters of the decks that were drawn. looks: (slot, source). states:
    of the decoders, by input name, of each deck whose dream runs elsewhere than on the frame before. towards: where
    each deck was led to. stood: where each was put.
    """

    number: int | None
    frames: int
    values: Mapping[str, Value]
    fired: frozenset[str]
    players: tuple[Player, ...]
    steps: tuple[tuple[list[np.ndarray], float], ...]
    drawn: str
    looks: tuple[tuple[Slot, object], ...]
    states: tuple[Mapping[str, np.ndarray], ...] = ()
    targets: tuple[Target | None, ...] = ()
    restored: tuple[PlayerState | None, ...] = ()


def header(
    before: Played, moments: Sequence[PlayerState | None], transitions: Sequence[Slot], fps: float, size, started: str
) -> str:
    """The first line of a show that begins after the frame `before`."""
    decks = zip(before.players, moments, before.targets, strict=True)
    return _line(
        {
            "livedream show": FORMAT,
            "version": livedream.__version__,
            "started": started,
            "fps": fps,
            "size": list(size),
            "frame": before.number,
            "values": _values({}, before.values),
            "decks": [
                {"dream": _dream(player), "moment": to_json(moment)} | _toward(to) for player, moment, to in decks
            ],
            "looks": [_look(slot, source, None) for slot, source in before.looks],
            "transitions": [_look(slot, slot.source, None) for slot in transitions],
        }
    )


def line(now: Played, before: Played) -> str:
    """The line of a frame that follows `before`."""
    said: dict = {"frame": now.number}
    if before.number is None or now.frames != now.number - before.number:
        said["moved"] = now.frames
    said["drawn"] = now.drawn
    for n, (letter, (latents, phase), (_, last)) in enumerate(zip(LETTERS, now.steps, before.steps, strict=False)):
        if latents or phase != last or any(now.targets[n : n + 1]):  # in its past a dream stands still
            said[letter] = {"phase": phase} | ({"latents": [encode(each) for each in latents]} if latents else {})
    for letter, states in zip(LETTERS, now.states, strict=False):
        if states:
            said[letter] = said.get(letter, {}) | {"states": {name: encode(each) for name, each in states.items()}}
    for letter, toward, stood in zip(LETTERS, now.targets, now.restored, strict=False):
        if led := _toward(toward) | ({"moment": to_json(replace(stood, step_state={}, trail=None))} if stood else {}):
            said[letter] = said.get(letter, {}) | led
    if changed := _values(before.values, now.values):
        said["set"] = changed
    if gone := [address for address in before.values if address not in now.values]:
        said["gone"] = gone
    if now.fired:
        said["fired"] = sorted(now.fired)
    pairs = zip(LETTERS, now.players, before.players, strict=False)
    if others := {letter: _dream(player) for letter, player, last in pairs if _differs(player, last)}:
        said["dreams"] = others
    if now.looks != before.looks:
        sources = dict(before.looks)
        said["looks"] = [_look(slot, source, sources.get(slot)) for slot, source in now.looks]
    return _line(said)


def recording(name: str, first: int) -> str:
    """A recording's file, and its first frame."""
    return _line({"recording": name, "first": first})


def dropped(ranges: Sequence[tuple[int, int]]) -> str:
    """(first, last) frames that the recording lacks."""
    return _line({"dropped": [list(each) for each in ranges]})


def _line(said: dict) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _toward(toward: Target | None) -> dict:
    if toward is None:
        return {}
    latent, chance = toward.point
    noise = {} if chance is None else {"noise": encode(chance)}
    return {"toward": {"latent": encode(latent), "part": toward.weight} | noise}


def _values(before: Mapping[str, Value], now: Mapping[str, Value]) -> dict[str, Value]:
    """What is other than before. A vector whose elements have addresses of their own is told by them, a text never."""
    return {
        address: value
        for address, value in now.items()
        if before.get(address) != value
        and not isinstance(value, str)
        and not (isinstance(value, tuple) and f"{address}/0" in now)
    }


def _differs(player: Player, last: Player) -> bool:
    """Whether another dream plays, or the same one elsewhere."""
    return player is not last and (player.dream, player.providers) != (last.dream, last.providers)


def _dream(player: Player) -> dict:
    dream = player.dream
    path = str(dream.path.absolute())
    return {"path": path, "title": dream.title, "sha256": dream.sha256, "providers": player.providers}


def _look(slot: Slot, source, before) -> dict:
    if source is before:
        return {"name": slot.name}
    told = {"name": slot.name, "path": str(source.path.absolute()), "text": source.text, "vertex": source.vertex}
    return told | ({"edited": True} if before is not None else {})
