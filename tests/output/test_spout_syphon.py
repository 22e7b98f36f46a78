"""Spout and Syphon with fake libraries that keep what they are given. Neither runs on Linux."""

import sys
import threading
import types

import numpy as np
import pytest

from livedream import UserError
from livedream.output.kinds import parse
from livedream.picture.frame import Frame
from tests.waiting import until


def picture(number, width=64, height=48):
    """A half-transparent picture: red at the top, green at the bottom."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[: height // 2, :, 0] = pixels[height // 2 :, :, 1] = 255
    pixels[..., 3] = 128
    return Frame(pixels, number)


class Sender:
    """A fake SpoutGL.SpoutSender that keeps its calls in order, with the thread of each."""

    fails = 0

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def call(*arguments):
            self.calls.append((name, arguments, threading.current_thread()))
            if name == "sendImage":
                if Sender.fails:
                    Sender.fails -= 1
                    return False
                pixels, width, height = arguments[:3]
                assert pixels.flags.c_contiguous
                assert pixels.size == width * height * 4
            return True

        return call

    def named(self, name):
        return [arguments for each, arguments, _ in self.calls if each == name]


@pytest.fixture
def spout(monkeypatch):
    """The senders that were made."""
    made = []
    library = types.ModuleType("SpoutGL")
    library.SpoutSender = lambda: made.append(Sender()) or made[-1]
    monkeypatch.setitem(sys.modules, "SpoutGL", library)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(Sender, "fails", 0)
    return made


def test_pretended_spout_gets_rgba_with_the_top_row_first_in_every_size(spout):
    output = parse("spout:stage")
    output.start(64, 48, 30)
    shown = [picture(0), picture(1, 32, 16)]
    for number, frame in enumerate(shown, 1):
        output.show(frame)
        until(lambda number=number: output.sent == number)
    output.stop()
    [sender] = spout
    assert [name for name, _, _ in sender.calls[:2]] == ["createOpenGL", "setSenderName"]
    assert sender.named("setSenderName") == [("stage",)]
    for (pixels, width, height, layout, invert, buffer), frame in zip(sender.named("sendImage"), shown, strict=True):
        assert np.array_equal(pixels, frame.pixels)
        assert (height, width) == frame.pixels.shape[:2]
        assert (layout, invert, buffer) == (0x1908, False, 0)  # GL_RGBA
    assert sender.named("setFrameSync") == [("stage",)] * 2
    assert [name for name, _, _ in sender.calls[-2:]] == ["releaseSender", "closeOpenGL"]
    assert len({thread for _, _, thread in sender.calls}) == 1  # an OpenGL context belongs to one thread


def test_pretended_spout_that_refuses_a_frame_is_opened_anew(spout):
    output = parse("spout")
    output.retry_waits = (0.01, 0.02)
    Sender.fails = 1
    output.start(64, 48, 30)
    output.show(picture(0))
    until(lambda: len(spout) == 2)
    output.show(picture(1))
    until(lambda: output.state == "up")
    output.stop()
    assert [each.calls[-1][0] for each in spout] == ["closeOpenGL"] * 2
    assert spout[0].named("setSenderName") == [("livedream",)]


class Server:
    """A fake syphon.SyphonMetalServer."""

    def __init__(self, name):
        self.name, self.device, self.has_clients = name, object(), False
        self.published, self.stopped = [], False

    def publish_frame_texture(self, texture, is_flipped=False):
        assert not self.stopped
        self.published.append((texture, texture.pixels.copy(), is_flipped))

    def stop(self):
        self.stopped = True


class Texture:
    def __init__(self, device, width, height):
        self.device, self.width, self.height = device, width, height


class Pool:
    """A fake objc.autorelease_pool. Some Cocoa objects of a thread are released only when one ends."""

    ended = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        Pool.ended += 1


@pytest.fixture
def syphon(monkeypatch):
    """The servers that were made."""
    made = []
    parts = {name: types.ModuleType(name) for name in ("syphon", "syphon.utils", "syphon.utils.numpy", "objc")}
    parts["syphon.utils.raw"] = types.ModuleType("syphon.utils.raw")
    parts["syphon"].SyphonMetalServer = lambda name: made.append(Server(name)) or made[-1]
    parts["syphon.utils.raw"].create_mtl_texture = Texture
    parts["syphon.utils.numpy"].copy_image_to_mtl_texture = lambda image, texture: setattr(texture, "pixels", image)
    parts["syphon.utils"].raw, parts["syphon.utils"].numpy = parts["syphon.utils.raw"], parts["syphon.utils.numpy"]
    parts["objc"].autorelease_pool = Pool
    for name, part in parts.items():
        monkeypatch.setitem(sys.modules, name, part)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Pool, "ended", 0)
    return made


def test_pretended_syphon_gets_rgba_flipped_by_the_library_in_every_size(syphon):
    output = parse("syphon:stage")
    output.start(64, 48, 30)
    shown = [picture(0), picture(1), picture(2, 32, 16)]
    for number, frame in enumerate(shown, 1):
        output.show(frame)
        until(lambda number=number: output.sent == number)
    assert output.note == "no receiver yet"
    output.stop()
    [server] = syphon
    assert server.name == "stage"
    assert server.stopped
    for (texture, pixels, flipped), frame in zip(server.published, shown, strict=True):
        assert np.array_equal(pixels, frame.pixels)
        assert (texture.device, texture.height, texture.width) == (server.device, *frame.pixels.shape[:2])
        assert flipped  # Syphon's surfaces have the lowest row first
    first, second, _ = (texture for texture, _, _ in server.published)
    assert first is not second  # the card may still be reading the first
    assert Pool.ended == 5  # opened, three frames, closed


def test_only_for_their_own_systems(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for sink, system in (("spout", "Windows"), ("syphon", "macOS")):
        with pytest.raises(UserError, match=f"{sink}: this is for {system} only; ndi:NAME"):
            parse(sink)


def test_absent_library_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "SpoutGL", None)
    with pytest.raises(UserError, match=r"pip install 'livedream\[spout\]'"):
        parse("spout")
