"""The machine kept awake while a show runs: neither the display nor the system goes to sleep by itself."""

import logging
import os
import sys
import threading

from livedream.system import battery

log = logging.getLogger("livedream.system.awake")

BEGINS = 3.0  # seconds into a show: the first frames need the processor more, and no display sleeps so soon
AGAIN = 30.0  # seconds between two looks at the battery, and two tries where the first was refused
SETTINGS = "turn it off in the system's settings"


class Awake:
    """Keeps display and system awake from `start` to `stop`; if the process is killed, the system takes it back.

    kept: whether it does.  says: why not and what to do, in one line; "" while all is well or not yet tried.
    battery: as it was half a minute ago at most, or None.

    All is asked in a thread of its own, since a desktop may take seconds to answer, or never do.
    """

    def __init__(self, begins: float = BEGINS):
        self.kept, self.says = False, ""
        self.battery: battery.Battery | None = None
        self._begins = begins
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="awake", daemon=True)

    def start(self) -> None:
        """Begin. Returns at once and raises nothing."""
        self._thread.start()

    def stop(self) -> None:
        """Let it sleep again. Takes a second at most; what is not given back by then goes with the process."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def status(self) -> dict:
        """What `/status` says of it."""
        power = self.battery
        return {
            "awake": {"kept": self.kept, "says": self.says},
            "battery": power and {"percent": power.percent, "plugged": power.plugged},
        }

    def _work(self) -> None:
        self._over.wait(self._begins)
        while not self._over.is_set():
            try:
                self._keep()
            except Exception as error:  # a show goes on where nothing keeps the machine awake
                self.kept, self.says = False, f"sleep is not put off ({error}); {SETTINGS}"
                log.info("%s", self.says)
                self.battery = battery.look()
                self._over.wait(AGAIN)

    def _keep(self) -> None:
        """Hold the machine awake until it is over; comes back for another try where that was refused."""
        from wakepy import keep  # here, because a show's first frame does not need it

        logging.getLogger("wakepy").setLevel(logging.WARNING)  # it tells every try
        with keep.presenting(on_fail="pass") as mode:
            said = "" if mode.active else refusal(mode.result)
            if said and said != self.says:
                log.info("%s", said)
            self.kept, self.says = mode.active, said
            while True:
                self.battery = battery.look()
                if self._over.wait(AGAIN) or not self.kept:
                    break
        self.kept = False


def tried() -> dict:
    """Keep awake for a moment, to see whether it can be: {"by": what did it, "says": why it cannot}. May take seconds,
    and hang where a desktop does."""
    from wakepy import keep

    with keep.presenting(on_fail="pass") as mode:
        return {"by": str(mode.method or ""), "says": "" if mode.active else refusal(mode.result)}


def refusal(result) -> str:
    """Why a mode of wakepy (its ActivationResult) is not active, and what to do."""
    if not sys.platform.startswith(("win32", "darwin")) and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return f"sleep is not put off, for there is no desktop to ask (D-Bus); {SETTINGS}"
    reasons = [str(each.failure_reason).partition("failed with message: ")[2] for each in result.list_methods()]
    strange = [each for each in reasons if each and "ServiceUnknown" not in each]
    if strange:
        return f"sleep is not put off, the desktop says {strange[0][:80]!r}; {SETTINGS}"
    by_hand = " (X: xset s off -dpms)" if os.environ.get("DISPLAY") and sys.platform.startswith("linux") else ""
    return f"sleep is not put off, this desktop offers no way to; {SETTINGS}{by_hand}"
