"""Known colours go into tagged files and must come back as sRGB."""

import numpy as np
import pytest
from livedream_export import footage

from livedream import UserError
from tests.export.footage_clips import flat_yuv, grey, write

K = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}  # Kr, Kb by H.273 matrix number
PQ, HLG, BT2020 = 16, 18, 9
PATCHES = [(255, 0, 0), (20, 200, 60), (30, 60, 220), (128, 128, 128), (250, 250, 250), (3, 3, 3)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def code(rgb, matrix: int, full: bool, bits: int) -> list[int]:
    """Code values of RGB signals in 0..1 (BT.709 6.10, BT.2100 tables 6 and 9)."""
    kr, kb = K[matrix]
    r, g, b = rgb
    y = kr * r + (1 - kr - kb) * g + kb * b
    u, v = (b - y) / (2 - 2 * kb), (r - y) / (2 - 2 * kr)
    unit, top = 2 ** (bits - 8), 2**bits - 1
    if full:
        values = [top * y, top * u + 128 * unit, top * v + 128 * unit]
    else:
        values = [unit * (219 * y + 16), unit * (224 * u + 128), unit * (224 * v + 128)]
    return [min(top, max(0, round(x))) for x in values]


def seen(path, size=(64, 64)) -> np.ndarray:
    """The colours of the patches, each of which stands for 10 frames."""
    frames = footage.read([path], size).frames
    return frames[5::10, 32, 32].astype(int)


def patches(path, signals, matrix, full, tags, bits=8, codec="ffv1", height=64, width=64, options=None):
    pixels = "yuv444p" if bits == 8 else "yuv420p10le"
    frames = [
        flat_yuv(code(s, matrix, full, bits), pixels, width=width, height=height) for s in signals for _ in range(10)
    ]
    return write(path, frames, rate=25, codec=codec, pixels=pixels, tags=tags, options=options)


@pytest.mark.parametrize("matrix", [1, 5, 9])
@pytest.mark.parametrize("full", [False, True])
def test_matrix_and_range_tags_are_obeyed(tmp_path, matrix, full):
    tags = {"colorspace": matrix, "color_range": 2 if full else 1}
    signals = [np.array(p) / 255 for p in PATCHES]
    clip = patches(tmp_path / "a.mkv", signals, matrix, full, tags)
    assert abs(seen(clip) - PATCHES).max() <= 2


@pytest.mark.parametrize(
    ("width", "height", "matrix"),
    [(640, 480, 5), (720, 576, 5), (720, 480, 5), (352, 288, 5), (1280, 544, 1), (854, 480, 1), (544, 960, 1)],
)
def test_untagged_footage_is_bt601_up_to_720_by_576_and_bt709_above(tmp_path, width, height, matrix):
    signals = [np.array(p) / 255 for p in PATCHES]
    clip = patches(tmp_path / "a.mkv", signals, matrix, False, {"color_range": 1}, width=width, height=height)
    assert abs(seen(clip) - PATCHES).max() <= 2


def test_rgb_and_grey_files(tmp_path):
    picture = grey(0)
    picture[:] = (10, 128, 250)
    clip = write(tmp_path / "a.mkv", [picture] * 60, codec="ffv1", pixels="bgr0")
    assert abs(seen(clip)[0] - (10, 128, 250)).max() <= 1
    limited = [flat_yuv((126,), "gray") for _ in range(60)]
    clip = write(tmp_path / "b.mkv", limited, codec="libx264", pixels="gray", tags={"color_range": 1})
    assert abs(seen(clip)[0] - 128).max() <= 2


def test_a_matrix_that_is_not_known_is_refused(tmp_path):
    clip = patches(tmp_path / "a.mkv", [(0.5, 0.5, 0.5)] * 6, 1, False, {"colorspace": 8, "color_range": 1})
    with pytest.raises(UserError, match=r"a\.mkv: its colour matrix"):
        seen(clip)


# High dynamic range, by the formulas of BT.2100 written out once more and the other way round.


def pq_signal(nits: float) -> float:
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    y = (nits / 10000) ** m1
    return ((c1 + c2 * y) / (1 + c3 * y)) ** m2


def hlg_signal(nits_rgb) -> np.ndarray:
    """Signals that a 1000 nit HLG screen shows as these nits: inverse OOTF, then OETF."""
    light = np.asarray(nits_rgb, float) / 1000
    luminance = float(light @ (0.2627, 0.6780, 0.0593))
    scene = light * luminance ** ((1 - 1.2) / 1.2) if luminance else light
    a, b, c = 0.17883277, 1 - 4 * 0.17883277, 0.5 - 0.17883277 * np.log(4 * 0.17883277)
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


def bt2020(bt709) -> np.ndarray:
    """Linear BT.709 light as linear BT.2020 light (BT.2087)."""
    return np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]) @ bt709


