"""Who repeats a value because it streams everything, and who because somebody meant it: no cue may be lost."""

import random

import pytest

from livedream.parameters import MASTER, PLAYER, Table, dream, modulator

CHOP, DESK, TABLET, MOTOR = (("10.0.0.1", 7000), ("10.0.0.1", 7001), ("10.0.0.3", 7000), ("10.0.0.4", 7000))
BLACKOUT, FADE, TRIGGER = "master/blackout", "master/fade", "mod/1/trigger"


@pytest.fixture
def table():
    made = Table([*PLAYER, *dream(latent_length=64), *MASTER, *modulator(1)])
    made.set("player/glide", [0.0])
    made.set("master/fade/time" if "master/fade/time" in made.parameters else "master/fade_time", [0.0])
    made.tick(1.0)
    return made


def stream(rate, *values, jitter=0.0, lost=0.0, seed=1):
    """(seconds, value) of a program that sends its values at that rate, each of `values` for (value, seconds)."""
    chance, at, sent = random.Random(seed), 0.0, []
    for value, seconds in values:
        for _ in range(round(rate * seconds)):
            at += 1 / rate
            if chance.random() >= lost:
                sent.append((at + chance.uniform(-jitter, jitter) / rate, value))
    return sent


def play(table, address, by_sender, after=0.0):
    """Play messages [(seconds, value)] of several senders in their order; return (seconds, value) of every change."""
    events = [(at, sender, value) for sender, each in by_sender.items() for at, value in each]
    changes = []
    for at, sender, value in sorted(events, key=lambda event: event[0]):
        table.set(address, () if value == () else [value], sender, at=100 + after + at)
        changes += [(at, value) for name, value in table.tick(0.01).changes if name == address]
    return changes


STREAMS = [
    pytest.param({"rate": 60}, id="60 Hz"),
    pytest.param({"rate": 60, "jitter": 0.9, "lost": 0.2}, id="60 Hz, jitter, a fifth lost"),
    pytest.param({"rate": 30, "jitter": 0.4, "lost": 0.2}, id="30 Hz, jitter, a fifth lost"),
    pytest.param({"rate": 10, "jitter": 0.3, "lost": 0.05}, id="10 Hz, jitter, some lost"),
    pytest.param({"rate": 5, "jitter": 0.1}, id="5 Hz"),
]


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_undoes_nobody_and_its_own_changes_count(table, kind):
    kind = dict(kind)
    chop = stream(kind.pop("rate"), (0.0, 4), (0.5, 4), **kind)
    changes = play(table, FADE, {CHOP: chop, DESK: [(3.0, 1.0), (6.0, 1.0)], TABLET: [(3.5, 0.25), (6.5, 0.25)]})
    assert [value for _, value in changes] == [0.0, 1.0, 0.25, 0.5, 1.0, 0.25]


def test_a_channel_that_changes_and_returns_counts_both_times(table):
    chop = stream(60, (0.0, 1), (1.0, 0.02), (0.0, 1))
    assert [value for _, value in play(table, FADE, {CHOP: chop})] == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("gap", [0.06, 0.3, 2.0, 600.0])
def test_a_cue_that_comes_again_acts_after_another_hand_at_any_pace(table, gap):
    desk = [(n * gap, 1) for n in range(4)]
    tablet = [(n * gap + gap / 2, 0) for n in range(4)]
    changes = play(table, BLACKOUT, {DESK: desk, TABLET: tablet})
    assert [value for _, value in changes] == [True, False] * 4


def test_a_program_that_stopped_streaming_means_what_it_says_again(table):
    chop = [*stream(60, (0.0, 2)), (3.0, 0.0)]
    assert [value for _, value in play(table, FADE, {CHOP: chop, DESK: [(2.5, 1.0)]})] == [0.0, 1.0, 0.0]


def test_what_panic_changed_stays_in_a_stream_and_goes_back_by_a_cue(table):
    play(table, FADE, {CHOP: stream(60, (0.25, 2)), DESK: [(0.5, 0.5)]})
    table.set(FADE, [1.0], "panic", repeats=True, seconds=0.0)
    table.tick(0.01)
    assert play(table, FADE, {CHOP: stream(60, (0.25, 2))}, after=2.0) == []
    assert [value for _, value in play(table, FADE, {DESK: [(0.0, 0.5)]}, after=5.0)] == [0.5]


