"""Stamps: a picture's number and time, drawn into it in a way that survives H.264 and OBS's scaling."""

import time

import numpy as np

ACROSS, DOWN = 21, 12  # blocks in a picture; the stamp takes 16 by 4 of them, at the top left
WORDS = 4  # number, upper and lower half of the time, and a check


def now_ms() -> int:
    """Wall-clock milliseconds, the lower 32 bits: the same for every process of a machine."""
    return time.time_ns() // 1_000_000 & 0xFFFFFFFF


def since_ms(then: int, now: int) -> int:
    """Return now - then, also when the 32 bits have wrapped around in between."""
    return (now - then + 0x80000000 & 0xFFFFFFFF) - 0x80000000


def _check(number: int, ms: int) -> int:
    return (number ^ ms ^ ms >> 16 ^ 0x5AA5) & 0xFFFF


def write(pixels: np.ndarray, number: int, ms: int) -> None:
    """Stamp uint8 [H, W, 3 or 4] in place, with the lower 16 bits of `number`."""
    h, w = pixels.shape[0] // DOWN, pixels.shape[1] // ACROSS
    words = np.array([number & 0xFFFF, ms >> 16, ms & 0xFFFF, _check(number, ms)])
    bits = (words[:, None] >> np.arange(16) & 1) * 255
    pixels[: WORDS * h, : 16 * w, :3] = np.kron(bits, np.ones((h, w)))[..., None]


def read(pixels: np.ndarray) -> tuple[int, int] | None:
    """Read (number, ms) from uint8 [H, W, 3 or more] of any size; None if it has no complete stamp."""
    rows = ((np.arange(WORDS) + 0.5) * pixels.shape[0] / DOWN).astype(int)
    columns = ((np.arange(16) + 0.5) * pixels.shape[1] / ACROSS).astype(int)
    bits = pixels[rows][:, columns, :3].mean(2) > 127
    number, high, low, check = (int(each) for each in (bits << np.arange(16)).sum(1))
    ms = high << 16 | low
    return (number, ms) if check == _check(number, ms) else None
