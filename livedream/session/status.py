"""What `GET /status` says: the fields of all parts, put together. Fields are added, never renamed."""

import time
from collections.abc import Iterable

import livedream
from livedream.parts.part import HasStatus

STARTED = time.monotonic()

# In this order. Where no part gives a field, it is null.
FIELDS = {
    "version": "livedream's",
    "uptime_s": "seconds since the program started",
    "state": "loading, playing, held or blackout",
    "frame": "number of the last frame handed out",
    "fps": "target; sent: frames handed out a second; fresh: those that were drawn anew",
    "ms": "milliseconds: of a drawing, from a control's change to its frame, and of abs(interval - period)",
    "late": "ticks that no drawing was ready for",
    "repeated": "ticks that were late, blended or held",
    "decks": "each deck: its dream; providers, and why another is not used; the dream that is loading, and why the last"
    ' one asked for was refused; changed: its file holds another dream by now; past: "loop", "scrub" or "past" where it'
    " is drawn in its past; unstuck: how often it had come to rest and was helped; memories: how many frames it keeps",
    "effects": "the effects of each deck, a or b, in order: n is its number in addresses; size of the pictures that it"
    ' makes; fps: pictures that it made a second; ms: of its last run; state: "in time" if every frame shows its own'
    ' picture, "behind" if it is slower than the show and frames show its last one, "bypassed" or "failed"; runs; late:'
    " frames that showed an older picture; failed: runs that did",
    "effect_loading": "name of the effect that is being made ready",
    "effect_error": "why the last effect asked for is not in the chain",
    "looks": "the look chain, and what is wrong with a look's file as it is now",
    "look_error": "why looks are not drawn at all, or why the last one asked for is not in the chain",
    "outputs": "each output: its state, frames sent and dropped",
    "output_error": "why the last request about outputs was not carried out",
    "saved": "file of the last screenshot",
    "awake": "whether display and system are kept from sleeping; says: if not, why and what to do",
    "battery": "percent and whether it is plugged in; null without one",
    "input": "the live picture: its source's state, size, fps, age_ms, received, dropped; encoders: for each"
    " deck, pictures that its dream has seen for input/pull, and ms that one took; null without --in",
    "audio": "the input level, bands from low to high; null without --audio",
    "tempo": "beat is the present one; peers: other Ableton Link programs; following: whether its source is received",
    "midi": "the controller's port, bindings, and what is wrong; null without --midi",
    "preset": "name of the last preset recalled or stored",
    "preset_part": "0..1 of the way there, null while there is none",
    "presets": "the presets there are",
    "preset_error": "why the last request about presets was not carried out",
    "vote": "word; decks: of each, how many have voted up and down, and how sure the direction is, 0..1; saved: the"
    " last dream that was written with it; error: why the last one was not",
    "shows": "files that the show is recorded in",
    "show_error": "why the last one that failed is not recorded any more",
    "osc": "port, and how many messages came; how many of them were clamped, unknown, malformed or refused",
    "web": "viewers: open pages; programs: OSCQuery clients; refused: requests from other sites or without a token",
    "errors": "drawings and steps that failed",
}


def status(parts: Iterable[HasStatus]) -> dict[str, object]:
    """The state of a session as JSON values.

    Two parts may give the same field: what one leaves at None the other fills in, and objects and lists are joined.
    """
    found: dict[str, object] = dict.fromkeys(FIELDS)
    found |= {"version": livedream.__version__, "uptime_s": round(time.monotonic() - STARTED, 1)}
    for part in parts:
        for name, value in part.status().items():
            other = found.get(name)
            if isinstance(value, dict) and isinstance(other, dict):
                found[name] = other | value
            elif isinstance(value, list) and isinstance(other, list):
                found[name] = [*other, *value]
            elif other is None:
                found[name] = value
    return found
