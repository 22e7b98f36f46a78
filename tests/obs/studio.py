"""A real OBS under an X server of its own. Only for a private network namespace: obs-websocket has no "local only"."""

import base64
import contextlib
import io
import json
import os
import subprocess
import time
from pathlib import Path

import av
import numpy as np

from tests.obs.remote import Remote
from tests.obs.ways import process

CANVAS = (640, 360)  # larger, Mesa's software renderer cannot keep 30 fps on two cores
SOURCE = {  # the Media Source's settings in docs/obs.md
    "is_local_file": False,
    "buffering_mb": 0,
    "reconnect_delay_sec": 1,
    "hw_decode": False,
    "restart_on_activate": False,
    "close_when_inactive": False,
    "clear_on_media_end": False,
    "ffmpeg_options": "analyzeduration=400000 probesize=200000",
}
GLOBAL = """[General]
FirstRun=true
LastVersion=486539266
Pre19Defaults=false
Pre21Defaults=false
Pre23Defaults=false
Pre24.1Defaults=false
EnableAutoUpdates=false
[Basic]
Profile=LD
ProfileDir=LD
SceneCollection=LD
SceneCollectionFile=LD
ConfigOnNewProfile=false
[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort=4455
AlertsEnabled=false
AuthRequired=false
[BasicWindow]
PreviewEnabled={preview}
SysTrayEnabled=false
"""
PROFILE = """[General]
Name=LD
[Video]
BaseCX={width}
BaseCY={height}
OutputCX={width}
OutputCY={height}
FPSCommon={fps}
[Output]
Mode=Simple
[SimpleOutput]
FilePath={folder}
RecFormat=mkv
RecEncoder=x264
RecQuality=Small
Preset=ultrafast
"""
SCENES = {
    "current_scene": "Scene",
    "current_program_scene": "Scene",
    "name": "LD",
    "scene_order": [{"name": "Scene"}],
    "sources": [{"id": "scene", "versioned_id": "scene", "name": "Scene", "settings": {"items": []}}],
}


class Screen:
    """An X server of its own while the block runs. size: "1360x900". display: ":7"."""

    def __init__(self, size: str, log: Path):
        self.size, self._log = size, log

    def __enter__(self):
        read, write = os.pipe()
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{self.size}x24", "-nolisten", "tcp"]
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(command, pass_fds=[write], stdout=log, stderr=log)
        os.close(write)
        with os.fdopen(read) as pipe:
            self.display = f":{pipe.readline().strip()}"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def save(self, path: Path, crop: str) -> None:
        """Save a part of the screen, "WIDTH:HEIGHT:X:Y", as a picture."""
        subprocess.run([*self._grabbing(), "-vf", f"crop={crop}", "-q:v", "2", "-y", str(path)], check=True)

    def _grabbing(self) -> list[str]:
        grab = ["ffmpeg", "-v", "error", "-f", "x11grab", "-draw_mouse", "0", "-video_size", self.size]
        return [*grab, "-i", self.display, "-frames:v", "1"]

    def grab(self) -> np.ndarray:
        """The whole screen, uint8 [H, W, 3], RGB."""
        width, height = map(int, self.size.split("x"))
        grab = [*self._grabbing(), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        data = subprocess.run(grab, check=True, capture_output=True).stdout
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)


