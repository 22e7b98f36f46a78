"""Audio analysis: input level, the levels of three bands, and onsets.

Onsets are detected by spectral flux with a maximum filter over neighbouring bands (SuperFlux: Böck and Widmer 2013), in
bands of a third of an octave on a logarithmic scale, online (Böck, Krebs and Schedl 2012), with a threshold that adapts
to the last second.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE = 48000
HOP = 256  # samples: 5.3 ms
WINDOW = 1024
LOW, HIGH = 200.0, 2000.0  # Hz, borders of the bands
BACK = 3  # hops between the two spectra that are compared
REMEMBERED = 188  # hops, a second, that the threshold adapts to
APART = 0.055  # seconds at least between two onsets: 16ths at 270 bpm
QUIET = 10 ** (-60 / 20)  # a part of full scale; a softer sound is silence
CLEAR, UNREST = 0.3, 6.5  # flux of an onset above the median at threshold 1: a constant, and a factor of the spread
FLOOR = -80.0  # decibels, the lowest level of `spectrum`

Samples = NDArray[np.float32]  # [channels, n], -1..1


@dataclass(frozen=True)
class Settings:
    """Settings of the analysis.

    Attributes:
        gain: factor on the input.
        attack: seconds in which levels rise by 63 %.
        release: seconds in which levels fall by 63 %.
        threshold: 0..1, how clear an onset must be.
    """

    gain: float = 1.0
    attack: float = 0.005
    release: float = 0.2
    threshold: float = 0.5


class Levels(NamedTuple):
    """Input levels, 0..1, where 1 is a sine of full scale, and the number of onsets since the start."""

    level: float = 0.0
    low: float = 0.0
    mid: float = 0.0
    high: float = 0.0
    onsets: int = 0


class Analysis:
    """Analyses sound at RATE in blocks of any length. One thread calls `take`; any thread may read.

    Attributes:
        levels: at the end of the last block; replaced, never changed.
        settings: how to analyse; may be replaced at any time.
        sound: the last WINDOW samples, float32 [channels, WINDOW]; replaced, never changed.
        at: samples analysed, in whole hops.
        onsets: the last ones, each as a value of `at`.
    """

    def __init__(self, channels: int = 2):
        self.levels, self.settings, self.at = Levels(), Settings(), 0
        self.sound: Samples = np.zeros((channels, WINDOW), np.float32)
        self.onsets: deque[int] = deque(maxlen=64)
        self._rest: Samples = np.zeros((channels, 0), np.float32)  # less than a hop
        self._smoothed = np.zeros(4)
        self._spectra: deque[NDArray[np.float32]] = deque(maxlen=BACK)  # the last ones, in onset bands
        self._fluxes: deque[float] = deque(maxlen=REMEMBERED)
        self._since = math.inf  # seconds since the last onset

    def take(self, samples: Samples) -> None:
        """Analyse a block of sound."""
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
        powers = (magnitudes * magnitudes) @ _BANDS  # the whole spectrum, and the three bands
        bands = np.log1p(magnitudes @ _FILTERS * _SCALE)
        peaks = np.abs(frames[:, -HOP:]).max(1)
        for hop in range(hops):
            self._analyse_hop(np.sqrt(powers[hop]), bands[hop], float(peaks[hop]))

    def spectrum(self) -> Samples:
        """Return float32 [channels, WINDOW // 2], 0..1 for FLOOR decibels to full scale, lowest frequency first."""
        found = np.abs(np.fft.rfft(self.sound * _HANN, axis=1))[:, 1:] * (self.settings.gain * 2 / _HANN.sum())
        decibels = 20 * np.log10(np.maximum(found, 1e-6))
        spectrum: Samples = np.clip(1 - decibels / FLOOR, 0, 1).astype(np.float32)
        return spectrum

    def _analyse_hop(self, levels: NDArray[np.float32], bands: NDArray[np.float32], peak: float) -> None:
        """Analyse one more hop: levels of the whole and of three bands, onset bands, and the peak sample."""
        self.at += HOP
        settings, seconds = self.settings, HOP / RATE
        rise, fall = (1 - math.exp(-seconds / max(each, 1e-4)) for each in (settings.attack, settings.release))
        self._smoothed += np.where(levels > self._smoothed, rise, fall) * (levels - self._smoothed)
        onsets = self.levels.onsets
        self._since += seconds
        if self._is_onset(bands, peak):
            onsets, self._since = onsets + 1, 0.0
            self.onsets.append(self.at)
        level, low, mid, high = np.clip(self._smoothed, 0, 1).tolist()
        self.levels = Levels(level, low, mid, high, onsets)

    def _is_onset(self, bands: NDArray[np.float32], peak: float) -> bool:
        """Tell whether there is an onset in this hop, by its onset bands and its peak sample."""
        starting = self.at <= WINDOW + BACK * HOP  # the beginning of all sound is not an onset
        before = bands if starting else self._spectra[0]
        self._spectra.append(bands)
        wide = before.copy()  # the maximum filter: a tone that glides from band to band is not an onset
        np.maximum(wide[1:], before[:-1], out=wide[1:])
        np.maximum(wide[:-1], before[1:], out=wide[:-1])
        flux = float(np.maximum(bands - wide, 0).mean())
        past = sorted(self._fluxes)
        median, upper = (past[len(past) // 2], past[len(past) * 3 // 4]) if past else (0.0, 0.0)
        clear = median + 0.04 + self.settings.threshold * (CLEAR + UNREST * (upper - median))
        if not starting:
            self._fluxes.append(flux)
        return peak > QUIET and self._since > APART and flux > clear


def _filters() -> NDArray[np.float32]:
    """Return float32 [bins, bands]: triangles a third of an octave apart, from 60 Hz to 16 kHz, at least a bin wide."""
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


def _bands() -> NDArray[np.float32]:
    """Return float32 [bins, 4]: a bin's weight in the whole and in each band, so that a sine of full scale is 1."""
    at = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    parts = at > 0, (at > 0) & (at < LOW), (at >= LOW) & (at <= HIGH), at > HIGH
    weights: NDArray[np.float32] = (np.stack(parts, 1) * 4 / (WINDOW * (_HANN**2).sum())).astype(np.float32)
    return weights


_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_BANDS, _FILTERS = _bands(), _filters()
_SCALE = 1000 * 2 / _HANN.sum()
