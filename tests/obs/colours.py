"""Colour bars, read back from the far ends."""

import os
import subprocess
import time
from pathlib import Path

import numpy as np

from tests.obs import bars, ways
from tests.obs.receivers import ndi_source
from tests.obs.studio import Screen, Studio
from tests.obs.watched import played


def colours(way: str, folder: Path, options) -> dict:
    """Compare colour bars from OBS, a recording and NDI with the window's: the largest differences, in levels.

    Returns "off" for the standard bars, at 75 %, and "others_off" for bars at 100 % and greys.
    """
    dream, film = str(bars.dream(folder / "bars.onnx")), folder / "bars.mp4"
    outs = ["window:0", f"{ways.WAYS[way].out}#bitrate=8M", str(film), *(["ndi:bars"] if options.ndi else [])]
    size = f"{bars.WIDTH}x{bars.HEIGHT}"
    arguments = ["--model", dream, "--size", size, *(each for out in outs for each in ("--out", out))]
    film.unlink(missing_ok=True)
    with Screen(size, folder / "Xvfb-window.log") as screen, Studio(folder) as studio, ways.server(way, folder):
        env = os.environ | {"DISPLAY": screen.display, "LIBGL_ALWAYS_SOFTWARE": "1"}
        with ways.livedream(*arguments, folder=folder, program=ways.PLAIN, env=env):
            played(studio, way)
            time.sleep(1.0)
            back = {"OBS": bars.read(studio.shot())}
            window = bars.read(screen.grab())
            if options.ndi:
                back["NDI"] = bars.read(ndi_source()())
        back["recording"] = bars.read(last_picture(film))
    return {
        "way": way,
        "window_off": off(window, bars.PATCHES),
        "off": {name: off(patches[:1], window[:1]) for name, patches in back.items()},
        "others_off": {name: off(patches[1:], window[1:]) for name, patches in back.items()},
        "levels": {name: np.round(patches, 1).tolist() for name, patches in (back | {"window": window}).items()},
    }


def off(patches: np.ndarray, wanted: np.ndarray) -> float:
    return round(float(np.abs(patches - wanted).max()), 2)


def last_picture(path: Path) -> np.ndarray:
    """Read the film's last picture by ffmpeg, which follows the file's colour tags."""
    command = ["ffmpeg", "-v", "error", "-sseof", "-0.5", "-i", str(path), "-frames:v", "1"]
    command += ["-sws_flags", "accurate_rnd+full_chroma_int", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(data, np.uint8).reshape(bars.HEIGHT, bars.WIDTH, 3)
