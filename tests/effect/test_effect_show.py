"""Effects in a real show: given at the start, put in and taken out in play, broken ones, and which names there are."""

import subprocess
import sys

import numpy as np
import pytest

from livedream.dream import role
from livedream.parts import loader
from tests import dreams, effects
from tests.show import Show
from tests.waiting import until

FIRST = dreams.picture(dreams.first())[0]
STILL = ("--size", "64x32", "--seed", "1", "--forget")


def lit(picture, levels):
    other = np.clip(picture.astype(int) + levels, 0, 255).astype(np.uint8)
    other[..., 3] = picture[..., 3]
    return other


def like(wanted):
    return lambda pixels: pixels.shape == wanted.shape and np.abs(pixels.astype(int) - wanted).max() <= 1


def names(show):
    return [(each["deck"], each["n"], each["name"], each["state"]) for each in show.status()["effects"]]


def begin(show):
    show.frame()
    show.osc("player/glide", "f", "0")
    for deck in ("", "b/"):
        show.osc(f"{deck}player/freeze", "i", "1")
        show.osc(f"{deck}dream/scene_jump", "i", "0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("effects")
    dreams.tiny(folder / "tiny.onnx")
    effects.brightness(folder / "brightness.onnx")
    effects.breaking(folder / "breaking.onnx")
    (folder / "torn.onnx").write_bytes((folder / "breaking.onnx").read_bytes()[:-300])
    return folder


def test_effects_are_changed_in_play_by_name_while_the_picture_goes_on(folder):
    arguments = ["--dreams", str(folder), "--effect", str(folder / "brightness.onnx")]
    with Show(folder / "tiny.onnx", *STILL, *arguments) as show:
        begin(show)
        show.until(like(lit(FIRST, 50)))
        show.osc("effect/1/amount", "f", "-0.4")
        show.until(like(lit(FIRST, -40)))
        show.osc("effect/insert", "s", "breaking")
        show.until(like(_inverted(lit(FIRST, -40))))
        assert [each[:3] for each in names(show)] == [("a", 1, "brightness"), ("a", 2, "breaking")]
        show.osc("effect/2/place", "i", "0")
        show.until(like(lit(_inverted(FIRST), -40)))
        show.osc("effect/2/broken", "f", "1")
        show.until(like(lit(FIRST, -40)))
        state = until(lambda: [each for each in show.status()["effects"] if each["state"] == "failed"])
        assert "not finite" in state[0]["error"]
        show.osc("effect/remove", "i", "2")
        until(lambda: [each[:3] for each in names(show)] == [("a", 1, "brightness")])
        show.osc("effect/insert", "s", "tiny")  # a dream is not on the list
        show.osc("effect/insert", "s", "/etc/passwd")
        until(lambda: show.status()["osc"]["malformed"] == 2)
        show.until(like(lit(FIRST, -40)))
        show.osc("effect/remove", "i", "1")
        show.until(like(FIRST))
    assert show.code == 0
    assert "Traceback" not in show.errors + show.said


def _inverted(picture):
    other = 255 - picture
    other[..., 3] = picture[..., 3]
    return other


def test_each_deck_has_its_own_effects(folder):
    tiny, arguments = folder / "tiny.onnx", ["--effect", f"{folder / 'brightness.onnx'}#deck=b"]
    with Show(tiny, *STILL, "--model", str(tiny), *arguments) as show:
        begin(show)
        show.until(like(FIRST))
        show.osc("mix/crossfade", "f", "1")
        show.until(like(lit(FIRST, 50)))
        show.osc("b/effect/1/wet", "f", "0")
        show.until(like(FIRST))
        assert [each[:3] for each in names(show)] == [("b", 1, "brightness")]


def test_a_file_that_breaks_beside_the_show_is_one_line_and_the_picture_goes_on(folder):
    good = folder / "later.onnx"
    effects.brightness(good)
    with Show(folder / "tiny.onnx", *STILL, "--dreams", str(folder)) as show:
        begin(show)
        show.until(like(FIRST))
        good.write_bytes(good.read_bytes().replace(b"next.state", b"nixt.state") + b"apply/image\xff")
        show.osc("effect/insert", "s", "later")
        error = until(lambda: show.status()["effect_error"])
        assert "later.onnx" in error
        assert str(folder) not in error  # the network sees it
        while not show.feed.queue.empty():  # those of the time before it was held still
            show.frame()
        assert all(like(FIRST)(pixels) for _, _, pixels in show.frames(5))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--effect", "tiny.onnx"), "tiny.onnx: draws by itself (decode), so it is no effect; play it with --model"),
        (("--model", "brightness.onnx"), "an effect (only apply), which needs a picture; give it with --effect"),
        (("--effect", "torn.onnx"), "torn.onnx: "),
        (("--effect", "nonesuch"), "nonesuch: no such file, and no effect that ships has that name"),
        (("--effect", "brightness.onnx#deck=b"), "there is no second deck; --model A --model B makes one"),
        (("--effect", "brightness.onnx#deck=c"), "after # comes deck=a or deck=b"),
    ],
)
def test_a_dream_for_an_effect_and_other_mistakes_are_one_line(folder, arguments, says):
    command = [sys.executable, "-m", "livedream", "run", "--out", "none", "--web", "off", "--seconds", "1", "--forget"]
    run = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert says in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_dreams_and_effects_are_told_apart_and_each_list_offers_its_own(folder):
    found = {path.stem: role.is_effect(path) for path in folder.glob("*.onnx")}
    assert {name for name, effect in found.items() if effect} >= {"brightness", "breaking"}
    assert not found["tiny"]
    assert "tiny" in loader.names([], folder)
    assert "brightness" not in loader.names([], folder)
    assert "brightness" in loader.effect_names([], folder)
    assert "tiny" not in loader.effect_names([], folder)
    changed = folder / "changed.onnx"
    changed.write_bytes((folder / "brightness.onnx").read_bytes())
    assert role.is_effect(changed)
    changed.write_bytes((folder / "tiny.onnx").read_bytes())
    assert not role.is_effect(changed)
    changed.unlink()
    assert not role.is_effect(changed)
