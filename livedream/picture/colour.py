"""Converts decoded frames of any colour space to 8-bit sRGB.

Matrix and range tags are respected. HLG and PQ footage is converted to light by ITU-R BT.2100, from the BT.2020 to the
BT.709 primaries (BT.2087), and into the range of a screen by the tone curve of ITU-R BT.2390-10, section 5.4. Reference
white is 203 nits (BT.2408), the peak of the footage 1000 nits and that of the screen reference white: light below
about 90 nits (shadows, skin, most of a picture) stays as it is, highlights are compressed. Metadata about the dynamic
range is not read.
"""

from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from livedream import UserError
from livedream.picture import Pixels

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rgb = NDArray[np.uint8]  # [H, W, 3], sRGB

PQ, HLG = 16, 18  # transfer characteristics of ITU-T H.273: smpte2084, arib-std-b67
REFERENCE_WHITE = 203.0  # nits
PEAK = 1000.0  # nits of HDR footage

# Without these flags colours are off by 1 to 3 levels.
_ACCURATE = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_NOT_SUPPORTED = (8, 11, 12, 13, 14, 15, 16, 17)  # matrices of H.273 that are no plain YUV; others are reserved
# Matrix coefficients of H.273 as swscale knows them, with Kr and Kb. Untagged pictures go by their size.
_MATRICES = {
    1: (Colorspace.ITU709, 0.2126, 0.0722),
    4: (Colorspace.FCC, 0.30, 0.11),
    5: (Colorspace.ITU601, 0.299, 0.114),
    6: (Colorspace.ITU601, 0.299, 0.114),
    7: (Colorspace.SMPTE240M, 0.212, 0.087),
    9: (Colorspace.BT2020, 0.2627, 0.0593),
    10: (Colorspace.BT2020, 0.2627, 0.0593),
}
_BT2020_TO_BT709 = np.array(
    [
        [1.6604910, -0.5876411, -0.0728499],
        [-0.1245505, 1.1328999, -0.0083494],
        [-0.0181508, -0.1005789, 1.1187297],
    ],
    np.float32,
)
_P3_TO_BT709 = np.array(
    [[1.2249402, -0.2249402, 0.0], [-0.0420570, 1.0420570, 0.0], [-0.0196376, -0.0786361, 1.0982736]],
    np.float32,
)
_WIDE = {9: _BT2020_TO_BT709, 12: _P3_TO_BT709}  # colour primaries of H.273 that a BT.709 screen cannot show


def to_rgba(
    frame: av.VideoFrame, width: int, height: int, reformatter: VideoReformatter, accurate: bool = True
) -> Pixels:
    """Return a frame as sRGB with straight alpha, uint8 [height, width, 4].

    Args:
        frame: Of any format.
        width: In pixels.
        height: In pixels.
        reformatter: Kept from frame to frame, it prepares its tables once.
        accurate: Whether colours are right to the level. Otherwise they are off by at most three, and a picture of
            1920x1080 takes 0.4 ms instead of 8.

    Raises:
        UserError: Its colour matrix is not supported.
    """
    if _is_wide(frame):
        pixels = np.full((height, width, 4), 255, np.uint8)
        pixels[..., :3] = to_rgb(frame, width, height, reformatter)
        return pixels
    filtering = _filtering(frame, width, height) if accurate else Interpolation.BILINEAR
    picture: Pixels = _reformatted(frame, width, height, "rgba", filtering, reformatter).to_ndarray()  # type: ignore[assignment]  # rgba has bytes
    if frame.format.name.startswith("gray") and not _is_full(frame):
        picture[..., :3] = _GREY_FULL[picture[..., :3]]
    return picture