class Studio:
    """OBS while the block runs. folder: for its settings and recordings. preview: whether to show its preview."""

    def __init__(self, folder: Path, canvas=CANVAS, fps: int = 30, preview: bool = False, screen: str = "1360x900"):
        self.folder, self.canvas = Path(folder), canvas
        self._fps, self._preview = fps, preview
        self.screen = Screen(screen, self.folder / "Xvfb.log")

    def __enter__(self):
        with contextlib.ExitStack() as ending:
            ending.enter_context(self.screen)
            self._start(ending)
            self._ending = ending.pop_all()
        return self

    def __exit__(self, *_):
        self._ending.close()

    def _start(self, ending: contextlib.ExitStack) -> None:
        home, run = self.folder / "home", self.folder / "run"
        settings = home / ".config" / "obs-studio"
        for each in (run, settings / "basic" / "profiles" / "LD", settings / "basic" / "scenes"):
            each.mkdir(parents=True, exist_ok=True)
        run.chmod(0o700)
        values = {"width": self.canvas[0], "height": self.canvas[1], "fps": self._fps, "folder": self.folder}
        (settings / "global.ini").write_text(GLOBAL.format(preview=str(self._preview).lower()))
        (settings / "basic" / "profiles" / "LD" / "basic.ini").write_text(PROFILE.format(**values))
        (settings / "basic" / "scenes" / "LD.json").write_text(json.dumps(SCENES))
        self.env = os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
        self.env |= {"XDG_RUNTIME_DIR": str(run), "DISPLAY": self.screen.display}
        self.env |= {"QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1"}
        choice = ["--collection", "LD", "--profile", "LD", "--scene", "Scene", "--multi"]
        command = ["obs", *choice, "--disable-updater", "--disable-missing-files-check"]
        ending.enter_context(process(command, self.folder / "obs.log", ending=0, env=self.env))
        self.remote = Remote()
        ending.callback(self.remote.close)

    def play(self, url: str, form: str = "", seconds: float = 40.0, **settings) -> float:
        """Show `url` in the Media Source "livedream", alone in the scene. Returns the seconds to its picture."""
        settings = SOURCE | {"input": url, "input_format": form} | settings
        call, begin = self.remote.call, time.monotonic()
        made = call(
            "CreateInput",
            sceneName="Scene",
            inputName="livedream",
            inputKind="ffmpeg_source",
            inputSettings=settings,
            sceneItemEnabled=True,
        )
        bounds = {"boundsType": "OBS_BOUNDS_STRETCH", "boundsWidth": self.canvas[0], "boundsHeight": self.canvas[1]}
        call(
            "SetSceneItemTransform",
            sceneName="Scene",
            sceneItemId=made["sceneItemId"],
            sceneItemTransform=bounds,
        )
        while True:
            if (shot := self._shot()) is not None and shot.any():
                return time.monotonic() - begin
            if time.monotonic() > begin + seconds:
                raise TimeoutError(f"no picture of {url} in OBS in {seconds:g} s")
            time.sleep(0.1)

    def leave(self) -> None:
        """Remove the Media Source, and wait until OBS has released it."""
        self.remote.call("RemoveInput", inputName="livedream")
        while any(each["inputName"] == "livedream" for each in self.remote.call("GetInputList")["inputs"]):
            time.sleep(0.05)

    def shot(self) -> np.ndarray:
        """The Media Source's picture, scaled to the canvas without other loss: uint8 [H, W, 3], RGB."""
        if (shot := self._shot()) is None:
            raise RuntimeError("the Media Source has lost its picture")
        return shot

    def _shot(self) -> np.ndarray | None:
        width, height = self.canvas
        # A screenshot of the scene, which always has a size: a source without a picture has none.
        asked = {"sourceName": "Scene", "imageFormat": "bmp", "imageWidth": width, "imageHeight": height}
        try:
            data = self.remote.call("GetSourceScreenshot", **asked)["imageData"]
        except RuntimeError:
            return None
        with av.open(io.BytesIO(base64.b64decode(data.split(",", 1)[1]))) as bmp:
            return next(bmp.decode(video=0)).to_ndarray(format="rgb24")

    def record(self, seconds: float) -> Path:
        """Let OBS record its canvas, and return the file."""
        self.remote.call("StartRecord")
        time.sleep(seconds)
        path = Path(self.remote.call("StopRecord")["outputPath"])
        while self.remote.call("GetRecordStatus")["outputActive"]:
            time.sleep(0.05)
        return path

    def place(self, title: str, x: int, y: int, width: int, height: int) -> None:
        """Move the window of that title, once it is there: no window manager does it."""
        find = ["xdotool", "search", "--sync", "--onlyvisible", "--name", title]
        move = ["windowmove", str(x), str(y), "windowsize", str(width), str(height)]
        subprocess.run([*find, *move], env=self.env, check=True, timeout=20)

    def figures(self) -> dict:
        """OBS's own figures: frames per second, ms per rendering, share of skipped renderings, percent of a core."""
        told = self.remote.call("GetStats")
        return {
            "fps": round(told["activeFps"], 1),
            "render_ms": round(told["averageFrameRenderTime"], 1),
            "skipped": round(told["renderSkippedFrames"] / max(told["renderTotalFrames"], 1), 3),
            "cpu": round(told["cpuUsage"]),
        }
