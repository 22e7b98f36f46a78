"""What a real OBS makes of livedream's pictures: python inside.py order|age WAY … prints JSON as its last line.

Runs itself again in a network and a process namespace of its own (root): obs-websocket and libndi listen on all
addresses, and nothing may outlive this.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import bars
import numpy as np
import stamp
import ways
from studio import Screen, Studio

HERE = Path(__file__).parent
NAMESPACE = ["unshare", "-n", "-p", "--fork", "--kill-child=KILL", "--mount-proc"]
SHOT_EVERY = 0.2  # seconds
AT_ONCE = 100  # ms for an answer; an OBS that takes longer has been kept from working, and its picture is of later


def order(way: str, folder: Path, options) -> dict:
    """Numbers of livedream's frames as OBS showed them at moments, and as it recorded them in a row."""
    with Studio(folder) as studio, ways.server(way, folder), sending(way, "livedream", folder, options):
        first = played(studio, way)
        time.sleep(1.0)
        shots = [each["number"] for each in watched(studio, options.shots)]
        recorded = numbers(studio.record(options.seconds))
        return {
            "way": way,
            "first_picture_s": round(first, 1),
            "shots": shots,
            "recorded": recorded,
            "outputs": ways.status().get("outputs"),
            "obs": studio.figures(),
        }


def age(way: str, folder: Path, options) -> dict:
    """How old OBS's picture is, livedream's and a bare sender's, in turns: each its own connection."""
    result = {
        "way": way,
        "size": options.size,
        "livedream": [],
        "bare": [],
        "first_picture_s": {},
        "too_slow": 0,
        "took": [],
    }
    with Studio(folder) as studio, ways.server(way, folder):
        for who in options.turns * [each for each in options.who if each != "bare" or ways.WAYS[way].bare]:
            with sending(way, who, folder, options):
                first = played(studio, way, **options.set)
                prioritise(options.nice)
                result["first_picture_s"].setdefault(who, []).append(round(first, 1))
                time.sleep(2.0)  # OBS drops what it has too much of in the first second
                seen = watched(studio, options.shots)
                result["took"] += [each["took"] for each in seen]
                result[who].append([each["age"] for each in seen if each["took"] <= AT_ONCE])
                result["too_slow"] += sum(each["took"] > AT_ONCE for each in seen)
                if who == "livedream":
                    told = ways.status()
                    result["ms"], result["late"] = told["ms"], told["late"]
                studio.leave()
        result["obs"] = studio.figures()
    for who in ("livedream", "bare"):
        ages = [each for turn in result[who] for each in turn]
        if ages:
            result[f"{who}_ms"] = {
                "median": float(np.median(ages)),
                "p95": float(np.percentile(ages, 95)),
                "n": len(ages),
            }
    result["period_ms"] = round(1000 / options.fps, 1)
    result["load"] = os.getloadavg()[0]
    return result


def colours(way: str, folder: Path, options) -> dict:
    """Colour bars as they come back from OBS, a recording and NDI: levels off the window's, at most and each patch."""
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
                back["NDI"] = bars.read(ndi())
        back["recording"] = bars.read(last_picture(film))
    return {
        "way": way,
        "window_off": off(window, bars.PATCHES),
        "off": {name: off(patches, window) for name, patches in back.items()},
        "levels": {name: np.round(patches, 1).tolist() for name, patches in (back | {"window": window}).items()},
    }


def portrait(way: str, folder: Path, options) -> dict:
    """OBS's own window as people see it, and the Media Source's properties: obs.png and properties.png in folder."""
    with (
        Studio(folder, (1280, 720), preview=True) as studio,
        ways.server(way, folder),
        sending(way, "livedream", folder, options, program=ways.PLAIN),
    ):
        played(studio, way)
        studio.place("OBS 29", 0, 0, 1360, 900)
        time.sleep(3.0)
        studio.screen.save(folder / "obs.png", "1360:872:0:0")  # without the line of OBS's own figures
        studio.remote.call("OpenInputPropertiesDialog", inputName="livedream")
        studio.place("Properties for", 320, 0, 760, 900)
        time.sleep(3.0)
        studio.screen.save(folder / "properties.png", "760:900:320:0")
    return {"pictures": [str(folder / "obs.png"), str(folder / "properties.png")]}


def off(patches: np.ndarray, wanted: np.ndarray) -> float:
    return round(float(np.abs(patches - wanted).max()), 2)


