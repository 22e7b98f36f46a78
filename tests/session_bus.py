"""A desktop's message bus of our own (dbus-daemon), with what answers there when a program asks it not to sleep.

with Desktop(folder, "org.freedesktop.ScreenSaver") as desktop:
    desktop.address      # for DBUS_SESSION_BUS_ADDRESS
    desktop.held()       # (application, reason) of everybody who keeps it awake at this moment
"""

import shutil
import subprocess
import threading

DBUS = shutil.which("dbus-daemon")
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
"""
IDLE = 8  # org.gnome.SessionManager: the session is not to be marked as idle


class Desktop:
    """service: the name that answers Inhibit, or None: nobody does. mute: it takes questions and never answers."""

    def __init__(self, folder, service=None, mute=False):
        self.address, self.service, self.mute = f"unix:path={folder / 'bus'}", service, mute
        self.asked = threading.Event()
        self._config = folder / "bus.conf"
        self._config.write_text(CONFIG.format(socket=folder / "bus"))
        self._held = {}  # cookie -> (sender, application, reason)
        self._over = threading.Event()

    def __enter__(self):
        command = [DBUS, f"--config-file={self._config}", "--nofork", "--print-address=1"]
        self._bus = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._bus.stdout.readline().startswith("unix:")
        if self.service:
            self.serve()
        return self

    def __exit__(self, *_):
        self._over.set()
        if self.service:
            self._thread.join()
        self._bus.terminate()
        self._bus.wait(10)
        self._bus.stdout.close()

    def serve(self):
        """Begin to answer by the name `service`."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,))
        self._thread.start()
        assert ready.wait(10)

    def held(self) -> list:
        return [each[1:] for each in self._held.values()]

    def _serve(self, ready):
        from jeepney import MatchRule, MessageType, message_bus, new_method_return
        from jeepney.io.blocking import open_dbus_connection

        gone = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
        with open_dbus_connection(self.address) as bus:
            bus.send_and_get_reply(message_bus.RequestName(self.service))
            bus.send_and_get_reply(message_bus.AddMatch(gone))
            ready.set()
            while not self._over.is_set():
                try:
                    message = bus.receive(timeout=0.05)
                except TimeoutError:
                    continue
                fields = {field.name: value for field, value in message.header.fields.items()}
                if message.header.message_type is MessageType.signal:
                    self._left(*message.body)
                elif fields["member"] == "Inhibit":
                    self.asked.set()
                    if not self.mute:
                        cookie = self._take(fields["sender"], message.body)
                        bus.send(new_method_return(message, "u", (cookie,)))
                elif fields["member"].lower() == "uninhibit":
                    self._held.pop(message.body[0])
                    bus.send(new_method_return(message))

    def _take(self, sender, body):
        if self.service == "org.gnome.SessionManager":
            application, _, reason, flags = body
            assert flags & IDLE
        else:
            application, reason = body
        cookie = max(self._held, default=40) + 1
        self._held[cookie] = sender, application, reason
        return cookie

    def _left(self, name, _, owner):
        """As every desktop does it: who leaves the bus keeps nothing awake."""
        if not owner:
            self._held = {cookie: each for cookie, each in self._held.items() if each[0] != name}
