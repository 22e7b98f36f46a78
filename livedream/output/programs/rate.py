"""Frame rates as the fractions that video equipment expects."""

from fractions import Fraction


def fraction(fps: float) -> Fraction:
    """Return frames per second as a fraction: 30 is 30/1, and 29.97 is the 30000/1001 that it stands for."""
    rounded = round(fps)
    ntsc = Fraction(rounded * 1000, 1001)
    if fps != rounded and abs(fps - ntsc) < 0.005:
        return ntsc
    return Fraction(fps).limit_denominator(1001)
