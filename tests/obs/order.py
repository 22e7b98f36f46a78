"""The order of the pictures in OBS."""

import time
from pathlib import Path

from tests.obs import ways
from tests.obs.studio import Studio
from tests.obs.watched import numbers, played, sending, watched

ENOUGH = 12  # frames that show an order
TRIES = 5  # recordings, if OBS gets few frames on a busy machine


def order(way: str, folder: Path, options) -> dict:
    """Return the numbers of livedream's frames in screenshots of OBS, and in a recording of OBS."""
    with Studio(folder) as studio, ways.server(way, folder), sending(way, "livedream", folder, options):
        first = played(studio, way)
        time.sleep(1.0)
        shots = [each["number"] for each in watched(studio, options.shots)]
        recorded = []
        for _ in range(TRIES):
            recorded += numbers(studio.record(options.seconds))
            if len(set(recorded)) >= ENOUGH:
                break
        return {
            "way": way,
            "first_picture_s": round(first, 1),
            "shots": shots,
            "recorded": recorded,
            "outputs": ways.status().get("outputs"),
            "obs": studio.figures(),
        }
