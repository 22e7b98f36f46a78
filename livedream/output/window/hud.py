"""The figures over a window's picture (key H): their lines, and the panel with them as pixels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livedream.picture import Pixels, letters

PANEL = (10, 12, 17)  # sRGB, like all colours here
PANEL_ALPHA = 0.8
TITLE, LABEL, VALUE, TROUBLE = (255, 255, 255), (158, 169, 187), (226, 232, 240), (255, 183, 77)
PADDING, CORNER, MARGIN = 10, 6, 10  # units of a letter's grid (letters.py)
LONGEST = 56  # letters in a line


def lines(status: dict[str, Any]) -> list[str]:
    """The figures of a show, from its status as `GET /status` has it (session/status.py); for `panel`."""
    fps, ms = status["fps"], status["ms"]
    decks = list(zip(("", "b "), status["decks"], strict=False))
    rows = [prefix + deck["dream"] for prefix, deck in decks]
    rows.append(f"fps\t{fps['fresh']:.1f} / {fps['target']:g}")
    for name in ("model", "latency"):
        p50, p99 = ms[f"{name}_p50"], ms[f"{name}_p99"]
        rows.append(f"{name}\t{p50:.1f} ms   p99 {p99:.1f}" if p50 else f"{name}\t–")
    dropped = sum(each["dropped"] for each in status["outputs"])
    rows.append(f"late\t{status['late']}   dropped {dropped}")
    for prefix, deck in decks:
        rows += [f"{prefix}{component}\t{provider}" for component, provider in deck["providers"].items()]
        if deck.get("loading"):
            rows.append(f"{prefix}loading\t{deck['loading']}")
        rows += [f"!{prefix}dream\t{deck[key]}" for key in ("error", "load_error") if deck.get(key)]
    for each in status.get("effects") or ():
        trouble, prefix = "!" if each["state"] == "failed" else "", "b " if each["deck"] == "b" else ""
        rows.append(f"{trouble}{prefix}{each['name']}\t{each['fps']:.1f} fps   {each['ms']:.1f} ms   {each['state']}")
    for each in status["outputs"]:
        if each["state"] in ("retrying", "failed"):
            rows.append(f"!{each['kind']}\t{each['state']}")
    return rows


def panel(lines: Sequence[str], across: int, down: int) -> Pixels:
    """Draw the panel for a window of `across` x `down` pixels: uint8 [h, w, 4], colours multiplied by alpha.

    The letters' size follows the window's, and is reduced where the panel would not fit.

    Args:
        lines: Each is "label<tab>value" or a title; one that begins with ! is a problem and is drawn as such.
        across: The window's width in pixels.
        down: The window's height in pixels.
    """
    rows = [line.removeprefix("!").partition("\t") for line in lines]
    indent = max((len(label) for label, tab, _ in rows if tab), default=0) + 2
    texts = [f"{label:<{indent}}{value}" if tab else label for label, tab, value in rows]
    texts = [text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…" for text in texts]
    longest = max((len(text) for text in texts), default=1)
    fits = (across - 4 * MARGIN) / (longest + 2 * PADDING / letters.ADVANCE)
    width = int(max(6, min(max(8, down / 75), fits)))
    unit = width / letters.ADVANCE
    pad = round(PADDING * unit)
    shape = len(texts) * 2 * width + 2 * pad, longest * width + 2 * pad
    alpha = PANEL_ALPHA * _rounded(*shape, CORNER * unit)
    colour = alpha[..., None] * np.array(PANEL, np.float32)
    for number, (line, text, (label, tab, _)) in enumerate(zip(lines, texts, rows, strict=True)):
        ink = letters.draw(text, width)[..., None]
        paint = np.full((len(text), 3), TROUBLE if line.startswith("!") else VALUE if tab else TITLE, np.float32)
        if tab:
            paint[: len(label)] = LABEL
        y, x = pad + number * 2 * width, pad
        here = np.s_[y : y + ink.shape[0], x : x + ink.shape[1]]
        colour[here] += ink * (np.repeat(paint, width, axis=0)[None] - colour[here])
        alpha[here] += ink[..., 0] * (1 - alpha[here])
    pixels: Pixels = np.rint(np.concatenate([colour, 255 * alpha[..., None]], axis=2)).astype(np.uint8)
    return pixels


def place(width: int, height: int, down: int) -> tuple[int, int, int, int]:
    """(x, y, w, h) of a panel in the top left corner of a window `down` pixels high; y from the bottom."""
    gap = round(MARGIN * max(1.0, down / 600))
    return gap, down - gap - height, width, height


def _rounded(height: int, width: int, radius: float) -> NDArray[np.float32]:
    """The coverage of a rectangle with round corners, float32 [height, width]."""
    y, x = np.ogrid[:height, :width]
    out_x = np.maximum(radius - np.minimum(x + 0.5, width - x - 0.5), 0)
    out_y = np.maximum(radius - np.minimum(y + 0.5, height - y - 0.5), 0)
    coverage: NDArray[np.float32] = np.clip(radius + 0.5 - np.hypot(out_x, out_y), 0, 1).astype(np.float32)
    return coverage
