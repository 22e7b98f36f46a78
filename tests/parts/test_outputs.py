"""Outputs are added and removed by OSC while a show plays, and the others go on."""

import signal
import socket

import av
import pytest

from livedream import parameters
from livedream.parts.output_set import OutputSet
from tests import dreams
from tests.show import Show, has_oscsend
from tests.waiting import until

pytestmark = pytest.mark.skipif(not has_oscsend, reason="needs liblo's oscsend (apt: liblo-tools)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def show(tmp_path_factory, folder):
    path = dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")
    with Show(path, "--recordings", str(folder)) as show:
        show.frame()
        yield show


def pictures(path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def names(show) -> list[str]:
    return [each["name"] for each in show.status()["outputs"]]


def test_one_is_added_and_removed_by_its_name_or_number(show):
    before = names(show)
    show.osc("output/add", "s", "none#name=wall")
    show.osc("output/add", "s", "none#name=wall")
    until(lambda: names(show) == [*before, "wall", "wall (2)"])
    until(lambda: all(each["sent"] > 5 for each in show.status()["outputs"][-2:]))
    show.osc("output/remove", "s", "wall")
    until(lambda: names(show) == [*before, "wall (2)"])
    show.osc("output/remove", "i", str(len(before)))
    until(lambda: names(show) == before)


def test_a_recording_is_a_button(show, folder):
    show.osc("output/record", "i", "1")
    until(lambda: (found := show.status()["outputs"][-1])["kind"] == "file" and found["sent"] > 20)
    show.osc("output/record", "i", "0")
    until(lambda: show.status()["outputs"][-1]["kind"] != "file")
    (path,) = folder.glob("livedream-*.mp4")
    until(lambda: pictures(path) > 20)  # it is closed after it has left


def test_a_press_that_no_frame_has_seen_yet_is_not_taken_back(tmp_path, monkeypatch):
    checks = []
    check = OutputSet.check_recording
    monkeypatch.setattr(OutputSet, "check_recording", lambda self: (check(self), checks.append(1)))
    table = parameters.Table(parameters.OUTPUT)
    outputs = OutputSet([], table, (64, 32), 10, tmp_path, lambda: None)
    outputs.start()
    table.set("output/record", [True], "page")
    until(lambda: len(checks) > 2)
    assert table.tick(0.1)["output/record"] is True
    outputs.stop()


def test_a_recording_that_is_removed_switches_the_button_off(show):
    show.osc("output/record", "i", "0")
    show.osc("output/record", "i", "1")
    until(lambda: show.status()["outputs"][-1]["kind"] == "file")
    show.osc("output/remove", "s", names(show)[-1])
    until(lambda: show.status()["outputs"][-1]["kind"] != "file")
    until(lambda: show.value("output/record") is False)
    show.osc("output/record", "T")
    until(lambda: show.status()["outputs"][-1]["kind"] == "file")
    show.osc("output/record", "F")
    until(lambda: show.status()["outputs"][-1]["kind"] != "file")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("projector", "no such output"),
        ("/etc/cron.d/evil.mp4", "give a name without a folder"),
        ("../evil.mp4", "give a name without a folder"),
        ("a.mp4#size=big", "1280x720"),
    ],
)
def test_an_output_that_cannot_be_added_is_explained_in_one_line(show, text, error):
    before = names(show)
    show.osc("output/add", "s", text)
    until(lambda: error in (show.status()["output_error"] or ""))
    assert names(show) == before


def test_removing_an_unknown_output_lists_those_there_are_and_the_page_stays(show):
    show.osc("output/remove", "s", "nobody")
    until(lambda: "there are: " in (show.status()["output_error"] or ""))
    show.osc("output/remove", "s", "page")
    until(lambda: "stays" in (show.status()["output_error"] or ""))
    assert "page" in names(show)


def test_a_screenshot_is_a_frame_to_the_last_bit(show):
    show.osc("output/screenshot")
    saved = until(lambda: show.status()["saved"])
    with av.open(saved) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    show.until(lambda pixels: (pixels[..., :3] == picture).all())


def test_ctrl_c_ends_it_within_three_seconds_whatever_hangs(tmp_path):
    path = dreams.tiny(tmp_path / "tiny.onnx")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts the connection and never answers
        url = f"rtmp://127.0.0.1:{silent.getsockname()[1]}/live/key"
        with Show(path, outs=(url, f"{url}2", str(tmp_path / "set.mp4"))) as show:
            show.frame()
            until(lambda: show.status()["outputs"][3]["sent"] > 5)
            show.child.send_signal(signal.SIGINT)
            show.child.wait(20)  # raises if it hangs; the promise is 3 s
    assert show.code == 0
    assert pictures(tmp_path / "set.mp4") >= 5
