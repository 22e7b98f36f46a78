"""The verdict on a dream, in one line: what is wrong with it, if anything, and what to do."""

from typing import Any

# Limits from which a fault is visible. Shares are of the footage's own figure.
STILL = 0.20  # least change over any 4 seconds, and motion over all of a dream
STILL_SHARE = 0.8  # share of the footage's own least change, where that is less
APART = 2.0  # Fréchet distance of a later part over the first's; since it may only have come to another place, also
FAR = 1.5  # Fréchet distance of the complete dream over the one between the footage's halves
NOISE = 0.75  # slope of the spectrum: flatter than this share is noise
OFF, PALE = 10.0, 0.60  # mean colour in grey levels; contrast
STEEP, BLUNT = 1.12, 0.35  # slope of the spectrum, and edges: for flat colours the slope alone is too strict
UNLIKE = 0.30  # LPIPS-AlexNet of held-out frames

TRAINED = 0.9  # share of the recommended minutes, from which on more of them no longer help
ADVICE = {
    "stands still": "raise the temperature, or use footage that moves more",
    "falls apart": "lower the temperature, or add footage of the same place",
    "grey": "add footage in this light, or remove footage in other light",
    "soft": "add footage of the same place, or choose a smaller --size",
}


def word(figures: dict[str, Any]) -> str:
    """Return "stands still", "falls apart", "grey", "soft" or "good", for figures as evaluate makes them.

    A figure that was not measured counts as good.
    """

    def figure(*names: str) -> float | None:
        found: Any = figures
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return None if found is None else float(found)

    def over(value: float | None, limit: float) -> bool:
        return value is not None and value > limit

    def under(value: float | None, limit: float) -> bool:
        return value is not None and value < limit

    steep = None
    slope, own = figure("spectrum", "dream", "slope"), figure("spectrum", "footage", "slope")
    if slope is not None and own:
        steep = slope / own
    least = figure("footage", "least_change")
    still = STILL if least is None else min(STILL, STILL_SHARE * least)  # the footage may stand still itself
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


def advice(figures: dict[str, Any]) -> str:
    """Return the word, and what to do where it is not known how long the dream was trained."""
    found = word(figures)
    return (
        found if found == "good" else f"{found}: train it longer (`--resume`); if that does not help, {ADVICE[found]}"
    )


def verdict(figures: dict[str, Any], minutes: float, recommended: float) -> str:
    """Return the word and what to do, in one line.

    An example: "soft: trained for 3 of about 20 recommended minutes; continue with `--resume`".

    Args:
        figures: as evaluate makes them.
        minutes: for which the dream was trained.
        recommended: minutes for this footage, size and machine, about.
    """
    found = word(figures)
    if minutes < TRAINED * recommended:
        part = f"trained for {_number(minutes)} of about {_number(recommended)} recommended minutes"
        if found == "good":
            return f"good: {part}; more make it better still (`--resume`)"
        return f"{found}: {part}; continue with `--resume`"
    if found == "good":
        return f"good: trained for {_number(minutes)} minutes, which is enough"
    return f"{found}: trained long enough; {ADVICE[found]}"


def _number(minutes: float) -> str:
    return f"{minutes:.0f}" if minutes >= 1 else f"{minutes:.1g}"
