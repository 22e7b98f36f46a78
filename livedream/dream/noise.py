"""A dream's random numbers: the same on every machine and in any order, without state.

Philox4x64-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011) turns a key and a
counter into raw bits. The key is the seed and the purpose; the counter is deck, component, step and index. So a value
depends on nothing else: neither on earlier draws, nor on numpy's distributions, whose streams may change between
versions.
"""

import functools
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from livedream.dream.dream import Floats

Doubles = NDArray[np.float64]

COMPONENTS = ("step", "decode", "encode", "apply")  # their positions are part of the stream: append only
_UNIFORM, _NORMAL = 0, 1
_WORD = (1 << 64) - 1
AHEAD = 16  # steps whose numbers are generated together
LARGE = 4096  # numbers of a step above which it is generated alone
_LOCAL = threading.local()  # a generator for each thread: a new one asks the system for entropy, which takes 30 µs
_FRESH = {"bit_generator": "Philox", "buffer": np.zeros(4, np.uint64), "buffer_pos": 4, "has_uint32": 0, "uinteger": 0}

# Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution" (1988), PPND16: numerators and
# denominators, highest power first. Its third range, under 1e-11, is left out: ours begin at 2**-24.
_CENTRE = np.array(
    [
        (2509.0809287301226727, 5226.4952788528545610),
        (33430.575583588128105, 28729.085735721942674),
        (67265.770927008700853, 39307.895800092710610),
        (45921.953931549871457, 21213.794301586595867),
        (13731.693765509461125, 5394.1960214247511077),
        (1971.5909503065514427, 687.18700749205790830),
        (133.14166789178437745, 42.313330701600911252),
        (3.3871328727963666080, 1.0),
    ]
)[:, :, None]
_TAIL = np.array(
    [
        (7.74545014278341407640e-4, 1.05075007164441684324e-9),
        (0.0227238449892691845833, 5.475938084995344946e-4),
        (0.241780725177450611770, 0.0151986665636164571966),
        (1.27045825245236838258, 0.148103976427480074590),
        (3.64784832476320460504, 0.689767334985100004550),
        (5.76949722146069140550, 1.67638483018380384940),
        (4.63033784615654529590, 2.05319162663775882187),
        (1.42343711074968357734, 1.0),
    ]
)[:, :, None]


def uniform(seed: int, deck: int, component: str, step: int, n: int) -> Floats:
    """Return f32 [n], uniform over (0, 1): (k + 0.5) / 2**23, exact, so never 0.0 and never 1.0.

    Args:
        seed: any integer, taken modulo 2**64.
        deck: 0 for A, 1 for B.
        component: one of COMPONENTS.
        step: any integer, taken modulo 2**64.
        n: how many numbers.
    """
    return _row(_UNIFORM, seed, deck, component, step, n)


def noise(seed: int, deck: int, component: str, step: int, n: int) -> Floats:
    """Return f32 [n], standard normal, within ±5.4, independent of the uniforms; arguments as in `uniform`."""
    return _row(_NORMAL, seed, deck, component, step, n)


def _row(purpose: int, seed: int, deck: int, component: str, step: int, n: int) -> Floats:
    row: Floats
    if n > LARGE:
        row = _block(purpose, seed, deck, component, (step,), n)[0]
        return row
    first = step - step % AHEAD
    row = _rows(purpose, seed, deck, component, first, n)[step - first].copy()
    return row


def _block(purpose: int, seed: int, deck: int, component: str, steps: Sequence[int], n: int) -> Floats:
    """Return f32 [steps, n]."""
    p = np.concatenate([_probabilities(purpose, seed, deck, component, step, n) for step in steps])
    values: Floats = (inverse_cdf(p) if purpose == _NORMAL else p).astype(np.float32)
    return values.reshape(len(steps), n)


@functools.lru_cache(maxsize=16)
def _rows(purpose: int, seed: int, deck: int, component: str, first: int, n: int) -> Floats:
    """Return the numbers of AHEAD steps at once, f32 [AHEAD, n].

    A model's run drives this code out of the processor's caches; to load it again for every step costs more than the
    numbers do.
    """
    return _block(purpose, seed, deck, component, range(first, first + AHEAD), n)


def inverse_cdf(p: Doubles) -> Doubles:
    """Return f64 [n]: where the normal distribution reaches p, f64 [n] in 2**-24 .. 1 - 2**-24, exact to 1e-14."""
    q = p - 0.5
    found: Doubles = q * _ratio(_CENTRE, 0.180625 - q * q)
    far = np.abs(q) > 0.425
    if far.any():
        q = q[far]
        found[far] = np.sign(q) * _ratio(_TAIL, np.sqrt(-np.log(0.5 - np.abs(q))) - 1.6)
    return found


def _ratio(coefficients: Doubles, x: Doubles) -> Doubles:
    both: Doubles = coefficients[0] * x  # numerator and denominator side by side, by Horner's rule
    for pair in coefficients[1:-1]:
        both += pair
        both *= x
    both += coefficients[-1]
    ratio: Doubles = both[0] / both[1]
    return ratio


def _probabilities(purpose: int, seed: int, deck: int, component: str, step: int, n: int) -> Doubles:
    """Return f64 [n]: (k + 0.5) / 2**23, k the top 23 of the raw 64 bits."""
    place = [0, step & _WORD, COMPONENTS.index(component), deck & _WORD]  # the first word counts the values
    counter = np.array(place, np.uint64)
    key = np.array([seed & _WORD, purpose], np.uint64)
    if not hasattr(_LOCAL, "philox"):
        _LOCAL.philox = np.random.Philox(0)
    _LOCAL.philox.state = _FRESH | {"state": {"counter": counter, "key": key}}
    bits = _LOCAL.philox.random_raw(n)
    probabilities: Doubles = ((bits >> np.uint64(41)).astype(np.float64) + 0.5) * 2.0**-23
    return probabilities
