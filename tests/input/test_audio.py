"""Audio input: onsets of click tracks and loops, bands of sines, files, sound cards that come and go."""

import subprocess
import wave

import numpy as np
import pytest

from livedream import UserError
from livedream.input.sound import sound_card
from livedream.input.sound.analysis import RATE, Analysis, Settings
from livedream.input.sound.audio import Audio
from tests.pulse import needs_pulse, pulse  # noqa: F401
from tests.waiting import until

SECONDS = 6
LATE = 0.03  # seconds in which an onset is found


def burst(hertz, seconds, fall, loud):
    t = np.arange(round(seconds * RATE)) / RATE
    return loud * np.sin(2 * np.pi * hertz * t) * np.exp(-t / fall)


def kick():
    t = np.arange(round(0.22 * RATE)) / RATE
    sound = 0.8 * np.sin(2 * np.pi * np.cumsum(50 + 130 * np.exp(-t / 0.03)) / RATE) * np.exp(-t / 0.07)
    sound[-480:] *= np.linspace(1, 0, 480)
    return sound


def hat(chance):
    t = np.arange(round(0.05 * RATE)) / RATE
    return 0.15 * np.diff(chance.standard_normal(len(t) + 1)) * np.exp(-t / 0.015)


def played(sounds, noise=0.0, chance=None):
    """f32 [n] of [(when, sound)], and when."""
    chance = chance or np.random.default_rng(2)
    track = noise * chance.standard_normal(SECONDS * RATE)
    for at, sound in sounds:
        begin = round(at * RATE)
        track[begin : begin + len(sound)] += sound
    return track.astype(np.float32), [at for at, _ in sounds]


def clicks(bpm, noise=0.0):
    click = burst(1000, 0.02, 0.006, 0.6)
    return played([(at, click) for at in np.arange(0.5, SECONDS - 0.3, 60 / bpm)], noise)


def loop(bpm, noise=0.0):
    chance, beats = np.random.default_rng(4), np.arange(0.5, SECONDS - 0.8, 60 / bpm)
    both = [each for at in beats for each in ((at, kick()), (at + 30 / bpm, hat(chance)))]
    return played(both, noise, chance)


def onsets(track, **settings):
    """When they were found, in seconds; the track comes a third of a frame at a time."""
    analysis = Analysis(1)
    analysis.settings = Settings(**settings)
    for at in range(0, len(track), 533):
        analysis.take(track[None, at : at + 533])
    return [at / RATE for at in analysis.onsets]


def assert_found(found, wanted):
    """Each once, soon after it began, and nothing else."""
    assert len(found) == len(wanted)
    assert all(0 <= a - b < LATE for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.03])
@pytest.mark.parametrize("bpm", [60, 97, 120, 180])
@pytest.mark.parametrize("make", [clicks, loop])
def test_every_onset_is_found_and_none_is_invented(make, bpm, noise):
    track, wanted = make(bpm, noise)
    assert_found(onsets(track), wanted)


def test_neither_noise_nor_a_tone_nor_silence_has_onsets():
    chance, t = np.random.default_rng(3), np.arange(SECONDS * RATE) / RATE
    for track in (0.3 * chance.standard_normal(len(t)), 0.5 * np.sin(2 * np.pi * 110 * t), 0 * t):
        assert onsets(track.astype(np.float32)) == []


def test_a_higher_threshold_leaves_out_what_is_less_clear():
    chance = np.random.default_rng(6)
    wanted = [(at, burst(700, 0.2, 0.02, 0.6 if at % 1 else 0.02)) for at in np.arange(0.5, 5, 0.5)]
    track, _ = played(wanted, 0.003, chance)
    assert len(onsets(track, threshold=0.2)) == 9
    assert len(onsets(track, threshold=1.0)) == 5


@pytest.mark.parametrize(("hertz", "band"), [(60, 0), (120, 0), (440, 1), (1000, 1), (3000, 2), (9000, 2)])
def test_a_sine_is_in_its_band_and_as_loud_as_it_is(hertz, band):
    analysis = Analysis(1)
    analysis.take(0.5 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE, dtype=np.float32)[None])
    level, *bands, _ = analysis.levels
    assert level == pytest.approx(0.5, abs=0.02)
    assert bands[band] == pytest.approx(0.5, abs=0.02)
    assert max(each for n, each in enumerate(bands) if n != band) < 0.03
    spectrum = analysis.spectrum()[0]
    assert abs(spectrum.argmax() - hertz / (RATE / 2 / len(spectrum))) <= 1.5
    assert spectrum.max() == pytest.approx(1 + 20 * np.log10(0.5) / 80, abs=0.02)


