"""Another dream, by its name, while the show goes on: it comes whole, or the old one stays and the reason is told."""

import json
import os
import shutil
import socket
import time
import urllib.request

import onnx
import pytest
from onnx import TensorProto, helper

from livedream.backend import cpu, cpu_graph
from livedream.bench.run_process import message
from livedream.cli import main
from livedream.control import osc_packet
from livedream.parts import isolated
from tests import dreams
from tests.show import Show, free_port
from tests.waiting import until

SIZES = {"calm": (64, 32), "wide": (96, 32), "tall": (64, 96), "pushed": (80, 80), "growing": (64, 64)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreams")
    for name, size in SIZES.items():
        dreams.tiny(folder / f"{name}.onnx", *size, title=name, control=name == "pushed")
    (folder / "sub").mkdir()
    shutil.copy(folder / "calm.onnx", folder / "sub" / "inner.onnx")
    shutil.copy(folder / "calm.onnx", folder / ".hidden.onnx")
    (folder / "notes.txt").write_text("no dream")
    return folder


@pytest.fixture(scope="module")
def show(folder):
    with Show(folder / "calm.onnx", "--dreams", str(folder)) as show:
        show.frame()
        show.hand = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # one sender, as a controller is
        yield show
        show.hand.close()
    assert show.code == 0


def send(show, address, *values):
    show.hand.sendto(message(address, *values), ("127.0.0.1", show.osc_port))


def deck(show):
    return show.status()["decks"][0]


def plays(show, title):
    send(show, "dream/load", title)
    return until(lambda: (now := deck(show))["dream"] == title and not now["loading"] and now)


def parameters(show):
    with urllib.request.urlopen(f"http://127.0.0.1:{show.web_port}/parameters", timeout=60) as answer:
        return {each["address"]: each for each in json.load(answer)}


def drain(show):
    """The shapes of all frames so far, none of them black."""
    shapes = []
    while not show.feed.queue.empty():
        pixels = show.frame()[2]
        assert pixels[..., :3].any()
        shapes.append(pixels.shape[1::-1])
    return shapes


@pytest.fixture(autouse=True)
def begun(show):
    """Each test begins with the first dream."""
    now = plays(show, "calm")
    assert not now["changed"]
    drain(show)


def test_the_names_are_those_of_the_folder_and_of_what_ships(show):
    load = parameters(show)["dream/load"]
    assert load["choices"] == [
        "abyss",
        "calm",
        "city",
        "deepdream",
        "growing",
        "icons",
        "kanji",
        "pushed",
        "rainbow",
        "tall",
        "wide",
    ]
    assert load["choices"][load["value"]] == "calm"


def test_a_dream_comes_whole_and_every_frame_is_of_one_or_the_other(show):
    send(show, "dream/load", "wide")
    show.until(lambda pixels: pixels.shape[1::-1] == SIZES["wide"])
    assert set(drain(show)) <= {SIZES["wide"]}
    send(show, "dream/load", 9)  # by its number
    show.until(lambda pixels: pixels.shape[1::-1] == SIZES["tall"])


def test_its_parameters_and_subscribers_come_along(show):
    assert "dream/push" not in parameters(show)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(60)
        send(show, "subscribe", ear.getsockname()[1])
        plays(show, "pushed")
        while not any(address == "/livedream/dream/push" for address, _ in osc_packet.read(ear.recv(65536))):
            pass
    push = parameters(show)["dream/push"]
    assert (push["low"], push["high"]) == (-1, 1)


@pytest.mark.parametrize("name", ["../dreams/calm", "/etc/passwd", "sub/inner", "inner", "..", ".hidden", "C:\\x", ""])
def test_what_is_no_name_of_the_list_is_refused(show, name):
    before = show.status()["osc"]["malformed"]
    send(show, "dream/load", name)
    until(lambda: show.status()["osc"]["malformed"] == before + 1)
    now = deck(show)
    assert (now["dream"], now["loading"], now["load_error"]) == ("calm", None, None)


def cut_short(path, data):
    path.write_bytes(data[: len(data) // 2])


def no_onnx(path, data):
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(4096))


def of_the_future(path, data):
    model = onnx.load_from_string(data)
    described = json.loads(model.metadata_props[0].value) | {"contract": 99}
    model.metadata_props[0].value = json.dumps(described)
    onnx.save(model, path)


def huge(path, data):
    model = onnx.load_from_string(data)
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["decode/shape"], ["decode/huge"]))
    model.graph.initializer.append(helper.make_tensor("decode/shape", TensorProto.INT64, [1], [1 << 33]))
    onnx.save(model, path)


