"""A photo becomes the start of a dream in play; a kept show has it, and is drawn again to the bit."""

import threading

import numpy as np
import pytest

from livedream import UserError
from livedream.parameters.live_picture import INPUT, live_picture
from livedream.parts import photos
from livedream.parts.photos import Photos
from livedream.picture import png
from livedream.shows import replay, show_file
from tests import dreams
from tests.performance import Performance, numbered
from tests.waiting import until


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stills")
    (folder / "photos").mkdir()
    red, blue = (picture(colour) for colour in ((250, 20, 10), (10, 20, 250)))
    (folder / "photos" / "red.png").write_bytes(png.encode(red))
    (folder / "photos" / "blue.png").write_bytes(png.encode(blue))
    (folder / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    return {
        "photos": folder / "photos",
        "red": red,
        "blue": blue,
        "dream": dreams.tiny(folder / "dream.onnx", encode=True),
        "other": dreams.tiny(folder / "other.onnx", encode=True, title="Other"),
        "blind": dreams.tiny(folder / "blind.onnx"),
    }


def picture(colour):
    """Stripes, which no tiny dream can draw."""
    pixels = np.full((32, 64, 4), 255, np.uint8)
    pixels[..., :3] = colour
    pixels[:, ::8, :3] = 128
    return pixels


@pytest.fixture
def played(paths, request):
    """played(*dreams, live=…) -> (performance, photos), both started."""
    made = []

    def make(*names, live=lambda: None, folder=paths["photos"]):
        show = Performance(*(paths[name] for name in names))
        part = Photos(show.decks, show.table, folder, live)
        watched = show.stage._on_frame  # noqa: SLF001
        show.stage._on_frame = lambda values: (watched(values), part.on_frame(values))  # noqa: SLF001
        for deck in show.decks:
            gated(deck)
        part.start()
        made.append((show, part))
        return show, part

    yield make
    for show, part in made:
        for deck in show.decks:
            deck.gate.set()
        part.stop()
        show.shows.stop()


def gated(deck):
    """Let no photo in before `until_restored`: one that was encoded at once would be in the frame that asked for it."""
    deck.gate, restore = threading.Event(), deck.restore

    def wait(state):
        deck.gate.wait(60)
        deck.gate.clear()
        restore(state)

    deck.restore = wait


def until_restored(show, deck=0):
    """Wait until a photo that was asked for is what the deck goes on from in the next frame."""
    show.decks[deck].gate.set()
    until(lambda: show.decks[deck]._restore is not None)  # noqa: SLF001


def test_a_photo_by_name_is_the_next_picture(played, paths):
    show, part = played("dream")
    show.play(5)
    show.set(dream__photo="red")
    show.play(1)
    until_restored(show)
    show.play(1)
    assert np.array_equal(show.pictures[show.number], paths["red"])
    assert part.status() == {"photo": "red", "photos": ["blue", "broken", "red"], "photo_error": None}
    show.play(70)  # it has faded, and the dream goes on
    after = show.pictures[show.number]
    assert np.abs(np.diff(after[16, :50, 0].astype(int))).max() < 10
    show.set(dream__photo="red")  # again, though it has that value already
    show.play(1)
    until_restored(show)
    show.play(1)
    assert np.array_equal(show.pictures[show.number], paths["red"])


def test_a_live_picture_of_any_size_becomes_the_start(played, paths):
    big = np.kron(paths["blue"], np.ones((4, 4, 1), np.uint8))
    show, part = played("dream", live=lambda: big, folder=None)
    show.play(3)
    part.take(0, big)
    until_restored(show)
    show.play(1)
    off = np.abs(show.pictures[show.number].astype(int) - paths["blue"])
    assert off.mean() < 8
    assert part.shown == "live"


def test_the_trigger_of_the_input_takes_its_present_picture(played, paths):
    there = []
    show, part = played("dream", live=lambda: there[-1] if there else None, folder=None)
    show.table.replace("input/", [*INPUT, *live_picture()])
    show.play(2)
    show.set(input__dream=1)
    show.play(1)
    assert "no live picture has come in" in part.error
    there.append(paths["blue"])
    show.set(input__dream=0)
    show.play(30)
    show.set(input__dream=1, input__mirror=1)
    show.play(1)
    until_restored(show)
    show.play(1)
    assert np.array_equal(show.pictures[show.number], paths["blue"][:, ::-1])


def test_the_second_deck_has_its_own(played, paths):
    show, _ = played("dream", "other")
    show.play(3)
    show.set(b__dream__photo="blue", mix__crossfade=1)
    show.play(1)
    until_restored(show, 1)
    show.play(1)
    assert np.array_equal(show.decks[1].drawn, paths["blue"])
    assert not np.array_equal(show.decks[0].drawn, paths["blue"])


def test_a_scene_ends_it(played):
    show, _ = played("dream")
    show.play(3)
    show.set(dream__photo="red")
    show.play(1)
    until_restored(show)
    show.play(3)
    show.set(dream__scene_jump="second", dream__temperature=0.0)
    show.play(1)
    assert np.abs(np.diff(show.pictures[show.number][16, :50, 0].astype(int))).max() < 10  # no stripes


def test_what_is_wrong_is_said_and_the_dream_goes_on(played):
    show, part = played("dream")
    show.play(2)
    show.set(dream__photo="broken")
    show.play(1)
    until(lambda: part.error)
    assert part.error.startswith("broken.jpg: cannot be")
    assert "\n" not in part.error
    show.play(3)
    assert len(show.pictures) >= 6


def test_a_dream_that_cannot_encode_says_so(played):
    show, part = played("blind")
    show.play(2)
    show.set(dream__photo="red")
    show.play(1)
    until(lambda: part.error)
    assert "has no encode" in part.error


def test_photos_come_and_go_while_it_plays(played, paths):
    show, _ = played("dream")
    new = paths["photos"] / "new.png"
    show.play(1)
    new.write_bytes(png.encode(paths["red"]))
    try:
        until(lambda: show.play(1) and "new" in show.table.parameters["dream/photo"].choices)
    finally:
        new.unlink()
    until(lambda: show.play(1) and "new" not in show.table.parameters["dream/photo"].choices)


def test_another_dream_keeps_the_photos(played, paths):
    from livedream.backend import cpu
    from livedream.dream import read
    from livedream.play.player import Player

    show, _ = played("dream")
    show.play(2)
    show.decks[0].offer(Player(read.load(paths["other"]), cpu.load))
    show.play(2)
    show.set(dream__photo="blue")
    show.play(1)
    until_restored(show)
    show.play(1)
    assert np.array_equal(show.pictures[show.number], paths["blue"])


def test_a_kept_show_is_drawn_again_to_the_bit(played, paths, tmp_path):
    show, _ = played("dream")
    show.shows.keep(tmp_path / "kept.show")
    show.play(7)
    for name in ("red", "blue"):
        show.set(dream__photo=name)
        show.play(1)
        until_restored(show)
        show.play(9, at_once=2)
        show.play(25)
    pictures = show.end()
    kept = show_file.read(tmp_path / "kept.show")
    drawn = numbered(replay.frames(kept, replay.dreams(kept)))
    wrong = [number for number, each in pictures.items() if not np.array_equal(each, drawn.get(number))]
    assert len(pictures) > 70
    assert not wrong


def test_folders(tmp_path, caplog):
    assert photos.folder(None) is None
    with pytest.raises(UserError, match="no such folder"):
        photos.folder(str(tmp_path / "nothing"))
    assert photos.folder(str(tmp_path)) == tmp_path
    assert "no photos in it" in caplog.text
