"""The parameters of the show as a whole: mix, master, outputs, tempo, presets, MIDI, audio, modulation, windows."""

from collections.abc import Iterable
from dataclasses import replace

from livedream.parameters.parameter import Parameter

MODES = ("fade", "add", "screen", "multiply", "lighten", "darken", "difference")


def mix(transitions: Iterable[str] = ()) -> tuple[Parameter, ...]:
    """How two decks become one picture; transitions: the names of looks that lead from one to the other."""
    ways = (*MODES, *transitions)
    return (
        Parameter("mix/crossfade", "float", glide=0.0, doc="0 is the first deck, 1 the second"),
        Parameter("mix/mode", "choice", 0, len(ways) - 1, doc="how the second lies over the first", choices=ways),
    )


MASTER = (
    Parameter("master/fade", "float", default=1, glide=0.0, doc="0 is black, 1 the whole picture"),
    Parameter("master/fade/time", "float", 0, 60, 0, "s", doc="what a change of the fade takes at least"),
    Parameter("master/blackout", "bool", doc="black, at once or in the time below"),
    Parameter("master/blackout/time", "float", 0, 60, 0, "s", doc="what it takes to black and back"),
    Parameter("master/hold", "bool", doc="the outputs keep the last picture"),
    Parameter("master/panic", "trigger", doc="a good picture at once: all calm and seen, or the preset of --panic"),
)
UPSCALERS = ("off", "edge", "lanczos", "bilinear", "nearest")
FINISH = (
    Parameter(
        "master/upscale",
        "choice",
        0,
        len(UPSCALERS) - 1,
        doc="how a dream becomes as large as --size; off leaves that to each output",
        choices=UPSCALERS,
    ),
    Parameter("master/sharpness", "float", default=0.5, glide=0.0, doc="of the upscaler that follows edges"),
    Parameter("master/grain", "float", glide=0.0, doc="film grain"),
    Parameter("master/dither", "float", glide=0.0, doc="against bands in the dark"),
    Parameter("master/blend", "bool", doc="blended frames between those drawn, where drawing is slower than the rate"),
)
OUTPUT = (
    Parameter("output/add", "text", doc="send frames there too, as --out says it; a file is a name in --recordings"),
    Parameter("output/remove", "text", doc="end an output, by its name or by its number in /status"),
    Parameter("output/record", "bool", always=True, doc="record to a new file in --recordings; 0 ends it"),
    Parameter("output/screenshot", "trigger", doc="keep the next frame as a PNG in --recordings"),
)
SOURCES = ("internal", "midi", "link")
GRIDS = ("off", "beat", "bar")
TEMPO = (
    Parameter("tempo/bpm", "float", 20, 300, 120, "bpm", doc="beats a minute; shows what is followed, too"),
    Parameter("tempo/tap", "trigger", doc="beat time with it; acts from the fourth tap on"),
    Parameter("tempo/resync", "trigger", doc="this is the first beat of a bar of four"),
    Parameter("tempo/nudge", "float", -0.25, 0.25, 0, "beats", jog=True, doc="a step on, or back; 0 between two alike"),
    Parameter(
        "tempo/quantize",
        "choice",
        0,
        2,
        doc="what speed, loops, scenes, reseed, loads, presets wait for",
        choices=GRIDS,
    ),
    Parameter("tempo/source", "choice", 0, 2, doc="who sets the tempo", choices=SOURCES),
    Parameter("tempo/sync", "bool", doc="speed goes with the tempo: as it is at 120 bpm, twice at 240"),
)
PRESET = (
    Parameter("preset/store", "text", doc="keep this moment, by a name or a number from 0; replaces what has it"),
    Parameter("preset/recall", "text", doc="go to a preset, by name or number"),
    Parameter("preset/morph", "float", 0, 120, 2, "s", doc="time that recall and undo take, 0 is at once"),
    Parameter("preset/beats", "bool", doc="preset/morph is in beats instead of seconds"),
    Parameter("preset/undo", "trigger", doc="back to the moment before the last recall"),
    Parameter("preset/delete", "text", doc="forget a preset, by name or number"),
)
MIDI = (
    Parameter("midi/learn", "text", doc="an address: the next MIDI control that moves is bound to it; off: none is"),
    Parameter("midi/forget", "text", doc="an address: no MIDI control moves it any more"),
)
AUDIO = (
    Parameter("audio/gain", "float", 0, 16, 1, glide=0.0, doc="of what is heard"),
    Parameter("audio/attack", "float", 0, 1, 0.005, "s", doc="how fast the level and the bands rise"),
    Parameter("audio/release", "float", 0, 5, 0.2, "s", doc="how fast they fall"),
    Parameter("audio/threshold", "float", 0, 1, 0.5, doc="how clear an onset must be"),
)
SLOTS = 8  # of modulation
MODULATORS = (
    *("off", "sine", "triangle", "saw", "square", "random", "envelope"),
    *("level", "low", "mid", "high", "onset", "beat"),
)
NOTHING = "nothing"  # that a slot moves
FITS = ("contain", "cover", "stretch")  # how a picture of another shape is placed
FLIPS = ("none", "h", "v", "hv")
TURNS = ("0", "90", "180", "270")  # clockwise
CORNERS = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)  # x, y of the whole window, from the top left one clockwise