def srgb(linear) -> np.ndarray:
    linear = np.asarray(linear, float)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def hdr_clip(path, nits_709, transfer):
    """x265 10-bit, tagged as phones tag it."""
    signals = []
    for light in nits_709:
        light = bt2020(np.asarray(light, float))
        signals.append(hlg_signal(light) if transfer == HLG else [pq_signal(x) for x in light])
    name = {PQ: "smpte2084", HLG: "arib-std-b67"}[transfer]
    said = f"colorprim=bt2020:transfer={name}:colormatrix=bt2020nc:range=limited"
    options = {"x265-params": f"log-level=none:{said}:qp=4:bframes=0:pools=none:frame-threads=1:no-wpp=1"}
    tags = {"colorspace": 9, "color_range": 1, "color_trc": transfer, "color_primaries": BT2020}
    return patches(path, signals, 9, False, tags, bits=10, codec="libx265", options=options)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_light_up_to_the_knee_comes_back_as_it_was(tmp_path, transfer):
    light = [
        (40, 40, 40),
        (80, 80, 80),
        (60, 5, 5),
        (5, 60, 5),
        (5, 5, 60),
        (0, 0, 0),
    ]  # nits, BT.709 primaries
    found = seen(hdr_clip(tmp_path / "a.mp4", light, transfer))
    assert abs(found - srgb(np.array(light) / 203)).max() <= 4


def test_hlg_and_pq_of_the_same_light_look_the_same(tmp_path):
    light = [(203, 203, 203), (400, 390, 300), (90, 200, 120), (999, 999, 999), (120, 60, 30), (10, 12, 20)]
    pq = seen(hdr_clip(tmp_path / "pq.mp4", light, PQ))
    hlg = seen(hdr_clip(tmp_path / "hlg.mp4", light, HLG))
    assert abs(pq - hlg).max() <= 4


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_highlights_are_bent_and_not_cut(tmp_path, transfer):
    levels = [0.1, 10, 100, 203, 350, 1000]
    found = seen(hdr_clip(tmp_path / "a.mp4", [(n, n, n) for n in levels], transfer))
    assert abs(found - found.mean(axis=1, keepdims=True)).max() <= 2, "grey stays grey"
    steps = np.diff(found[:, 1])
    assert (steps >= 5).all(), "what is brighter looks brighter"
    assert 205 <= found[3, 1] <= 240, "reference white is bright, with room above"
    assert found[5, 1] >= 252


def test_untouched_hdr_would_look_wrong(tmp_path):
    """The same code values without the tags are another picture: the tags are what is obeyed."""
    signals = [hlg_signal(bt2020(np.array([60.0, 5, 5])))] * 6
    plain = patches(
        tmp_path / "a.mkv",
        signals,
        9,
        False,
        {"colorspace": 9, "color_range": 1, "color_trc": 1},
        bits=10,
        codec="ffv1",
    )
    tagged = hdr_clip(tmp_path / "b.mp4", [(60, 5, 5)] * 6, HLG)
    assert abs(seen(plain)[0] - seen(tagged)[0]).max() > 15
