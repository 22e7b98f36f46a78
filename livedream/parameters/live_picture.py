"""The parameters of the live picture that `--in SOURCE` brings: how it is placed, and what it does to each deck."""

from dataclasses import replace

from livedream.parameters.parameter import Parameter, grouped
from livedream.picture.placing import FITS

DELAY = 10.0  # seconds, at most

INPUT = grouped(
    "input",
    (
        Parameter("input/mirror", "bool", doc="mirror the live picture sideways"),
        Parameter(
            "input/fit",
            "choice",
            0,
            len(FITS) - 1,
            doc="how a live picture of another shape is placed: whole, over the edges, or distorted",
            choices=FITS,
        ),
        Parameter("input/delay", "float", 0, DELAY, 0, "s", "log", doc="delay of the live picture"),
        Parameter(
            "input/freeze",
            "bool",
            doc="hold the live picture",
            in_preset=False,
            in_session=False,
            panic=False,
        ),
    ),
)
_MIX = Parameter(
    "input/mix",
    "float",
    glide=0.0,
    doc="0 is the dream, 1 the live picture, before the deck's effects",
    label="Live picture",
    group="input",
    deck="",
    modulated=True,
)
PULL = Parameter(
    "input/pull",
    "float",
    glide=0.0,
    doc="draw the dream towards the live picture: 0 is the dream's own way, 1 what it sees; let go, it goes on there",
    label="Pull",
    group="input",
    deck="",
    modulated=True,
)
DREAM = Parameter(
    "input/dream",
    "trigger",
    doc="start the dream from the live picture: it is the first picture, and the dream goes on from there",
    label="Dream on from here",
    group="input",
    deck="",
    modulated=True,
    quantized="change",
)


def pull(sees: bool = True) -> Parameter:
    """How much the live picture draws a dream to it. sees: whether the dream has an encoder."""
    return PULL if sees else replace(PULL, hidden=True, doc="does nothing: this dream has no encoder")


def live_picture(sees: bool = True) -> tuple[Parameter, ...]:
    """What the live picture does to a deck. sees: whether the deck's dream has an encoder."""
    return _MIX, pull(sees), DREAM if sees else replace(DREAM, hidden=True, doc="does nothing: it has no encoder")
