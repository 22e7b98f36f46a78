"""The age of a picture when it is seen."""

import asyncio
import os
import time
from pathlib import Path

import numpy as np

from tests.obs import stamp, ways
from tests.obs.priority import prioritise
from tests.obs.receivers import ndi_source, page
from tests.obs.studio import Studio
from tests.obs.watched import SHOT_EVERY, model, played, sending, watched

AT_ONCE = 100  # ms for an answer; an OBS that takes longer was kept from working, and its picture is a later one
MORE = 3  # repetitions for a busy OBS
STAMP_IN_PAGE = """(() => {
  const {width: w, height: h} = picture, now = Date.now() % 2 ** 32, words = [0, 0, 0, 0];
  const {data} = picture.getContext("2d").getImageData(0, 0, w, h);
  for (let row = 0; row < 4; row++) for (let bit = 0; bit < 16; bit++)
    words[row] += (data[4 * (Math.floor((row + .5) * h / 12) * w + Math.floor((bit + .5) * w / 21))] > 127) * 2 ** bit;
  return [words[1] * 65536 + words[2], now, words[0]];
})()"""


def age(way: str, folder: Path, options) -> dict:
    """Measure the age of OBS's picture, from livedream and from a bare sender in turns, each by its own connection."""
    result = {
        "way": way,
        "size": options.size,
        "livedream": [],
        "bare": [],
        "first_picture_s": {},
        "took": [],
    }
    with Studio(folder) as studio, ways.server(way, folder):
        for who in options.turns * [each for each in options.who if each != "bare" or ways.WAYS[way].bare]:
            with sending(way, who, folder, options):
                first = played(studio, way, **options.set)
                prioritise(options.nice)
                result["first_picture_s"].setdefault(who, []).append(round(first, 1))
                time.sleep(2.0)  # OBS drops superfluous pictures in the first second
                seen = watched(studio, options.shots)
                for _ in range(MORE):
                    if sum(each["took"] <= AT_ONCE for each in seen) < options.shots:
                        seen += watched(studio, options.shots)
                result["took"] += [each["took"] for each in seen]
                result[who].append([each["age"] for each in seen if each["took"] <= AT_ONCE])
                if who == "livedream":
                    told = ways.status()
                    result["ms"], result["late"] = told["ms"], told["late"]
                studio.leave()
        result["obs"] = studio.figures()
    for who in ("livedream", "bare"):
        ages = [each for turn in result[who] for each in turn]
        if ages:
            result[f"{who}_ms"] = summary(ages)
    result["too_slow"] = sum(took > AT_ONCE for took in result["took"])
    result["period_ms"] = round(1000 / options.fps, 1)
    result["load"] = os.getloadavg()[0]
    return result


def others(way: str, folder: Path, options) -> dict:
    """Measure the age of each picture on arrival in a browser and in an NDI receiver, without OBS."""

    def ready():
        prioritise(options.nice)

    arguments = ["--model", model(options.model, folder), "--size", options.size, "--fps", str(options.fps)]
    with ways.livedream(*arguments, "--out", "page", "--out", "ndi:ages", folder=folder):
        found = {"page": asyncio.run(page_ages(folder / "profile", 2 * options.shots, ready))}
        picture, found["ndi"] = ndi_source(), []
        for _ in range(20 + 2 * options.shots):
            taken, now = picture(), stamp.now_ms()
            if read := stamp.read(taken):
                found["ndi"].append(stamp.since_ms(read[1], now))
        found["ndi"] = found["ndi"][20:]
        told = ways.status()
    figures = {f"{name}_ms": summary(ages) for name, ages in found.items()}
    return {"ages": found, **figures, "ms": told["ms"], "load": os.getloadavg()[0]}


def summary(ages: list[int]) -> dict:
    median, p95 = (round(float(np.percentile(ages, share)), 1) for share in (50, 95))
    return {"median": median, "p95": p95, "n": len(ages)}


async def page_ages(profile: Path, shots: int, ready) -> list[int]:
    """Sample the age of the picture in the page's canvas, in ms."""
    async with page(profile) as browser:
        ready()
        await asyncio.sleep(2.0)
        found = []
        for _ in range(shots):
            ms, now, _ = await browser.js(STAMP_IN_PAGE)
            found.append(stamp.since_ms(ms, now))
            await asyncio.sleep(SHOT_EVERY)
        return found
