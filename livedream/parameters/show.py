"""The parameters of the show as a whole: mix, master, outputs, tempo, presets, audio, MIDI, modulation, windows."""

from collections.abc import Iterable
from dataclasses import replace

from livedream.parameters.parameter import Parameter, grouped
from livedream.picture.placing import BEYOND, FITS, FLIPS, TURNS, WHOLE

MODES = ("fade", "add", "screen", "multiply", "lighten", "darken", "difference")
UPSCALERS = ("off", "edge", "lanczos", "bilinear", "nearest")
TRANSPORTS = ("off", "freeze", "resync")
SOURCES = ("internal", "midi", "link")
GRIDS = ("off", "beat", "bar")
SLOTS = 8  # modulation slots
MODULATORS = (
    *("off", "sine", "triangle", "saw", "square", "random", "envelope"),
    *("level", "low", "mid", "high", "onset", "beat"),
)
_CORNERS = ("top_left", "top_right", "bottom_right", "bottom_left")
NOTHING = "nothing"  # target of a modulation slot that moves nothing

MASTER = grouped(
    "master",
    (
        Parameter(
            "master/fade",
            "float",
            default=1,
            glide=0.0,
            doc="master level: 0 is black, 1 the whole picture",
            label="Master level",
            modulated=True,
            panic=1.0,
            panic_always=True,
        ),
        Parameter(
            "master/fade_time",
            "float",
            0,
            60,
            0,
            "s",
            "log",
            doc="least time that a change of the master level takes",
            label="Fade time",
            time_of="master/fade",
            aliases=("master/fade/time",),
        ),
        Parameter(
            "master/blackout",
            "bool",
            doc="black, at once or in the time below",
            pinned=True,
            risky=True,
            panic=False,
            panic_always=True,
        ),
        Parameter(
            "master/blackout_time",
            "float",
            0,
            60,
            0,
            "s",
            "log",
            doc="time that it takes to black and back",
            label="Blackout time",
            time_of="master/blackout",
            aliases=("master/blackout/time",),
        ),
        Parameter(
            "master/hold",
            "bool",
            doc="the outputs keep the last picture",
            pinned=True,
            panic=False,
            panic_always=True,
        ),
        Parameter(
            "master/panic",
            "trigger",
            doc="back to a good picture at once: everything calm and visible, or the preset of --panic",
            pinned=True,
            risky=True,
        ),
    ),
    in_preset=False,
)
FINISH = grouped(
    "master",
    (
        Parameter(
            "master/upscale",
            "choice",
            0,
            len(UPSCALERS) - 1,
            doc="how a dream is enlarged to --size; off leaves that to each output",
            choices=UPSCALERS,
        ),
        Parameter(
            "master/sharpness",
            "float",
            default=0.5,
            glide=0.0,
            doc="sharpness of the edge upscaler",
            modulated=True,
        ),
        Parameter("master/grain", "float", glide=0.0, doc="film grain", modulated=True),
        Parameter("master/dither", "float", glide=0.0, doc="dither, against banding in dark areas", modulated=True),
        Parameter(
            "master/blend",
            "bool",
            doc="frame blending, where the dream is drawn more slowly than the frame rate",
            label="Frame blending",
        ),
    ),
)
OUTPUT = grouped(
    "output",
    (
        Parameter("output/add", "text", doc="add an output, written as for --out; a file is a name in --recordings"),
        Parameter(
            "output/remove",
            "text",
            doc="end an output, by its name or by its number in /status",
            risky=True,
            takes_number=True,
        ),
        Parameter(
            "output/record",
            "bool",
            always=True,
            doc="record to a new file in --recordings; 0 ends the recording",
            risky=True,
        ),
        Parameter("output/screenshot", "trigger", doc="save the next frame as a PNG in --recordings"),
    ),
    in_preset=False,
    in_session=False,
    admin=True,
)
TEMPO = grouped(
    "tempo",
    (
        Parameter(
            "tempo/bpm", "float", 20, 300, 120, "bpm", doc="beats per minute; follows an external clock", label="BPM"
        ),
        Parameter("tempo/tap", "trigger", doc="tap the tempo; acts from the fourth tap on"),
        Parameter(
            "tempo/resync",
            "trigger",
            doc="downbeat: this is the first beat of a bar of four",
            label="Downbeat (Resync)",
        ),
        Parameter("tempo/nudge", "float", -0.25, 0.25, 0, "beats", jog=True, doc="shift the beat; momentary"),
        Parameter(
            "tempo/quantize",
            "choice",
            0,
            len(GRIDS) - 1,
            doc="grid that changes of speed, loops, scenes, reseed, loads and presets wait for",
            choices=GRIDS,
        ),
        Parameter("tempo/source", "choice", 0, len(SOURCES) - 1, doc="what sets the tempo", choices=SOURCES),
        Parameter(
            "tempo/start_stop",
            "choice",
            0,
            len(TRANSPORTS) - 1,
            doc="what start and stop of Link or MIDI clock do: freeze and go on from a downbeat, or set the downbeat",
            label="Start and stop",
            choices=TRANSPORTS,
        ),
        Parameter(
            "tempo/sync",
            "bool",
            doc="playback speed follows the tempo: unchanged at 120 bpm, doubled at 240",
            panic=False,
        ),
    ),
    in_preset=False,
)
PRESET = grouped(
    "preset",
    (
        Parameter(
            "preset/store",
            "text",
            doc="store this moment, under a name or a number from 0; replaces the one that has it",
            takes_number=True,
        ),
        Parameter(
            "preset/recall", "text", doc="go to a preset, by name or number", takes_number=True, quantized="change"
        ),
        Parameter("preset/morph", "float", 0, 120, 2, "s", "log", doc="time that recall and undo take; 0 is at once"),
        Parameter("preset/beats", "bool", doc="preset/morph is in beats instead of seconds"),
        Parameter("preset/undo", "trigger", doc="return to the moment before the last recall"),
        Parameter("preset/delete", "text", doc="delete a preset, by name or number", risky=True, takes_number=True),
    ),
    in_preset=False,
)
AUDIO = grouped(
    "audio",
    (
        Parameter("audio/gain", "float", 0, 16, 1, "", "log", glide=0.0, doc="input level gain"),
        Parameter("audio/attack", "float", 0, 1, 0.005, "s", "log", doc="rise time of the level and the bands"),
        Parameter("audio/release", "float", 0, 5, 0.2, "s", "log", doc="fall time of the level and the bands"),
        Parameter("audio/threshold", "float", 0, 1, 0.5, doc="onset detection threshold"),
    ),
    in_preset=False,
)
MIDI = grouped(
    "midi",
    (
        Parameter(
            "midi/learn", "text", doc="an address: bind the next MIDI control that moves to it; off cancels learning"
        ),
        Parameter("midi/forget", "text", doc="an address: remove its MIDI mapping", risky=True),
    ),
    in_preset=False,
    admin=True,
)
ALWAYS = (*MASTER, *FINISH, *OUTPUT, *TEMPO, *PRESET, *AUDIO, *MIDI)  # in every show, in the order of the table
# Addresses below these come and go with dreams, looks, windows and --in, so that a limit may be set before they come.
COMING = ("dream/", "layer/", "look/", "b/", "mod/", "window/", "input/")