def test_files_that_cannot_be_played_leave_the_picture_and_are_named(show, folder):
    data, paths = (folder / "calm.onnx").read_bytes(), []
    for spoil in cut_short, no_onnx, of_the_future, huge:
        paths.append(folder / f"{spoil.__name__}.onnx")
        spoil(paths[-1], data)
    names = {path.stem for path in paths}
    until(lambda: names <= {*parameters(show)["dream/load"]["choices"]})  # they are found without being asked for
    for path in paths:
        steps = deck(show)["step"]
        send(show, "dream/load", path.stem)
        # By its name, and not where it lies: the page is on the network.
        now = until(
            lambda path=path: (
                ((now := deck(show))["load_error"] or "").startswith((f"{path.name}: ", f"{path.name} is ")) and now
            )
        )
        assert str(folder) not in now["load_error"]
        assert (now["dream"], now["loading"]) == ("calm", None)
        until(lambda steps=steps: deck(show)["step"] > steps)
        load = parameters(show)["dream/load"]
        assert load["choices"][load["value"]] == "calm"
    assert set(drain(show)) == {SIZES["calm"]}
    for path in paths:
        path.unlink()
    until(lambda: not names & {*parameters(show)["dream/load"]["choices"]} and deck(show)["load_error"] is None)


def test_a_mended_file_is_taken_from_the_same_hand(show, folder):
    path = folder / "mended.onnx"
    path.write_bytes(b"")
    until(lambda: "mended" in parameters(show)["dream/load"]["choices"])
    send(show, "dream/load", "mended")
    until(lambda: deck(show)["load_error"])
    dreams.tiny(path, title="mended")

    def taken():
        send(show, "dream/load", "mended")  # as a controller says everything all the time
        time.sleep(0.05)
        return deck(show)["dream"] == "mended"

    until(taken)
    assert deck(show)["load_error"] is None
    plays(show, "calm")
    path.unlink()


def test_the_latest_name_counts(show):
    for name in ("wide", "tall", "pushed"):
        send(show, "dream/load", name)
    show.until(lambda pixels: pixels.shape[1::-1] == SIZES["pushed"])
    now = until(lambda: not (now := deck(show))["loading"] and now)
    assert now["dream"] == "pushed"
    # One that was begun is given up for the one that plays.
    send(show, "dream/load", "wide")
    until(lambda: deck(show)["loading"] == "wide")
    send(show, "dream/load", "pushed")
    until(lambda: deck(show)["loading"] is None)
    assert set(drain(show)) == {SIZES["pushed"]}


def test_a_changed_file_is_offered_and_taken_when_asked(show, folder):
    path, steps = folder / "growing.onnx", plays(show, "growing")["step"]
    drain(show)
    os.utime(path)  # touched, and the same
    send(show, "dream/reload")
    until(lambda: deck(show)["step"] > steps + 50)  # it has not begun anew
    assert not deck(show)["changed"]
    dreams.tiny(path, *SIZES["growing"], title="grown")
    until(lambda: deck(show)["changed"])
    assert deck(show)["dream"] == "growing"
    send(show, "dream/reload", 0)
    send(show, "dream/reload", 1)
    now = until(lambda: (now := deck(show))["dream"] == "grown" and now)
    assert not now["changed"]
    assert set(drain(show)) == {SIZES["growing"]}


def test_the_second_deck_loads_by_its_own_address(folder):
    with Show(folder / "calm.onnx", "--model", str(folder / "tall.onnx"), "--dreams", str(folder)) as two:
        two.frame()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two.hand:
            send(two, "b/dream/load", "wide")
            send(two, "mix/crossfade", 1.0)
            two.until(lambda pixels: pixels.shape[1::-1] == SIZES["wide"])
            assert [each["dream"] for each in two.status()["decks"]] == ["calm", "wide"]
    assert (two.code, two.errors) == (0, "")


def test_a_third_model_and_a_folder_that_is_not_there_are_said_in_one_line(folder, capsys, tmp_path):
    assert main(["run", "--model", "rainbow", "--model", "rainbow", "--model", "third.onnx"]) == 2
    assert main(["run", "--dreams", str(tmp_path / "nowhere"), "--web", f"127.0.0.1:{free_port()}"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "third.onnx" in lines[0]
    assert "two decks" in lines[0]
    assert "nowhere: no such folder" in lines[1]


def test_a_dream_comes_with_its_rewritten_model_where_the_cache_takes_none(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    cache.write_text("a file, so that no folder can be made of it")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    path = dreams.tiny(tmp_path / "tiny.onnx")
    dream = isolated.LoadProcess(path).dream()
    monkeypatch.setattr(cpu_graph, "rewritten", lambda model: pytest.fail("rewritten in the show's process"))
    cpu.load(dream.components["decode"])
