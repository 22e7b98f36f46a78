"""Keeps display and system awake while a show runs, and watches the battery."""

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from livedream.system import battery

if TYPE_CHECKING:
    from wakepy.core.activationresult import ActivationResult

log = logging.getLogger("livedream.system.awake")

DELAY = 3.0  # seconds into a show: the first frames need the processor more, and no display sleeps so soon
INTERVAL = 30.0  # seconds between two reads of the battery, and between tries where the first was refused
SETTINGS = "turn sleep off in the system's settings"


class Awake:
    """Keeps display and system awake from `start` to `stop`; if the process is killed, the system sleeps again.

    It asks in a thread of its own, because a desktop may take seconds to answer, or never do.

    Attributes:
        kept: whether they are kept awake.
        problem: why not and what to do, in one line; "" while all is well or not yet tried.
        battery: its state, half a minute old at most, or None.
    """

    def __init__(self, delay: float = DELAY):
        self.kept, self.problem = False, ""
        self.battery: battery.Battery | None = None
        self._delay = delay
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="awake", daemon=True)

    def start(self) -> None:
        """Begin. Returns at once and raises nothing."""
        self._thread.start()

    def stop(self) -> None:
        """Let the machine sleep again. Takes a second at most; what is not released by then ends with the process."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def status(self) -> dict[str, Any]:
        """Return its part of `/status`."""
        power = self.battery
        return {
            "awake": {"kept": self.kept, "says": self.problem},
            "battery": power and {"percent": power.percent, "plugged": power.plugged},
        }

    def _work(self) -> None:
        self._stopping.wait(self._delay)
        while not self._stopping.is_set():
            try:
                self._keep()
            except Exception as error:  # a show goes on where nothing keeps the machine awake
                self.kept, self.problem = False, f"sleep is not prevented ({error}); {SETTINGS}"
                log.info("%s", self.problem)
                self.battery = battery.read()
                self._stopping.wait(INTERVAL)

    def _keep(self) -> None:
        """Keep the machine awake until `stop`; return for another try where that was refused."""
        from wakepy import keep  # here, because a show's first frame does not need it

        logging.getLogger("wakepy").setLevel(logging.WARNING)  # it logs every try
        with keep.presenting(on_fail="pass") as mode:
            problem = "" if mode.active else refusal(mode.result)
            if problem and problem != self.problem:
                log.info("%s", problem)
            self.kept, self.problem = mode.active, problem
            while True:
                self.battery = battery.read()
                if self._stopping.wait(INTERVAL) or not self.kept:
                    break
        self.kept = False


def try_once() -> dict[str, str]:
    """Keep the machine awake for a moment, to see whether that works; may take seconds, or hang with the desktop.

    Returns:
        {"by": what keeps it awake, "says": why it cannot be kept awake}, one of them "".
    """
    from wakepy import keep

    with keep.presenting(on_fail="pass") as mode:
        found = {"by": str(mode.method or ""), "says": "" if mode.active else refusal(mode.result)}
    return found


def refusal(result: "ActivationResult") -> str:
    """Say why a mode of wakepy is not active, and what to do."""
    if not sys.platform.startswith(("win32", "darwin")) and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return f"sleep is not prevented: no desktop to ask (D-Bus); {SETTINGS}"
    reasons = [str(each.failure_reason).partition("failed with message: ")[2] for each in result.list_methods()]
    strange = [each for each in reasons if each and "ServiceUnknown" not in each]
    if strange:
        return f"sleep is not prevented, the desktop answers {strange[0][:80]!r}; {SETTINGS}"
    by_hand = " (X: xset s off -dpms)" if os.environ.get("DISPLAY") and sys.platform.startswith("linux") else ""
    return f"sleep is not prevented: this desktop offers no way to; {SETTINGS}{by_hand}"
