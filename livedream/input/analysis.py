"""What is heard in a sound: how loud it is, in three bands, and where something begins.

Onsets are found by spectral flux with a maximum filter over neighbouring bands (SuperFlux: Böck and Widmer 2013), in
bands of a third of an octave on a logarithmic scale, picked as they come (Böck, Krebs and Schedl 2012), over a
threshold that follows what was heard before.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

RATE = 48000
HOP = 256  # samples: 5.3 ms
WINDOW = 1024
LOW, HIGH = 200.0, 2000.0  # Hz, between the bands
BACK = 3  # hops between the two spectra that are compared
REMEMBERED = 188  # hops, a second, that the threshold is made of
APART = 0.055  # seconds at least between two onsets: 16ths at 270 bpm
QUIET = 10 ** (-60 / 20)  # of full scale: what is softer is silence
CLEAR, UNREST = 0.3, 6.5  # how far an onset stands out at threshold 1: over what is usual, and over how uneven that is
FLOOR = -80.0  # decibels that `spectrum` begins at


@dataclass(frozen=True)
class Settings:
    """gain: of what is heard. attack, release: seconds in which level and bands rise and fall by 63 %. threshold: 0..1,
    how clear an onset must be.
    """

    gain: float = 1.0
    attack: float = 0.005
    release: float = 0.2
    threshold: float = 0.5


class Heard(NamedTuple):
    """level, low, mid, high: 0..1, 1 is a sine of full scale. onsets: since the start."""

    level: float = 0.0
    low: float = 0.0
    mid: float = 0.0
    high: float = 0.0
    onsets: int = 0


class Analysis:
    """Takes sound at RATE in pieces of any length; one thread's, but for reading.

    heard: at the end of what was taken. sound: the last WINDOW samples, f32 [channels, WINDOW]. Both are replaced.
    at: samples taken, in whole hops. onsets: at which of them the last ones were found.
    """

    def __init__(self, channels: int = 2):
        self.heard, self.settings, self.at = Heard(), Settings(), 0
        self.sound = np.zeros((channels, WINDOW), np.float32)
        self.onsets: deque[int] = deque(maxlen=64)
        self._rest = np.zeros((channels, 0), np.float32)  # less than a hop
        self._levels = np.zeros(4)
        self._spectra: deque[np.ndarray] = deque(maxlen=BACK)  # of the onset bands, the last ones
        self._fluxes: deque[float] = deque(maxlen=REMEMBERED)
        self._since = math.inf  # the last onset, in seconds

    def take(self, samples: np.ndarray) -> None:
        """samples: f32 [channels, n], -1..1."""
        samples = np.concatenate([self._rest, samples], 1)
        hops = samples.shape[1] // HOP
        self._rest = samples[:, hops * HOP :]
        if not hops:
            return
        whole = np.concatenate([self.sound, samples[:, : hops * HOP]], 1)
        self.sound = whole[:, -WINDOW:]
        mono = np.nan_to_num(whole.mean(0)) * self.settings.gain
        frames = np.lib.stride_tricks.sliding_window_view(mono, WINDOW)[HOP::HOP]
        magnitudes = np.abs(np.fft.rfft(frames * _HANN, axis=1)).astype(np.float32)
        powers = (magnitudes * magnitudes) @ _BANDS  # of all, and of the three bands
        bands = np.log1p(magnitudes @ _FILTERS * _SCALE)
        peaks = np.abs(frames[:, -HOP:]).max(1)
        for hop in range(hops):
            self._hear(np.sqrt(powers[hop]), bands[hop], float(peaks[hop]))

    def spectrum(self) -> np.ndarray:
        """f32 [channels, WINDOW // 2], 0..1: FLOOR decibels to full scale, lowest frequency first."""
        found = np.abs(np.fft.rfft(self.sound * _HANN, axis=1))[:, 1:] * (self.settings.gain * 2 / _HANN.sum())
        decibels = 20 * np.log10(np.maximum(found, 1e-6))
        return np.clip(1 - decibels / FLOOR, 0, 1).astype(np.float32)

    def _hear(self, levels: np.ndarray, bands: np.ndarray, peak: float) -> None:
        """One hop more."""
        self.at += HOP
        settings, seconds = self.settings, HOP / RATE
        rise, fall = (1 - math.exp(-seconds / max(each, 1e-4)) for each in (settings.attack, settings.release))
        self._levels += np.where(levels > self._levels, rise, fall) * (levels - self._levels)
        onsets = self.heard.onsets
        self._since += seconds
        if self._begins(bands, peak):
            onsets, self._since = onsets + 1, 0.0
            self.onsets.append(self.at)
        self.heard = Heard(*np.clip(self._levels, 0, 1).tolist(), onsets)

    def _begins(self, bands: np.ndarray, peak: float) -> bool:
        """Whether something begins in this hop, of which these are the onset bands."""
        begun = self.at <= WINDOW + BACK * HOP  # of all, which is no onset
        before = bands if begun else self._spectra[0]
        self._spectra.append(bands)
        wide = before.copy()  # what glides from band to band does not begin there
        np.maximum(wide[1:], before[:-1], out=wide[1:])
        np.maximum(wide[:-1], before[1:], out=wide[:-1])
        flux = float(np.maximum(bands - wide, 0).mean())
        past = sorted(self._fluxes)
        usual, most = (past[len(past) // 2], past[len(past) * 3 // 4]) if past else (0.0, 0.0)
        clear = usual + 0.04 + self.settings.threshold * (CLEAR + UNREST * (most - usual))
        if not begun:
            self._fluxes.append(flux)
        return peak > QUIET and self._since > APART and flux > clear


def _filters() -> np.ndarray:
    """f32 [bins, bands]: triangles a third of an octave apart, from 60 Hz to 16 kHz, and at least a bin."""
    step = RATE / WINDOW
    centres = 60 * 2 ** (np.arange(-1, 26) / 3)
    bins = np.unique(np.round(centres / step).astype(int))
    found = np.zeros((WINDOW // 2 + 1, len(bins) - 2), np.float32)
    for band, (left, middle, right) in enumerate(zip(bins, bins[1:], bins[2:], strict=False)):
        rising = np.arange(left + 1, middle + 1)
        found[rising, band] = (rising - left) / (middle - left)
        falling = np.arange(middle, right)
        found[falling, band] = (right - falling) / (right - middle)
        found[:, band] /= found[:, band].sum()
    return found


def _bands() -> np.ndarray:
    """f32 [bins, 4]: what a bin's power counts in the whole and in each band, so that a sine of full scale is 1."""
    at = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    parts = at > 0, (at > 0) & (at < LOW), (at >= LOW) & (at <= HIGH), at > HIGH
    return (np.stack(parts, 1) * 4 / (WINDOW * (_HANN**2).sum())).astype(np.float32)


_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_BANDS, _FILTERS = _bands(), _filters()
_SCALE = 1000 * 2 / _HANN.sum()