def over(frame: av.VideoFrame, background: tuple[int, int, int], reformatter: VideoReformatter) -> av.VideoFrame:
    """Put a picture with straight alpha over a colour, before it is scaled: what is hidden must not bleed in."""
    rgba = _reformatted(frame, frame.width, frame.height, "rgba", _ACCURATE, reformatter).to_ndarray()
    alpha = rgba[..., 3:].astype(np.uint32)
    mixed = rgba[..., :3] * alpha + np.array(background, np.uint32) * (255 - alpha)
    result = av.VideoFrame.from_ndarray(((mixed + 127) // 255).astype(np.uint8), format="rgb24")
    result.color_trc, result.color_primaries = frame.color_trc, frame.color_primaries
    return result


def _filtering(frame: av.VideoFrame, width: int, height: int) -> Interpolation:
    grows = width > frame.width or height > frame.height
    return (Interpolation.BICUBIC if grows else Interpolation.AREA) | _ACCURATE


def _is_wide(frame: av.VideoFrame) -> bool:
    """Whether swscale's own conversion does not do: HDR, or primaries that a screen of BT.709 cannot show."""
    return int(frame.color_trc) in (PQ, HLG) or int(frame.color_primaries) in _WIDE


def to_rgb(frame: av.VideoFrame, width: int, height: int, reformatter: VideoReformatter) -> Rgb:
    """Return a frame as sRGB, uint8 [height, width, 3]. Raises UserError for a colour matrix that is not supported."""
    filtering = _filtering(frame, width, height)
    rgb = frame.format.is_rgb
    tag, full = _matrix(frame), _is_full(frame)
    if _is_wide(frame):
        if rgb:
            code = reformatter.reformat(frame, width, height, "rgb48le", interpolation=filtering).to_ndarray()
            signal: Floats = code.astype(np.float32)
            signal /= 65535
        else:
            # Swscale only scales: its own 16-bit matrix is 0.4 % off, and wrong at some sizes.
            scaled = reformatter.reformat(frame, width, height, "yuv444p16le", interpolation=filtering)
            signal = _rgb_from_yuv16(scaled.to_ndarray(), frame.format.components[0].bits, full, *_MATRICES[tag][1:])
        return _to_screen(signal, int(frame.color_trc), int(frame.color_primaries))

    picture: Rgb = _reformatted(frame, width, height, "rgb24", filtering, reformatter).to_ndarray()  # type: ignore[assignment]  # rgb24 has bytes
    if frame.format.name.startswith("gray") and not full:  # swscale treats grey as full range whatever its tag
        picture = _GREY_FULL[picture]
    return picture


def _matrix(frame: av.VideoFrame) -> int:
    """Return a key of _MATRICES. Raises UserError for a matrix that is known, but not here."""
    tag = int(frame.colorspace)
    if tag in _MATRICES or frame.format.is_rgb:
        return tag
    if tag in _NOT_SUPPORTED:
        raise UserError(f"its colour matrix (H.273 number {tag}) is not supported; convert it to BT.709 first")
    # 0 on a YUV picture only means that it was not set; 720 by 576 is the largest picture of BT.601.
    return 1 if frame.height > 576 or frame.width > 720 else 5


def _is_full(frame: av.VideoFrame) -> bool:
    return int(frame.color_range) == ColorRange.JPEG or frame.format.name.startswith("yuvj")


def _reformatted(
    frame: av.VideoFrame, width: int, height: int, kind: str, filtering: Interpolation, reformatter: VideoReformatter
) -> av.VideoFrame:
    """Return the picture as full-range RGB, by its own matrix and range."""
    rgb = frame.format.is_rgb
    return reformatter.reformat(
        frame,
        width,
        height,
        kind,
        interpolation=filtering,
        src_color_range=ColorRange.JPEG if rgb or _is_full(frame) else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        **({} if rgb else {"src_colorspace": _MATRICES[_matrix(frame)][0]}),
    )


def _rgb_from_yuv16(yuv: NDArray[Any], bits: int, full: bool, kr: float, kb: float) -> Floats:
    """Turn YUV, uint16 [H, W, 3] with `bits` used from the top, into RGB signals f32 in 0..1 (BT.2100, table 9)."""
    if full:
        luma_unit = chroma_unit = 65536 * (1 - 2.0**-bits)
        black = 0
    else:
        luma_unit, chroma_unit, black = 219 * 256, 224 * 256, 16 * 256
    y = (yuv[..., 0].astype(np.float32) - black) / luma_unit
    u = (yuv[..., 1].astype(np.float32) - 32768) / chroma_unit
    v = (yuv[..., 2].astype(np.float32) - 32768) / chroma_unit
    red = y + 2 * (1 - kr) * v
    blue = y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    signals: Floats = np.clip(np.stack([red, green, blue], axis=-1), 0, 1)
    return signals


def _pq_to_nits(signal: Doubles) -> Doubles:
    """Apply the EOTF of ST 2084."""
    p = signal ** (1 / 78.84375)
    return 10000 * (np.maximum(p - 0.8359375, 0) / (18.8515625 - 18.6875 * p)) ** (1 / 0.1593017578125)


def _nits_to_pq(nits: Doubles) -> Doubles:
    """Apply the inverse EOTF of ST 2084."""
    p = (nits / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * p) / (1 + 18.6875 * p)) ** 78.84375


def _hlg_to_scene(signal: Doubles) -> Doubles:
    """Apply the inverse OETF of HLG, to scene light in 0..1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)


def tone_curve(nits: Doubles) -> Doubles:
    """Apply the EETF of BT.2390 from a peak of PEAK to one of REFERENCE_WHITE; nits to nits."""
    peak = _nits_to_pq(np.array(PEAK))
    highest = _nits_to_pq(np.array(REFERENCE_WHITE)) / peak
    knee = 1.5 * highest - 0.5
    x = np.clip(_nits_to_pq(nits) / peak, 0, 1)
    t = (x - knee) / (1 - knee)
    bent = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * highest
    return _pq_to_nits(np.where(x < knee, x, bent) * peak)


def _srgb(linear: Doubles) -> Doubles:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


# Curves as tables: an hour of HDR footage has 20 thousand million samples.
_STEPS = np.linspace(0, 1, 65536)
_PQ_LIGHT = (_pq_to_nits(_STEPS) / REFERENCE_WHITE).astype(np.float32)
_HLG_SCENE = _hlg_to_scene(_STEPS).astype(np.float32)
_SDR_LIGHT = np.where(_STEPS <= 0.04045, _STEPS / 12.92, ((_STEPS + 0.055) / 1.055) ** 2.4).astype(np.float32)
_SRGB = np.rint(255 * _srgb(_STEPS)).astype(np.uint8)
_GREY_FULL = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)
_GAIN_AT = np.linspace(0.01, (PEAK / REFERENCE_WHITE) ** 0.5, 1024) ** 2
_GAIN = tone_curve(_GAIN_AT * REFERENCE_WHITE) / REFERENCE_WHITE / _GAIN_AT


def _to_screen(signal: Floats, transfer: int, primaries: int) -> Rgb:
    """Turn signals f32 [..., 3] in 0..1 into sRGB."""
    index = (signal * 65535 + 0.5).astype(np.uint16)
    if transfer == PQ:
        light = _PQ_LIGHT[index]
    elif transfer == HLG:
        scene = _HLG_SCENE[index]
        luminance = scene @ np.array([0.2627, 0.6780, 0.0593], np.float32)
        light = scene * (PEAK / REFERENCE_WHITE * luminance**0.2)[..., None]  # OOTF of a 1000 nit screen: gamma 1.2
    else:
        light = _SDR_LIGHT[index]
    if transfer in (PQ, HLG):
        primaries = 9 if primaries not in _WIDE else primaries  # untagged HDR is BT.2020
    light = np.maximum(light @ _WIDE[primaries].T, 0)
    if transfer in (PQ, HLG):
        brightest = light.max(axis=-1)
        light *= np.interp(brightest, _GAIN_AT, _GAIN).astype(np.float32)[
            ..., None
        ]  # one gain for all three keeps the hue
    picture: Rgb = _SRGB[(np.minimum(light, 1) * 65535 + 0.5).astype(np.uint16)]
    return picture