def mix(transitions: Iterable[str] = ()) -> tuple[Parameter, ...]:
    """How two decks become one picture; transitions: the names of looks that lead from one to the other."""
    ways = (*MODES, *transitions)
    found = (
        Parameter("mix/crossfade", "float", glide=0.0, doc="0 is the first deck, 1 the second"),
        Parameter(
            "mix/mode", "choice", 0, len(ways) - 1, doc="how the second deck is mixed over the first", choices=ways
        ),
    )
    return grouped("mix", found, modulated=True)


def window(n: int) -> tuple[Parameter, ...]:
    """How window `n`, from 0 in the order of the outputs, shows the picture."""
    corners = "top left, top right, bottom right and bottom left corner of the picture: x and y, the window is 0…1"
    turns, parts = tuple(map(str, TURNS)), tuple(f"{corner}_{axis}" for corner in _CORNERS for axis in "xy")
    own = (
        Parameter("corners", "vector", -BEYOND, 1 + BEYOND, WHOLE, doc=corners, length=8, parts=parts),
        Parameter("fit", "choice", 0, len(FITS) - 1, doc="how a picture of another shape is placed", choices=FITS),
        Parameter("flip", "choice", 0, len(FLIPS) - 1, doc="mirrored: sideways, upside down, both", choices=FLIPS),
        Parameter("rotate", "choice", 0, len(turns) - 1, doc="degrees clockwise, after the flip", choices=turns),
        Parameter("card", "bool", doc="show a test card instead of the picture; key T", label="Test card"),
        Parameter("map", "bool", doc="drag the corners with the mouse; key M", label="Drag corners"),
        Parameter("fullscreen", "bool", doc="fill a whole screen; key F"),
    )
    found = grouped("window", own, item=str(n), in_preset=False, admin=True)
    return tuple(replace(each, address=f"window/{n}/{each.address}") for each in found)


def modulator(n: int) -> tuple[Parameter, ...]:
    """Slot `n`, from 1, of the modulation: what moves, what it moves, and how."""
    target = "address to modulate: dream/knob/1; an element of a colour or a point: look/tint/colour_r"
    own = (
        Parameter("source", "choice", 0, len(MODULATORS) - 1, doc="modulation source", choices=MODULATORS, panic=0),
        Parameter("target", "choice", 0, 0, doc=target, choices=(NOTHING,)),
        Parameter("depth", "float", -1, 1, 0.5, glide=0.0, doc="part of the target's range to sweep", modulated=True),
        Parameter(
            "offset", "float", -1, 1, 0, glide=0.0, doc="offset, as a part of the target's range", modulated=True
        ),
        Parameter(
            "rate",
            "float",
            0,
            32,
            1,
            "",
            "log",
            doc="cycles per second; with beats on, and for beat, beats per cycle",
            modulated=True,
        ),
        Parameter("beats", "bool", doc="the rate is in beats of the tempo, and cycles begin on beats"),
        Parameter("phase", "float", doc="start position in the cycle"),
        Parameter(
            "attack",
            "float",
            0,
            10,
            0,
            "s",
            "log",
            doc="attack time of the envelope, which onset and beat trigger too",
        ),
        Parameter("decay", "float", 0, 10, 0.3, "s", "log", doc="time from its peak to the sustain level"),
        Parameter("sustain", "float", doc="level to keep while the gate is 1"),
        Parameter("release", "float", 0, 10, 0.3, "s", "log", doc="time from there to 0"),
        Parameter("gate", "bool", doc="begin the envelope; 0 releases it"),
        Parameter("trigger", "trigger", doc="begin the envelope, and release it after its decay; or restart an LFO"),
    )
    found = grouped("mod", own, item=str(n))
    return tuple(replace(each, address=f"mod/{n}/{each.address}") for each in found)
