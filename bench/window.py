"""Figure window.interval: python bench/window.py [DREAM]

The window is dragged, covered, minimised, closed and opened, and no other output may notice.
"""

import sys

from livedream.bench import intervals, window
from livedream.bench.figures import compared, figure, missing, table

WHAT = "window dragged, covered, minimised, closed: longest interval elsewhere"


def figures(model: str, times: float) -> list[dict]:
    """livedream.bench.window does it, `times` times, under an X server and a window manager of its own."""
    told = window.measure(model, 30.0, round(times))
    if "skipped" in told:
        return [missing("window.interval", WHAT, told["skipped"], "periods")]
    longest = told.pop("interval_max")
    return [figure("window.interval", WHAT, longest, "periods", intervals.LONGEST, **told)]


if __name__ == "__main__":
    print("\n".join(table(compared(figures((sys.argv[1:] or ["rainbow.onnx"])[0], 1), []))))
