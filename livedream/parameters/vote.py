"""The parameters of the vote: who watches says yes or no to what a deck shows, and a knob learns what they want.

Each deck has its own, for what is learned is a direction among the latents of its dream. The word is the show's: it is
what the audience is asked.
"""

from livedream.parameters.deck import LATENTS, STD
from livedream.parameters.parameter import Parameter, grouped

FARTHEST = 8.0  # standard deviations of a latent that one unit of the knob moves it at most
MOST_A_FRAME = 1000.0  # votes of each kind that a frame takes

WORD = Parameter(
    "vote/word",
    "text",
    group="vote",
    doc="the word that the audience votes about: what the knob will do",
    admin=True,
)
_VOTES = tuple(
    Parameter(
        f"vote/{name}",
        "trigger",
        high=MOST_A_FRAME,
        counted=True,
        doc=f"{means}; every message is a vote, from whomever",
    )
    for name, means in (("up", "this moment is more what the word says"), ("down", "this moment is less so"))
)
_AMOUNT = Parameter(
    "vote/amount",
    "float",
    -3,
    3,
    0,
    STD,
    glide=0.0,
    doc="the knob that the votes have made: above 0 towards what was liked, below 0 away from it",
    modulated=True,
    panic=0.0,
)
_RESET = Parameter("vote/reset", "trigger", doc="forget all votes and their direction", risky=True, admin=True)
_SAVE = Parameter(
    "vote/save",
    "trigger",
    doc="write the dream with this direction as one of its knobs, by its word, to a new file in --recordings",
    admin=True,
)


_PLACES = Parameter(
    "vote/places",
    "vector",
    -1,
    1e6,
    -1,
    "memories",
    doc="what the votes have learned: the place that vote/amount leads to above 0, and that below 0; -1 is none",
    length=2,
    whole=True,
    hidden=True,
)


def vote(length: int, places: bool = False) -> tuple[Parameter, ...]:
    """The parameters of the vote for a dream with so many latents that knobs may move; none above LATENTS.

    The direction is a parameter, in standard deviations of each latent, so that presets, sessions and shows keep it;
    so are the places of a dream that has any.
    """
    if not 0 < length <= LATENTS:
        return ()
    direction = Parameter(
        "vote/direction",
        "vector",
        -FARTHEST,
        FARTHEST,
        0,
        STD,
        glide=0.5,
        doc=f"what the votes have learned: how far each of the {length} latents goes for 1 of vote/amount",
        length=length,
        whole=True,
        hidden=True,
    )
    learned = (direction, _PLACES) if places else (direction,)
    return grouped("vote", (*_VOTES, _AMOUNT, _RESET, _SAVE, *learned), deck="")
