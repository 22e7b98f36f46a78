"""Waves that swing between -1 and 1, as a function of their phase: the same phase is the same value, on any machine."""

import math

_MASK = 2**64 - 1


def sine(phase: float, slot: int = 0) -> float:
    return math.sin(2 * math.pi * (phase % 1))


def triangle(phase: float, slot: int = 0) -> float:
    """Like a sine, in straight lines."""
    return 4 * abs((phase - 0.25) % 1 - 0.5) - 1


def saw(phase: float, slot: int = 0) -> float:
    """Rises from -1 to 1, then drops at once."""
    return 2 * (phase % 1) - 1


def square(phase: float, slot: int = 0) -> float:
    """Is 1 in the first half of a cycle, -1 in the second."""
    return 1.0 if phase % 1 < 0.5 else -1.0


def random(phase: float, slot: int = 0) -> float:
    """Sample and hold: a random value for each cycle, from the numbers of the cycle and the slot."""
    return _uniform((math.floor(phase) & 0xFFFFFFFF) | (slot << 32)) * 2 - 1


def _uniform(key: int) -> float:
    """Return 0 to 1, by the finalizer of SplitMix64 (Steele, Lea and Flood 2014)."""
    z = (key + 1) * 0x9E3779B97F4A7C15 & _MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return ((z ^ (z >> 31)) >> 11) / 2**53


WAVES = {each.__name__: each for each in (sine, triangle, saw, square, random)}
