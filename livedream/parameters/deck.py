"""The parameters of a deck: its player, and what its dream brings."""

from collections.abc import Iterable, Sequence

from livedream.parameters.parameter import Parameter

DEVIATIONS = "standard deviations"

UNSTICK = ("off", "nudge", "scene")
PLAYER = (
    Parameter("player/speed", "float", -8, 8, 1, glide=0.0, doc="1 is as the footage moved; below 0 back in the past"),
    Parameter("player/freeze", "bool", doc="the dream stands still; looks and master go on"),
    Parameter("player/seed", "int", 0, 16777215, 0, doc="start of the random numbers"),
    Parameter("player/reseed", "trigger", doc="begin the random numbers anew, from the seed"),
    Parameter("player/loop", "float", 0, 64, 0, "beats", doc="go round in the last beats of what was drawn; 0 is live"),
    Parameter("player/pingpong", "bool", doc="the loop goes to and fro"),
    Parameter("player/scrub", "float", default=1, doc="the place in loop or past that is held; 1 lets go"),
    Parameter("player/live", "trigger", doc="back to the present, which has stood still meanwhile"),
    Parameter("player/branch", "trigger", doc="go on from the moment of the past that is seen, to another future"),
    Parameter(
        "player/unstick",
        "choice",
        0,
        len(UNSTICK) - 1,
        1,
        doc="if the dream comes to rest: a small push, or over to the nearest scene at the next bar",
        choices=UNSTICK,
    ),
    Parameter("player/glide", "float", 0, 30, 0.05, "s", doc="time from one value to the next, of all that glides"),
)
SHARED = PLAYER[-1:]  # by all decks
LOADING = (
    Parameter("dream/load", "choice", 0, 0, doc="change the dream: to one that ships or lies in --dreams FOLDER"),
    Parameter("dream/reload", "trigger", doc="take the dream's file anew if it has changed on the disk"),
)
DREAM = (
    Parameter("dream/temperature", "float", 0, 2, 1, glide=0.0, doc="0 takes the likeliest way, 2 the wildest"),
    Parameter("dream/scene", "choice", 0, 0, doc="go to a start scene, by number from 0 or by name; acts on change"),
    Parameter("dream/scene/jump", "choice", 0, 0, doc="the same, and acts every time"),
    Parameter("dream/feedback", "float", glide=0.0, doc="how much of knobs and offsets the dream itself takes up"),
    Parameter("dream/unclip", "float", glide=0.0, doc="1 lets knobs and offsets go farther than the footage ever did"),
)

KNOBS = 8
LATENTS = 256  # above this many, only the vector has an address
OFFSET_SECONDS = 1.0  # that a layer may be late at most


def knob(i: int, label: str = "", doc: str = "") -> Parameter:
    """Knob `i`, from 1, along the dream's i-th direction. A 7-bit controller's 64 is exactly 0."""
    text = ": ".join(each for each in (label, doc) if each) or "along a direction of the dream; MIDI 64 is exactly 0"
    return Parameter(f"dream/knob/{i}", "float", -3, 3, 0, DEVIATIONS, glide=0.0, doc=text)


def latent(i: int) -> Parameter:
    """The offset of latent `i`, from 0."""
    return Parameter(f"dream/latent/{i}", "float", -3, 3, 0, DEVIATIONS, glide=0.0, doc="added to one latent")


def latents(length: int) -> tuple[Parameter, ...]:
    """The offsets of all latents: the vector, and one address each where there are at most 256."""
    doc = f"added to the latents: {length} numbers"
    whole = Parameter("dream/latent", "vector", -3, 3, 0, DEVIATIONS, glide=0.0, doc=doc, length=length)
    return (whole, *(latent(i) for i in range(length) if length <= LATENTS))


def layer(name: str) -> tuple[Parameter, ...]:
    """How the layer called `name` of a dream that draws several lies in the picture."""
    gain, offset, mute = (f"layer/{name}/{each}" for each in ("gain", "offset", "mute"))
    return (
        Parameter(gain, "float", default=1, glide=0.0, doc="how much of the layer is seen"),
        Parameter(offset, "float", 0, OFFSET_SECONDS, 0, "s", glide=0.0, doc="how late the layer is"),
        Parameter(mute, "bool", doc="the layer is not seen"),
    )


def control(name: str, low: float, high: float, default, doc: str = "", length: int = 1) -> Parameter:
    """The parameter of a dream's input `control.NAME` (f32 [length]). ValueError for a name of ours."""
    if name in ("load", "reload", "scene", "knob", "latent"):
        raise ValueError(f"control.{name}: that name is taken; call it otherwise")
    kind = "float" if length == 1 else "vector"
    return Parameter(f"dream/{name}", kind, low, high, default, glide=0.0, doc=doc, length=length)


def scenes(names: Iterable[str]) -> tuple[Parameter, Parameter]:
    """`dream/scene` and `dream/scene/jump` for scenes of these names."""
    names = tuple(names)
    at = {each.address: each for each in DREAM}
    return tuple(
        Parameter(address, "choice", 0, max(len(names) - 1, 0), doc=at[address].doc, choices=names)
        for address in ("dream/scene", "dream/scene/jump")
    )


def dream(
    scene_names: Iterable[str] = (),
    directions: Sequence[tuple[str, str]] = (("", ""),) * KNOBS,
    latent_length: int = 0,
    controls: Iterable[Parameter] = (),
) -> tuple[Parameter, ...]:
    """Every parameter of one dream, for `Table.replace("dream/", …)`.

    directions: (label, effect) of each knob. A control with the address of one of ours (`dream/temperature`)
    gives that one its own range.
    """
    named = {each.address: each for each in (*DREAM, *scenes(scene_names))}
    named |= {each.address: each for each in (knob(i, *pair) for i, pair in enumerate(directions[:KNOBS], 1))}
    named |= {each.address: each for each in (latents(latent_length) if latent_length else ())}
    named |= {each.address: each for each in controls}
    return tuple(named.values())
