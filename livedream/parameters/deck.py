"""The parameters of a deck: its player, and what its dream brings.

They are declared as the first deck has them; `Parameter.on_deck` makes those of the second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from livedream.parameters.parameter import Parameter, grouped, of_control
from livedream.parameters.relations import MOST

DECKS = ("", "b/")  # prefixes of the addresses of the first and the second deck
STD = "standard deviations"
KNOBS = 8
LATENTS = MOST  # above this many, only the vector has an address
OFFSET_SECONDS = 1.0  # longest delay of a layer
UNSTICK = ("off", "nudge", "scene")

_MOTION = grouped(
    "motion",
    (
        Parameter(
            "player/speed",
            "float",
            -8,
            8,
            1,
            glide=0.0,
            doc="playback speed: 1 is the speed of the footage, negative goes back through the history",
            modulated=True,
            quantized="change",
            panic=1.0,
        ),
        Parameter(
            "player/freeze",
            "bool",
            doc="pause the dream; looks and master go on",
            pinned=True,
            modulated=True,
            panic=False,
        ),
        Parameter(
            "player/seed",
            "int",
            0,
            16777215,
            0,
            doc="seed of the random numbers",
            hidden=True,
            in_preset=False,  # a preset keeps its player's own seed
        ),
        Parameter(
            "player/reseed",
            "trigger",
            doc="restart the random numbers from the seed",
            pinned=True,
            modulated=True,
            quantized="change",
        ),
    ),
    deck="",
)
_HISTORY = grouped(
    "history",
    (
        Parameter(
            "player/loop",
            "float",
            0,
            64,
            0,
            "beats",
            "log",
            doc="loop the last so many beats of what was played; 0 is live",
            in_session=False,  # the history is gone when a session begins
            quantized="change",
        ),
        Parameter("player/pingpong", "bool", label="Ping-pong", doc="play the loop forwards and backwards in turn"),
        Parameter(
            "player/scrub",
            "float",
            default=1,
            doc="position in the loop or history to hold; 1 releases it",
            in_session=False,
            modulated=True,
        ),
        Parameter(
            "player/live",
            "trigger",
            label="Go live",
            doc="return to the present, which has waited meanwhile",
            quantized="change",
            panic=True,
            panic_always=True,
        ),
        Parameter(
            "player/branch",
            "trigger",
            label="Continue here",
            doc="continue from the moment of the history that is shown, towards another future",
            quantized="change",
        ),
        Parameter(
            "player/unstick",
            "choice",
            0,
            len(UNSTICK) - 1,
            1,
            label="Idle recovery",
            doc="idle recovery, when the dream stops moving: nudge it, or go to the nearest scene at the next bar",
            choices=UNSTICK,
        ),
    ),
    deck="",
    in_preset=False,
)
GLIDE = Parameter(
    "player/glide",
    "float",
    0,
    30,
    0.05,
    "s",
    "log",
    doc="smoothing: time that every gliding parameter takes to a new value",
    label="Smoothing",
    group="motion",
)
SHARED = (GLIDE,)  # one for both decks, though it is called like the first one's
PLAYER = (*_MOTION, *_HISTORY, *SHARED)
LOADING = grouped(
    "dream",
    (
        Parameter(
            "dream/load",
            "choice",
            0,
            0,
            doc="change the dream, to one that ships or lies in --dreams FOLDER",
            local=True,
            in_session=False,  # --model says it
            quantized="effect",
        ),
        Parameter("dream/reload", "trigger", doc="reload the dream's file if it has changed on the disk"),
    ),
    deck="",
    hidden=True,
    in_preset=False,
    admin=True,
)
NO_PHOTO = "none"
PHOTO = Parameter(
    "dream/photo",
    "choice",
    0,
    0,
    always=True,
    doc="start from a photo in --photos FOLDER, by name: it is the first picture, and the dream goes on from there",
    choices=(NO_PHOTO,),
    local=True,
    group="dream",
    deck="",
    label="Photo",
    in_preset=False,
    in_session=False,
    quantized="change",
)
SCENE = "dream/scene"
_SCENES = grouped(
    "scenes",
    (
        Parameter(
            SCENE,
            "choice",
            0,
            0,
            doc="go to a start scene, by number from 0 or by name; acts on change",
            modulated=True,
        ),
        Parameter(
            "dream/scene_jump",
            "choice",
            0,
            0,
            doc="the same, but acts every time",
            acts_on=SCENE,
            aliases=("dream/scene/jump",),
            in_session=False,
        ),
    ),
    deck="",
    hidden=True,  # the page has its own strip of scenes
    in_preset=False,  # a preset keeps the moment itself
    quantized="change",
)
_TEMPERATURE = Parameter(
    "dream/temperature",
    "float",
    0,
    2,
    1,
    glide=0.0,
    doc="variation: 0 is the most likely course, 2 the wildest",
    group="motion",
    deck="",
    modulated=True,
    panic=1.0,
)
_FEEDBACK = Parameter(
    "dream/feedback",
    "float",
    glide=0.0,
    doc="self-influence: how much the knobs and offsets steer the dream's own course",
    group="motion",
    deck="",
    label="Self-influence",
    modulated=True,
)
_UNCLIP = Parameter(
    "dream/unclip",
    "float",
    glide=0.0,
    doc="allow extreme values: 1 lets knobs and offsets go beyond anything in the footage",
    group="dream",
    deck="",
    label="Allow extreme values",
    modulated=True,
)
DREAM = (_TEMPERATURE, *_SCENES, _FEEDBACK, _UNCLIP)


def player(seed: int = 0) -> tuple[Parameter, ...]:
    """The parameters of a player whose random numbers start from `seed` (0 to 16777215)."""
    return tuple(replace(each, default=seed) if each.address == "player/seed" else each for each in PLAYER)


def loading(names: Sequence[str] = (), at: int = 0) -> tuple[Parameter, ...]:
    """The parameters that change the dream, to one of `names`, of which number `at` is loaded."""
    load, reload = LOADING
    return replace(load, choices=tuple(names), high=max(len(names) - 1, 0), default=at), reload


def photos(names: Sequence[str]) -> Parameter:
    """`dream/photo` for photos of these names."""
    choices = (NO_PHOTO, *(each for each in names if each != NO_PHOTO))
    return replace(PHOTO, choices=choices, high=len(choices) - 1)


def knob(i: int, label: str = "", doc: str = "") -> Parameter:
    """Knob `i`, from 1, along the dream's i-th direction. A 7-bit controller's 64 is exactly 0."""
    text = ": ".join(each for each in (label, doc) if each) or "along a direction of the dream; MIDI 64 is exactly 0"
    return Parameter(
        f"dream/knob/{i}",
        "float",
        -3,
        3,
        0,
        STD,
        glide=0.0,
        doc=text,
        label=f"{i} {label}" if label else f"Knob {i}",
        group="knobs",
        deck="",
        series="dream/knob",
        modulated=True,
        panic=0.0,
    )


def latent(i: int) -> Parameter:
    """The offset of latent `i`, from 0."""
    return Parameter(
        f"dream/latent/{i}",
        "float",
        -3,
        3,
        0,
        STD,
        glide=0.0,
        doc="offset added to one latent",
        label=f"Latent {i}",
        group="latents",
        deck="",
        series="dream/latent",
        vector="dream/latents",
        hidden=True,
        in_preset=False,  # the vector is there
        modulated=True,
        panic=0.0,
    )


def latents(length: int) -> tuple[Parameter, ...]:
    """The offsets of all latents: the vector, and one address each where there are at most LATENTS."""
    whole = Parameter(
        "dream/latents",
        "vector",
        -3,
        3,
        0,
        STD,
        glide=0.0,
        doc=f"offsets added to the latents: {length} numbers",
        length=length,
        label="Latents",
        group="latents",
        deck="",
        aliases=("dream/latent",),
        hidden=True,
        in_session=length > LATENTS,  # its elements are kept one by one
        modulated=True,
    )
    return (whole, *(latent(i) for i in range(length) if length <= LATENTS))


def layer(name: str) -> tuple[Parameter, ...]:
    """How the layer called `name`, of a dream that draws several, lies in the picture."""
    gain, offset, mute = (f"layer/{name}/{each}" for each in ("gain", "offset", "mute"))
    label = name.replace("_", " ").replace("-", " ")
    found = (
        Parameter(
            gain,
            "float",
            default=1,
            glide=0.0,
            doc="opacity of the layer",
            label=label,
        ),
        Parameter(offset, "float", 0, OFFSET_SECONDS, 0, "s", glide=0.0, doc="delay of the layer"),
        Parameter(mute, "bool", doc="hide the layer"),
    )
    return grouped("layer", found, item=name, deck="", modulated=True)


def control(
    name: str,
    low: float,
    high: float,
    default: float | tuple[float, ...],
    doc: str = "",
    length: int = 1,
    parts: tuple[str, ...] = (),
) -> Parameter:
    """The parameter of a dream's input `control.NAME` (f32 [length]). ValueError for a name of ours.

    parts: Names of its elements, if they have names.
    """
    if name in ("load", "reload", "scene", "scene_jump", "knob", "latent", "latents"):
        raise ValueError(f"control.{name}: that name is taken; choose another")
    made = of_control(f"dream/{name}", low, high, default, doc, length, parts)
    return replace(made, group="dream", deck="")


def scenes(names: Iterable[str]) -> tuple[Parameter, ...]:
    """`dream/scene` and `dream/scene_jump` for scenes of these names."""
    names = tuple(names)
    return tuple(replace(each, choices=names, high=max(len(names) - 1, 0)) for each in _SCENES)


def dream(
    scene_names: Iterable[str] = (),
    directions: Sequence[tuple[str, str]] = (("", ""),) * KNOBS,
    latent_length: int = 0,
    controls: Iterable[Parameter] = (),
) -> tuple[Parameter, ...]:
    """Every parameter of one dream, for `Table.replace("dream/", …)`.

    Args:
        scene_names: of the start scenes.
        directions: (label, effect) of each knob.
        latent_length: numbers in the latent.
        controls: the dream's own; one with the address of one of ours (`dream/temperature`) gives that its range.
    """
    named = {each.address: each for each in (*DREAM, *scenes(scene_names))}
    named |= {each.address: each for each in (knob(i, *pair) for i, pair in enumerate(directions[:KNOBS], 1))}
    named |= {each.address: each for each in (latents(latent_length) if latent_length else ())}
    for each in controls:
        ours = named.get(each.address)
        named[each.address] = _with_range_of(ours, each) if ours and ours.type == each.type else each
    return tuple(named.values())


def _with_range_of(ours: Parameter, given: Parameter) -> Parameter:
    return replace(ours, low=given.low, high=given.high, default=given.default, doc=given.doc, curve=given.curve)
