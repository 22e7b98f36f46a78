"""Frame rates as the fractions that video equipment expects."""

from fractions import Fraction


def fraction(fps: float) -> Fraction:
    """Frames a second as a fraction: 30 is 30/1, and 29.97 is the 30000/1001 that it stands for."""
    whole = round(fps)
    drop = Fraction(whole * 1000, 1001)
    if fps != whole and abs(fps - drop) < 0.005:
        return drop
    return Fraction(fps).limit_denominator(1001)
