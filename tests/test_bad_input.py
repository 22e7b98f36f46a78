"""What bad input is answered with, row by row. Where each is tried:

a file that is no dream, cut short, or breaks the contract     dream/test_contract.py, test_read.py; exit 2: test_cli.py
external data, custom operators, over 1 GB, no child's limits  dream/test_contract.py, dream/test_guard.py
malformed OSC, unknown, wrong types, NaN, a flood              control/test_osc*.py, test_parameters.py; a show: here
an output that cannot start                                    output/test_output.py; the others start, exit 1: here
footage: empty, too short, unreadable, of changing size        export/test_footage_*.py; exit 2: test_cli.py
a killed training                                              export/test_train*.py
"""

import os
import random
import socket
import struct

import pytest

from tests import dreams
from tests.show import Show
from tests.waiting import until


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")


def message(address: str, tags: str = "", arguments: bytes = b"") -> bytes:
    def padded(text):
        return text.encode() + b"\0" * (4 - len(text) % 4)

    return padded(address) + padded("," + tags) + arguments


def test_a_flood_of_bad_osc_is_counted_and_the_show_goes_on(path):
    chance = random.Random(5)
    with Show(path) as show, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hand:
        show.frame()
        speed = "/livedream/player/speed"
        bad = [
            message(speed, "f", struct.pack(">f", float("nan"))),
            message(speed, "f", struct.pack(">f", float("inf"))),
            message(speed, "s", b"fast"),
            message(speed, "f"),  # its number is missing
            message("/livedream/nothing/there", "i", struct.pack(">i", 1)),
            message("/livedream/*/speed", "f", struct.pack(">f", 1)),
            b"#bundle\0" + b"\xff" * 8 + b"\xff\xff\xff\xff",
        ]
        for i in range(3000):
            hand.sendto(bad[i % len(bad)] if i % 2 else chance.randbytes(i % 200), ("127.0.0.1", show.osc_port))
        until(lambda: show.status()["osc"]["malformed"] > 100)
        hand.sendto(message("/livedream/master/blackout", "T"), ("127.0.0.1", show.osc_port))
        show.until(lambda pixels: not pixels[..., :3].any())  # it still listens, and draws
        printed = show.status()
    assert printed["osc"]["unknown"] > 100
    assert printed["osc"]["clamped"] == printed["errors"] == 0
    assert show.code == 0
    lines = show.errors.splitlines()
    assert all(line.startswith("OSC: ") for line in lines)
    assert 0 < len(lines) <= printed["uptime_s"] + 2  # one a second at most


def test_an_output_that_cannot_start_is_said_at_once_and_the_others_play(path, tmp_path):
    nowhere = os.fspath(tmp_path / "no" / "such" / "folder.mp4")
    good = tmp_path / "good.mp4"
    with Show(path, outs=(nowhere, os.fspath(good))) as show:
        show.frames(10)

        def outputs():
            return {each["name"]: each for each in show.status()["outputs"]}

        failed = until(lambda: (got := outputs())[os.fspath(good)]["sent"] > 5 and got[nowhere])
        assert failed["state"] == "failed"
        assert "choose another folder" in failed["error"]
    assert show.code == 1
    failed, *others = show.errors.splitlines()
    assert nowhere in failed
    assert all("cannot keep pace" in each for each in others)  # on a machine that is busy
    assert good.stat().st_size > 0
    assert not (tmp_path / "no").exists()


def test_with_no_output_left_it_ends(path, tmp_path):
    nowhere = os.fspath(tmp_path / "no" / "folder.mp4")
    from tests.test_cli import livedream

    done = livedream("run", "--model", path, "--out", nowhere, "--web", "off", "--seconds", 600)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
