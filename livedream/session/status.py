"""What `GET /status` says. Fields are added, never renamed."""

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import livedream
from livedream.loop.live import percentile

if TYPE_CHECKING:
    from livedream.session.session import Session

STARTED = time.monotonic()


def status(session: "Session") -> dict:
    """The state of a show, of JSON values. fps.fresh counts drawings, fps.sent repeats too; ms are milliseconds.

    decks: why says of each provider that runs nothing why not; loading is the
    name of the dream that is made ready, or None; load_error says why the last one asked for was refused; changed: the
    dream's file holds another one by now; past: "loop", "scrub" or "past" where it is drawn in its past, else None;
    unstuck: how often it had come to rest and was helped; memories: how many pictures of its footage it holds.
    looks: the chain, and what is wrong with a look's file as it is now; look_error: why looks are not seen at all, or
    the last one asked for is not in the chain.
    output_error: why the last thing asked of the outputs was not done; saved: the last screenshot; or None.
    awake: whether display and system are kept from sleeping, and if not, why and what to do; battery: None without one.
    audio: what is heard, bands from low to high; None without --audio. error: why nothing is, or None.
    tempo: beat is of now; peers: Ableton Link's others; following: whether the clock that is its source is heard.
    shows: the files that the show is kept in; show_error: why the last one that failed is kept no longer, or None.
    midi: the controller's port, what moves what, and what is wrong; None without --midi.
    preset: the last one recalled or stored, of presets; preset_part: of the way there, or None; preset_error: why
    the last thing asked of them was not done, or None.
    ms.interval_p99: of abs(interval - period) between frames handed out.
    """
    stage, outputs, looks, shows, tempo = session.stage, session.outputs, session.looks, session.shows, session.tempo
    ticks = list(stage.ticks)
    gaps = [abs(b[0] - a[0] - stage.period) for a, b in pairwise(ticks)]
    recent = [fresh for at, fresh in ticks if at > time.perf_counter() - 2.0]
    seconds = min(2.0, max(1e-3, time.perf_counter() - ticks[0][0])) if ticks else 1.0
    return {
        "version": livedream.__version__,
        "uptime_s": round(time.monotonic() - STARTED, 1),
        "state": stage.state,
        "frame": stage.number,
        "fps": {
            "target": stage.fps,
            "sent": round(len(recent) / seconds, 2),
            "fresh": round(sum(recent) / seconds, 2),
        },
        "ms": {
            "model_p50": percentile(stage.drawing_s, 50),
            "model_p99": percentile(stage.drawing_s, 99),
            "latency_p50": percentile(stage.latency_s, 50),
            "latency_p99": percentile(stage.latency_s, 99),
            "interval_p99": percentile(gaps, 99),
        },
        "late": stage.late,
        "repeated": stage.repeated,
        "decks": [
            {
                "dream": deck.player.dream.title,
                "sha256": deck.player.dream.sha256,
                "seed": stage.table.target(f"{deck.prefix}player/seed"),
                "step": deck.player.steps,
                "providers": deck.player.providers,
                "error": deck.error,
                "loading": loader.loading,
                "load_error": loader.error,
                "changed": loader.changed,
                "why": faster.choice.why,
                "past": deck.player.playhead.where,
                "unstuck": deck.player.unstuck,
                "memories": len(deck.player.dream.memories or ()),
            }
            for deck, loader, faster in zip(stage.decks, session.loaders, session.seekers, strict=True)
        ],
        "looks": [{"name": each.name, "error": each.error} for each in looks.slots],
        "look_error": stage.compose.error or looks.error,
        "outputs": [
            {
                "name": each.name,
                "kind": each.kind,
                "state": each.state,
                "sent": each.sent,
                "dropped": each.dropped,
                "error": each.error,
                "note": each.note,
            }
            for each in outputs
        ],
        "output_error": outputs.error,
        "saved": outputs.saved and str(outputs.saved),
        **session.awake.status(),
        "audio": session.hearing and session.hearing.status(),
        "tempo": {
            "bpm": round(tempo.bpm, 2),
            "beat": round(tempo.beat_at(time.perf_counter()), 3),
            "source": tempo.source,
            "following": tempo.following,
            "peers": session.link.peers,
            "error": session.link.error,
        },
        "midi": next((each.status() for each in session.controllers), None),
        **session.presets.status(),
        "shows": [str(each.path) for each in shows.open if each.path],
        "show_error": shows.error,
        "osc": {"port": session.receiver.port, **stage.table.counters},
        "errors": sum(deck.errors + deck.player.lost for deck in stage.decks),
    }