def window(n: int) -> tuple[Parameter, ...]:
    """How window `n`, from 0 in the order of the outputs, shows the picture."""
    corners = "top left, top right, bottom right and bottom left corner of the picture: x and y, the window is 0…1"
    own = (
        Parameter("corners", "vector", -0.5, 1.5, CORNERS, doc=corners, length=8),
        Parameter("fit", "choice", 0, len(FITS) - 1, doc="how a picture of another shape is placed", choices=FITS),
        Parameter("flip", "choice", 0, len(FLIPS) - 1, doc="mirrored: sideways, upside down, both", choices=FLIPS),
        Parameter("rotate", "choice", 0, len(TURNS) - 1, doc="degrees clockwise, after the flip", choices=TURNS),
        Parameter("card", "bool", doc="a test card in the picture's place; key T"),
        Parameter("map", "bool", doc="drag the corners with the mouse; key M"),
        Parameter("fullscreen", "bool", doc="the whole of a screen; key F"),
    )
    return tuple(replace(each, address=f"window/{n}/{each.address}") for each in own)


def modulator(n: int) -> tuple[Parameter, ...]:
    """Slot `n`, from 1, of the modulation: what moves, what it moves, and how."""
    target = "what it moves, by its address: dream/knob/1; an element of a colour or a point: look/tint/colour/0"
    own = (
        Parameter("source", "choice", 0, len(MODULATORS) - 1, doc="what moves it", choices=MODULATORS),
        Parameter("target", "choice", 0, 0, doc=target, choices=(NOTHING,)),
        Parameter("depth", "float", -1, 1, 0.5, glide=0.0, doc="how much of the target's range it sweeps"),
        Parameter("offset", "float", -1, 1, 0, glide=0.0, doc="added to it, in parts of the target's range"),
        Parameter("rate", "float", 0, 32, 1, doc="cycles a second; with beats, and for beat, beats a cycle"),
        Parameter("beats", "bool", doc="the rate is in beats of the tempo, and cycles begin on beats"),
        Parameter("phase", "float", doc="where in its cycle it begins"),
        Parameter("attack", "float", 0, 10, 0, "s", doc="of the envelope, which onset and beat begin, too"),
        Parameter("decay", "float", 0, 10, 0.3, "s", doc="from its peak to the sustain level"),
        Parameter("sustain", "float", doc="level that it keeps while the gate is 1"),
        Parameter("release", "float", 0, 10, 0.3, "s", doc="from there to nothing"),
        Parameter("gate", "bool", doc="begins the envelope; 0 lets go of it"),
        Parameter("trigger", "trigger", doc="begins the envelope, which is let go after its decay; or an LFO's cycle"),
    )
    return tuple(replace(each, address=f"mod/{n}/{each.address}") for each in own)
