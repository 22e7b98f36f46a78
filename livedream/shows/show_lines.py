"""The lines of a show file: JSON, a header first, then one for each frame that was drawn.

They hold what the drawer thread drew with: values after glides and modulation, and the latents of every step, so that a
rendering repeats the performance on any machine. Arrays are base64 of little-endian f32. Addresses that a line does not
name have the value of the line before; so have phases and looks.

    {"livedream show": 1, "version": …, "started": ISO 8601, "fps": …, "size": [width, height],
     "frame": the last one drawn before, or null, "values": {address: value}, "transitions": [look],
     "decks": [{"dream": {"path", "title", "sha256", "providers"}, "moment": {…} or null, "toward": {…}}],
     "looks": [look], "input": {"name", "kind", "path" of a file}, where live pictures came in}
    {"frame": number, "moved": frames, if not all since the line before, "drawn": "a" and "b" if they were,
     "live": seconds from the beginning of the live picture's file to what was shown, with all its passes,
     "a": {"phase": 0..1, "latents": [of each step], "states": {…}, "toward": {"latent", "part", "noise"}: what the
     picture is blended to, "moment": {…}: the state that a preset, branch or photo put it in after all this}, "b": …,
     "set": {…}, "gone": [address …], "fired": [address …], "dreams": {"a": dream}, "looks": [look]}
    {"recording": "NAME.mp4", "first": its first frame}
    {"dropped": [[first, last], …]}: frames that the recording lacks

Of a dream in clips, "toward" also has "clips", the moments of the past that are drawn: [{"before", "after": {"latent",
"noise", "made": [seed, count]}, "phase", "weight"}]. "waits": true is where a clip was not ready, and what was drawn
before went on.

A look is {"name"}; a new or edited one is {"name", "path", "text", "vertex"}, the latter with "edited": true. What
a deck, in the header too, says of its effects stands in effect_lines.py.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import livedream
from livedream.effect.slot import Slot as EffectSlot
from livedream.effect.trace import Trace
from livedream.look.chain import Slot
from livedream.parameters import Value
from livedream.play import Floats, State
from livedream.play.player import Player
from livedream.play.state import PlayerState, Target
from livedream.play.state_json import encode, to_json
from livedream.shows import effect_lines, target_lines

if TYPE_CHECKING:
    from livedream.look.source import Source

FORMAT = 1
LETTERS = "ab"  # a letter for each deck


class Steps(NamedTuple):
    """The steps of a deck for one frame.

    Attributes:
        latents: What each of them led to, f32 [Z].
        phase: Where it was after them.
    """

    latents: list[Floats]
    phase: float


class Played(NamedTuple):
    """One frame as it was drawn.

    Attributes:
        number: None where none was drawn yet.
        frames: How far the dreams moved for it.
        values: Of the parameters, by address.
        fired: Addresses of the triggers that fired.
        players: What each deck played.
        steps: Of each deck.
        drawn: Letters of the decks that were drawn.
        looks: Their slots, and what each held.
        states: Of each decoder that runs elsewhere than on the frame before, {} of the others; () if there is none.
        targets: What the picture of each deck was blended to.
        restored: The state that each deck was put in after its steps.
        effects: Each deck's, in their order.
        traces: What came in from them, by number, of each deck.
        live: Seconds from the beginning of a live file to what was shown, with all its passes; None without one.
        waiting: Of each deck: whether a clip was not ready, so that what was drawn before went on.
    """

    number: int | None
    frames: int
    values: Mapping[str, Value]
    fired: frozenset[str]
    players: tuple[Player, ...]
    steps: tuple[Steps, ...]
    drawn: str
    looks: "tuple[tuple[Slot, Source], ...]"
    states: tuple[State, ...] = ()
    targets: tuple[Target | None, ...] = ()
    restored: tuple[PlayerState | None, ...] = ()
    effects: tuple[tuple[EffectSlot, ...], ...] = ()
    traces: tuple[Mapping[int, Trace], ...] = ()
    live: float | None = None
    waiting: tuple[bool, ...] = ()


def header(
    before: Played,
    states: Sequence[PlayerState | None],
    effects: Sequence[Mapping[int, Trace]],
    transitions: Sequence[Slot],
    fps: float,
    size: tuple[int, int],
    started: str,
    live: Mapping[str, str] | None = None,
) -> str:
    """Return the first line of a show that begins after the frame `before`.

    Args:
        before: What was played last.
        states: Of each deck then.
        effects: What the effects of each deck had then, by number.
        transitions: That can lead from one deck to the other.
        fps: Frames a second.
        size: (width, height) in pixels.
        started: When the program was started, ISO 8601.
        live: What came in as live picture: its name and kind, and of a file its path.
    """
    decks = zip(before.players, states, before.targets, before.effects, effects, strict=True)
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
                {"dream": _dream(player), "moment": to_json(state)}
                | target_lines.to_json(target)
                | effect_lines.to_json(slots, None, traces, before.number)
                for player, state, target, slots, traces in decks
            ],
            "looks": [_look(slot, source, None) for slot, source in before.looks],
            "transitions": [_look(slot, slot.source, None) for slot in transitions],
        }
        | ({"input": dict(live)} if live else {})
    )


def line(now: Played, before: Played) -> str:
    """Return the line of a frame that follows `before`."""
    data: dict[str, Any] = {"frame": now.number}
    if before.number is None or now.number is None or now.frames != now.number - before.number:
        data["moved"] = now.frames
    data["drawn"] = now.drawn
    if now.live is not None and now.live != before.live:
        data["live"] = round(now.live, 4)
    for letter, deck in zip(LETTERS, _decks(now, before), strict=False):
        if deck:
            data[letter] = deck
    if changed := _values(before.values, now.values):
        data["set"] = changed
    if gone := [address for address in before.values if address not in now.values]:
        data["gone"] = gone
    if now.fired:
        data["fired"] = sorted(now.fired)
    pairs = zip(LETTERS, now.players, before.players, strict=False)
    if others := {letter: _dream(player) for letter, player, last in pairs if _differs(player, last)}:
        data["dreams"] = others
    if now.looks != before.looks:
        sources = dict(before.looks)
        data["looks"] = [_look(slot, source, sources.get(slot)) for slot, source in now.looks]
    return _line(data)


def _decks(now: Played, before: Played) -> list[dict[str, Any]]:
    """Return what each deck did; {} if nothing: in its past a dream stands still."""
    found: list[dict[str, Any]] = []
    for n, ((latents, phase), (_, last)) in enumerate(zip(now.steps, before.steps, strict=False)):
        deck: dict[str, Any] = {}
        if latents or phase != last or any(now.targets[n : n + 1]):
            deck = {"phase": phase} | ({"latents": [encode(each) for each in latents]} if latents else {})
        if states := next(iter(now.states[n : n + 1]), {}):
            deck["states"] = {name: encode(each) for name, each in states.items()}
        deck |= target_lines.to_json(next(iter(now.targets[n : n + 1]), None))
        if any(now.waiting[n : n + 1]):
            deck["waits"] = True
        if restored := next(iter(now.restored[n : n + 1]), None):
            deck["moment"] = to_json(replace(restored, step_state={}, trail=None))
        for slots, ours, traces in zip(now.effects[n : n + 1], before.effects[n : n + 1], now.traces[n:], strict=False):
            deck |= effect_lines.to_json(slots, ours, traces, now.number)
        found.append(deck)
    return found


def recording(name: str, first: int) -> str:
    """Return the line that names a recording's file and its first frame."""
    return _line({"recording": name, "first": first})