PRESSES = [
    pytest.param([(n / 2, 1) for n in range(4)], 4, id="a Companion button says 1 each time"),
    pytest.param([(n / 10, 1) for n in range(16)], 16, id="sixteenths of a drum machine that says 1 each time"),
    pytest.param([(n / 8, v) for n, v in enumerate((0.9, 1.0, 0.8))], 3, id="velocities"),
    pytest.param([(n / 8 + m / 100, v) for n in range(9) for m, v in enumerate((1, 0))], 9, id="1 and 0"),
    pytest.param([(n / 8, ()) for n in range(9)], 9, id="no argument"),
    pytest.param(stream(60, (0, 1), (1, 1), (0, 1), (1, 1)), 2, id="a CHOP's button held twice"),
    pytest.param(stream(60, (1, 2)), 1, id="a CHOP that begins with its button held"),
    pytest.param(stream(10, (0, 2), (1, 1), (0, 1), (1, 1), jitter=0.3), 2, id="the same at 10 Hz, jitter"),
    pytest.param(stream(60, (0, 1), *((v / 9, 0.02) for v in range(1, 10)), (0, 1)), 1, id="a CHOP's envelope"),
]


@pytest.mark.parametrize(("presses", "fires"), PRESSES)
def test_a_trigger_fires_at_every_message_but_a_streams(table, presses, fires):
    assert len(play(table, TRIGGER, {DESK: presses})) == fires


@pytest.mark.parametrize(("presses", "fires"), PRESSES)
def test_a_trigger_fires_as_often_beside_a_stream_of_another_sender(table, presses, fires):
    beside = stream(60, (0, 3))
    assert len(play(table, TRIGGER, {DESK: presses, CHOP: beside, TABLET: [(2.9, 1)]})) == fires + 1


HANDS = {  # what each sends: (its messages, how many of them must be seen in the picture)
    "a TouchDesigner CHOP": (stream(60, (0.2, 3), (0.4, 3), jitter=0.5), 2),
    "a QLab cue": ([(n * 1.0 + 0.4, 0.6) for n in range(6)], 6),
    "a Companion button": ([(n * 0.7 + 0.2, 0.8) for n in range(8)], 8),
    "a MIDI bridge": ([(n * 0.31 + 0.1, n % 2 / 2) for n in range(12)], 12),
    "a motor fader": ([(1 + n / 30, n / 70) for n in range(1, 60)], 59),
}


@pytest.mark.parametrize("name", HANDS)
def test_each_hand_is_heard_among_three_others(table, name):
    """Three others move the fader before and after every message that counts; all of them must be seen."""
    messages, seen = HANDS[name]
    others = {TABLET: [], MOTOR: [], ("10.0.0.9", 1): []}
    for n, sender in enumerate(others):
        others[sender] = [(at + 0.002 + 0.003 * n, 0.9 + 0.01 * n) for at, _ in messages[:: 1 if seen > 2 else 20]]
    changes = play(table, FADE, {DESK: messages, **others})
    assert len([value for _, value in changes if value < 0.9]) == seen


def test_64_channels_at_60_hz_beside_a_cue_desk_lose_no_cue_and_undo_none(table):
    """10,000 cues of two desks in random order, beside a stream of which packets come late or not at all."""
    chance, at, cooks, lost, undone = random.Random(13), 100.0, 0, 0, 0
    channels = [f"dream/latent/{n}" for n in range(64)]
    said, present = dict.fromkeys(channels, 0.0), dict.fromkeys(channels, 0.0)
    cues = [105.0 + n * 0.02 + chance.uniform(0, 0.01) for n in range(10_000)]
    busy = [""] * 8  # no hand says the same again within so few hundredths of a second
    while cues:
        at += 1 / 60
        while cues and cues[0] < at:
            name = chance.choice([each for each in channels[:32] if each not in busy])
            busy = [*busy[1:], name]
            present[name] = chance.choice((0.5, 1.0))
            table.set(name, [present[name]], chance.choice((DESK, TABLET)), at=cues.pop(0))
            lost += table.tick(1 / 60)[name] != present[name]
        if chance.random() < 0.05:
            continue  # this packet is lost
        cooks += 1
        if chance.random() < 0.05:
            moved = chance.choice(channels)
            said[moved] = present[moved] = chance.choice([v for v in (-2.0, -1.0, 2.0) if v != said[moved]])
        late = chance.uniform(0, 0.01)
        for name in channels:
            table.set(name, [said[name]], CHOP, at=at + late)
        undone += table.tick(1 / 60)["dream/latents"] != tuple(present.values())
    assert (lost, undone) == (0, 0)
    assert cooks > 10_000