def test_levels_rise_and_fall_as_fast_as_they_are_told():
    analysis = Analysis(1)
    tone = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE, dtype=np.float32)[None]
    analysis.settings = Settings(attack=0.1, release=0.5)
    analysis.take(tone[:, : RATE // 10])
    assert 0.4 < analysis.levels.level < 0.55  # 63 % of the way
    analysis.take(tone)
    analysis.take(0 * tone[:, : RATE // 2])
    assert 0.25 < analysis.levels.level < 0.35  # 37 % is left
    analysis.settings = Settings(gain=0)
    analysis.take(tone)
    assert analysis.levels.level < 0.1


def test_how_the_sound_is_cut_makes_no_difference():
    track, _ = loop(120, 0.003)
    whole, cut = Analysis(1), Analysis(1)
    whole.take(track[None])
    for at in range(0, len(track), 1601):
        cut.take(track[None, at : at + 1601])
    assert list(whole.onsets) == list(cut.onsets)
    assert whole.levels == pytest.approx(cut.levels)


# ---- files ----


def write(path, track, rate=RATE):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(track, -1, 1) * 32767).astype("<i2").tobytes())
    return path


SETTINGS = {"gain": 1.0, "attack": 0.005, "release": 0.2, "threshold": 0.5}


@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac"])
def test_a_file_is_heard_in_time_with_the_frames(tmp_path, suffix):
    track, wanted = loop(120)
    path = write(tmp_path / "loop.wav", track)
    if suffix != "wav":
        path = tmp_path / f"loop.{suffix}"
        command = ["ffmpeg", "-loglevel", "error", "-i", tmp_path / "loop.wav", "-b:a", "192k", path]
        subprocess.run(command, check=True, timeout=60)
    audio, seen = Audio(str(path), wait=True), []
    audio.start()
    for number in range(SECONDS * 30):
        audio.move(number / 30, **SETTINGS)
        seen += [number / 30] * (audio.levels.onsets - len(seen))
    audio.stop()
    assert len(seen) == len(wanted)
    assert all(-0.001 <= a - b < LATE + 1 / 30 + 0.03 * (suffix == "mp3") for a, b in zip(seen, wanted, strict=True))
    assert audio.status()["device"] == path.name
    assert audio.status()["error"] is None


def test_a_file_begins_again_at_its_end_and_looks_hear_it(tmp_path):
    track, wanted = clicks(120)
    audio = Audio(str(write(tmp_path / "clicks.wav", track[: 2 * RATE])), wait=True)
    audio.start()
    for number in range(4 * 30):
        audio.move(number / 30, **SETTINGS)
        if number == 31:  # a click began at the last frame
            assert audio.wave().shape == audio.spectrum().shape == (2, 512)
            assert 0.5 < audio.spectrum().max() <= 1
    audio.stop()
    assert audio.levels.onsets == 2 * sum(at < 2 for at in wanted)


def test_a_file_that_is_none_is_one_line(tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    for text, error in ((bad, "cannot be read"), (tmp_path / "gone.wav", "no such file")):
        with pytest.raises(UserError, match=error):
            Audio(str(text))


# ---- devices ----


@needs_pulse
def test_a_click_track_on_a_device_and_the_device_goes_and_comes_back(tmp_path, pulse, monkeypatch):  # noqa: F811
    monkeypatch.setattr(sound_card, "RETRY", 0.7)
    track, wanted = loop(120, 0.003)
    track, wanted = track[: 3 * RATE], [at for at in wanted if at < 2.9]
    path = write(tmp_path / "loop.wav", track)
    audio = Audio()
    audio.start()

    def play():
        subprocess.run(["paplay", "-d", "vj", str(path)], check=True, timeout=60)

    try:
        until(lambda: audio.analysis.at > RATE // 4)
        play()
        until(lambda: audio.levels.onsets >= len(wanted))
        found = audio.onsets[-len(wanted) :]
        assert audio.levels.onsets - len(wanted) <= 2  # the noise itself begins, and ends
        assert np.allclose(np.diff(found), np.diff(wanted), atol=0.02)
        pulse.kill()
        until(lambda: audio.status()["error"])
        assert "\n" not in audio.status()["error"]
        pulse.start()
        until(lambda: audio.status()["error"] is None)
        before = audio.levels.onsets
        play()
        until(lambda: audio.levels.onsets >= before + len(wanted))
    finally:
        audio.stop()


def test_what_is_missing_is_said_once_and_asked_for_again(monkeypatch, caplog):
    tries = []

    def absent(name):
        tries.append(name)
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(sound_card, "RETRY", 0.05)
    monkeypatch.setattr(sound_card.importlib, "import_module", absent)
    audio = Audio("a microphone")
    audio.start()
    until(lambda: len(tries) >= 3)
    audio.stop()
    assert "pip install 'livedream[audio]'" in audio.status()["error"]
    assert len(caplog.records) == 1
    assert audio.levels.level == 0