def dropped(ranges: Sequence[tuple[int, int]]) -> str:
    """Return the line of the (first, last) frames that the recording lacks."""
    return _line({"dropped": [list(each) for each in ranges]})


def _line(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _values(before: Mapping[str, Value], now: Mapping[str, Value]) -> dict[str, Value]:
    """Return what differs from before. Latents are given one by one where these have addresses; texts never."""
    return {
        address: value
        for address, value in now.items()
        if before.get(address) != value
        and not isinstance(value, str)
        and not (isinstance(value, tuple) and f"{address.removesuffix('s')}/0" in now)
    }


def _differs(player: Player, last: Player) -> bool:
    """Return whether another dream plays, or the same one on other devices."""
    return player is not last and (player.dream, player.providers) != (last.dream, last.providers)


def _dream(player: Player) -> dict[str, Any]:
    dream = player.dream
    path = str(dream.path.absolute())
    return {"path": path, "title": dream.title, "sha256": dream.sha256, "providers": player.providers}


def _look(slot: Slot, source: "Source", before: "Source | None") -> dict[str, Any]:
    if source is before:
        return {"name": slot.name}
    data: dict[str, Any] = {
        "name": slot.name,
        "path": str(source.path.absolute()),
        "text": source.text,
        "vertex": source.vertex,
    }
    return data | ({"edited": True} if before is not None else {})