def last_picture(path: Path) -> np.ndarray:
    """As ffmpeg shows it, which goes by the file's own tags of colour."""
    command = ["ffmpeg", "-v", "error", "-sseof", "-0.5", "-i", str(path), "-frames:v", "1"]
    command += ["-sws_flags", "accurate_rnd+full_chroma_int", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(data, np.uint8).reshape(bars.HEIGHT, bars.WIDTH, 3)


def ndi(seconds: float = 20.0) -> np.ndarray:
    """A picture of the first NDI source on this machine: f64 [H, W, 3], RGB.

    Taken as OBS's NDI plug-in takes it, which is as it was on the wire: 4:2:2, BT.709. What libndi makes of that itself
    for receivers that want RGB is up to 15 levels off, whoever sends.
    """
    import NDIlib

    NDIlib.initialize()
    finder = NDIlib.find_create_v2()
    end, sources = time.monotonic() + seconds, []
    while not sources and time.monotonic() < end:
        NDIlib.find_wait_for_sources(finder, 500)
        sources = NDIlib.find_get_current_sources(finder)
    settings = NDIlib.RecvCreateV3()
    settings.color_format = NDIlib.RECV_COLOR_FORMAT_UYVY_BGRA
    receiver = NDIlib.recv_create_v3(settings)
    NDIlib.recv_connect(receiver, sources[0])
    while time.monotonic() < end:
        kind, video, _, _ = NDIlib.recv_capture_v2(receiver, 500)
        if kind == NDIlib.FRAME_TYPE_VIDEO:
            data = np.array(video.data)
            NDIlib.recv_free_video_v2(receiver, video)
            return from_uyvy(data) if data.shape[2] == 2 else data[..., 2::-1].astype(np.float64)
    raise TimeoutError("no picture from NDI")


def from_uyvy(data: np.ndarray) -> np.ndarray:
    """f64 [H, W, 3], RGB 0..255, of uint8 [H, W, 2]: ITU-R BT.709, limited range."""
    luma = (data[..., 1] - 16.0) / 219
    blue, red = (np.repeat((data[:, start::2, 0] - 128.0) / 224, 2, axis=1) for start in (0, 1))
    r, b = luma + 1.5748 * red, luma + 1.8556 * blue
    g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.clip(np.stack([r, g, b], 2), 0, 1) * 255


def played(studio: Studio, way: str, **settings) -> float:
    """Have OBS show what comes by that way; seconds until it has a picture."""
    ways.until(lambda: ways.listening(way), 20, "the listener")
    return studio.play(ways.WAYS[way].url, ways.WAYS[way].form, **settings)


def sending(way: str, who: str, folder: Path, options, program=ways.STAMPED):
    """The sender: livedream or the bare one."""
    width, height = map(int, options.size.split("x"))
    if who == "bare":
        return ways.bare(way, (width, height), options.fps, options.bitrate, folder)
    out = f"{ways.WAYS[way].out}#fit=stretch&bitrate={options.bitrate}"  # to the edges: there the stamp is
    arguments = ["--size", options.size, "--fps", str(options.fps), "--osc", "127.0.0.1:9000", "--out", out]
    return ways.livedream("--model", model(options.model, folder), *arguments, folder=folder, program=program)


def model(name: str, folder: Path) -> str:
    """A dream's name or path; "tiny": one of tests/dreams.py, which costs next to nothing."""
    if name != "tiny":
        return name
    import dreams

    path = folder / "tiny.onnx"
    return str(path if path.exists() else dreams.tiny(path, 640, 360))


def watched(studio: Studio, shots: int) -> list[dict]:
    """Number and age in ms of what OBS shows at moments in a row; "took": ms until OBS had answered.

    The age is that when OBS was asked, so it leaves out what taking a screenshot costs.
    """
    seen = []
    for _ in range(shots):
        asked, picture = stamp.now_ms(), studio.shot()
        took = stamp.since_ms(asked, stamp.now_ms())
        if (read := stamp.read(picture)) is not None:
            seen.append({"number": read[0], "age": stamp.since_ms(read[1], asked), "took": took})
        time.sleep(SHOT_EVERY)
    return seen


def numbers(path: Path) -> list[int | None]:
    """The number in each picture of a recording; None for one without."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        read = [stamp.read(each.to_ndarray(format="rgb24")) for each in container.decode(video=0)]
    return [each and each[0] for each in read]


TASKS = {"order": order, "age": age, "colours": colours, "portrait": portrait}


def prioritise(nice: int) -> None:
    """Set the priority of everything in this namespace: of processes, and of the sessions that Linux groups them by."""
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, int(each.name), nice)
            (each / "autogroup").write_text(str(nice))


def main() -> None:
    sys.path.append(str(HERE.parent))  # for dreams.py
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("way", choices=ways.WAYS)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--bitrate", type=int, default=4_000_000)
    parser.add_argument("--shots", type=int, default=15, help="screenshots at a time")
    parser.add_argument("--seconds", type=float, default=3.0, help="that OBS records")
    parser.add_argument("--turns", type=int, default=3, help="of each sender")
    parser.add_argument("--who", nargs="+", default=["bare", "livedream"], help="age: whose")
    parser.add_argument("--nice", type=int, default=0, help="priority of all of it, OBS too")
    parser.add_argument("--set", type=json.loads, default={}, help="settings of the Media Source, JSON")
    parser.add_argument("--ndi", action="store_true", help="colours: through NDI too")
    parser.add_argument("--folder", type=Path, help="where OBS lives and logs are left [a temporary one]")
    options = parser.parse_args()
    if os.environ.get("LIVEDREAM_OBS_NAMESPACE") is None:
        os.environ["LIVEDREAM_OBS_NAMESPACE"] = "1"
        os.execvp(NAMESPACE[0], [*NAMESPACE, sys.executable, *sys.argv])
    for command in (["ip", "link", "set", "lo", "up"], ["ip", "link", "set", "lo", "multicast", "on"]):
        subprocess.run(command, check=True)
    os.setsid()  # a session's priority is its own
    prioritise(options.nice)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="livedream-obs-"))
    folder.mkdir(parents=True, exist_ok=True)
    # libndi's own discovery needs a daemon; told so, it looks on this machine.
    networks = {"ips": "127.0.0.1,", "discovery": ""}
    (folder / "ndi-config.v1.json").write_text(json.dumps({"ndi": {"machinename": "LIVEDREAM", "networks": networks}}))
    os.environ["NDI_CONFIG_DIR"] = str(folder)
    try:
        print(json.dumps(TASKS[options.task](options.way, folder, options)))
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
