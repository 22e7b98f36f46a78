"""A show that follows Ableton Link and another peer, in a network of their own. Called by test_link.py.

Prints JSON: {off: beats between the two phases, frozen: after each stop and start of the peer, still: the tempo after
it left, code, errors}.
"""

import json
import subprocess
import sys

for command in ("link set lo up", "link set lo multicast on", "route add 224.0.0.0/4 dev lo"):
    subprocess.run(["ip", *command.split()], check=True)

import link  # noqa: E402

from tests.show import Show  # noqa: E402
from tests.waiting import until  # noqa: E402

BAR = 4


peer = link.Link(97.0)
clock = peer.clock()
peer.enabled = True
result = {}
with Show(sys.argv[1], "--fps", "30", "--size", "64x32", "--link") as show:
    show.frame()

    def tempo():
        return show.status()["tempo"]

    def agrees(bpm):
        return abs(tempo()["bpm"] - bpm) < 0.01

    def off():
        """Beats that the show's phase in the bar lies off the peer's."""
        state = peer.captureAppSessionState()
        early = clock.micros()
        beat = tempo()["beat"]
        late = clock.micros()
        phase = state.phaseAtTime((early + late) // 2, BAR)
        half = state.tempo() * (late - early) / 120e6
        difference = (beat - phase + BAR / 2) % BAR - BAR / 2
        return max(0.0, abs(difference) - half)  # the time of the answer is known no better

    until(lambda: tempo()["peers"] == 1)
    until(lambda: agrees(peer.captureAppSessionState().tempo()))
    for bpm in (133.0, 84.5):
        state = peer.captureAppSessionState()
        state.setTempo(bpm, clock.micros())
        peer.commitAppSessionState(state)
        until(lambda bpm=bpm: agrees(bpm))
    until(lambda: show.value("tempo/bpm") == 84.5)
    result["off"] = sorted(off() for _ in range(9))[4]

    def plays(playing):
        """Start or stop the peer; whether the show has done as it does."""
        state = peer.captureAppSessionState()
        if state.isPlaying() != playing:
            state.setIsPlaying(playing, clock.micros())
            peer.commitAppSessionState(state)
        return show.value("player/freeze") == (not playing)

    peer.startStopSyncEnabled = True
    state = peer.captureAppSessionState()
    state.setIsPlaying(True, clock.micros())
    peer.commitAppSessionState(state)
    began = tempo()["beat"]
    until(lambda: tempo()["beat"] > began + 1)  # the show looks at the session many times in a beat
    show.osc("tempo/start_stop", "s", "freeze")
    until(lambda: show.value("tempo/start_stop") == 1)
    result["frozen"] = []
    for playing in (False, True, False, True):
        until(lambda playing=playing: plays(playing))
        result["frozen"].append(show.value("player/freeze"))
    show.osc("tempo/start_stop", "s", "off")
    until(lambda: show.value("tempo/start_stop") == 0)
    show.osc("tempo/bpm", "f", "111")
    until(lambda: abs(peer.captureAppSessionState().tempo() - 111) < 0.01)
    peer.enabled = False
    until(lambda: tempo()["peers"] == 0)
    result["still"] = tempo()["bpm"]
    show.osc("tempo/source", "s", "internal")
    until(lambda: tempo()["source"] == "internal" and tempo()["bpm"] == 111)
result["code"], result["errors"] = show.code, show.errors
print(json.dumps(result))
