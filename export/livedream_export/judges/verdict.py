"""A dream in one line of words: what is wrong with it, if anything, and what to do."""

# Where a figure begins to be seen. Shares are of the footage's own figure.
STILL = 0.20  # least change over any 4 seconds, and motion over all of a dream
STILLER = 0.8  # of the footage's own least change, where that is less
APART = 2.0  # Fréchet distance of a later part over the first's; and, for a dream may only have come to another place,
FAR = 1.5  # of the whole dream over the footage's halves'
NOISE = 0.75  # slope of the spectrum: flatter than this share is noise
OFF, PALE = 10.0, 0.60  # mean colour in grey levels; contrast
STEEP, BLUNT = 1.12, 0.35  # slope of the spectrum, and edges: of drawings in flat colours the slope alone says too much
UNLIKE = 0.30  # LPIPS-AlexNet of frames left out

TRAINED = 0.9  # of the minutes needed, from which on more of them is no longer what helps
ADVICE = {
    "stands still": "raise the temperature, or give it footage that moves more",
    "falls apart": "lower the temperature, or give it more footage of the same place",
    "grey": "give it more footage in this light, or leave other light out",
    "soft": "give it more footage of the same place, or a smaller --size",
}


def word(figures: dict) -> str:
    """One of "stands still", "falls apart", "grey", "soft" and "good", of figures as evaluate makes them.

    What was not measured counts as good.
    """

    def figure(*names: str) -> float | None:
        found = figures
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def over(value: float | None, limit: float) -> bool:
        return value is not None and value > limit

    def under(value: float | None, limit: float) -> bool:
        return value is not None and value < limit

    steep = None
    slope, own = figure("spectrum", "dream", "slope"), figure("spectrum", "footage", "slope")
    if slope is not None and own:
        steep = slope / own
    least = figure("footage", "least_change")
    still = STILL if least is None else min(STILL, STILLER * least)  # the footage may stand still itself
    if under(figure("least_change"), still) or under(figure("windows", "motion"), STILL):
        return "stands still"
    far = figure("windows", "frames_to_halves")
    strays = over(figure("worst_to_first"), APART) and (far is None or far > FAR)
    if strays or under(steep, NOISE):
        return "falls apart"
    if over(figure("colour", "off"), OFF) or under(figure("colour", "contrast"), PALE):
        return "grey"
    blurred = over(steep, STEEP) and under(figure("spectrum", "edges"), BLUNT)
    if blurred or over(figure("reconstruction", "lpips_alex"), UNLIKE):
        return "soft"
    return "good"


def advice(figures: dict) -> str:
    """The word, and what to do where it is not known how long the dream was trained."""
    found = word(figures)
    return found if found == "good" else f"{found}: let it train longer (`--resume`); if it has, {ADVICE[found]}"


def verdict(figures: dict, spent_minutes: float, needs_minutes: float) -> str:
    """One line: the word, and what to do: "soft: trained 3 of about 20 minutes it needs; `--resume` goes on".

    spent_minutes: that were trained. needs_minutes: that this footage, size and machine need, about.
    """
    found = word(figures)
    if spent_minutes < TRAINED * needs_minutes:
        part = f"{_number(spent_minutes)} of about {_number(needs_minutes)} minutes"
        if found == "good":
            return f"good already: trained {part} that make it best; `--resume` goes on"
        return f"{found}: trained {part} it needs; `--resume` goes on"
    if found == "good":
        return f"good: trained {_number(spent_minutes)} minutes, as long as it needs"
    return f"{found}: trained as long as it needs; {ADVICE[found]}"


def _number(minutes: float) -> str:
    return f"{minutes:.0f}" if minutes >= 1 else f"{minutes:.1g}"
