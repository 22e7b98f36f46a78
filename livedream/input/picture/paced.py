"""Plays decoded pictures at their own rate, in wall time."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from livedream.input.picture.shot import Report, Shot
from livedream.picture import Pixels

STILL = 60.0  # most seconds for which a picture is taken to stand still
LATE = 0.5  # seconds by which a film may be behind; then its clock waits for it


@dataclass(frozen=True, slots=True)
class Timed:
    """A decoded picture within a film.

    Attributes:
        time: Seconds; only differences count.
        seconds: How long it is shown.
        pixels: Gives the picture; is not called for one that is left out.
    """

    time: float
    seconds: float
    pixels: Callable[[], Pixels]


def play(passes: Iterable[Iterable[Timed]], report: Report) -> Iterator[Shot]:
    """Yield every picture when it is due, one pass of a film after another without a pause.

    Pictures that are late by more than they last are left out and counted. After a pass of a single picture it ends.

    Raises:
        LookupError: A pass had no picture.
    """
    epoch: float | None = None
    begin = 0.0
    for each in passes:
        first, last, end, count = None, 0.0, 0.0, 0
        for timed in each:
            epoch = time.perf_counter() if epoch is None else epoch
            count += 1
            first = timed.time if first is None else first
            since = timed.time - first
            if not last <= since <= end + STILL:  # the file's clock has jumped
                first, since = timed.time - end, end
            last = since
            end = max(end, since + timed.seconds)
            late = time.perf_counter() - epoch - since
            if late > LATE:
                epoch += late
            elif late > timed.seconds:
                report.skipped()
                continue
            pixels = timed.pixels()
            time.sleep(max(0.0, epoch + since - time.perf_counter()))
            yield Shot(pixels, time.perf_counter(), begin + since)
        if epoch is None or count == 0:
            raise LookupError("no picture in it can be decoded")
        if count == 1:
            return
        epoch += end
        begin += end
