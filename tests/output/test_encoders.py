"""Encoders: probed without hurting the show, and cached; live ones hold no picture back."""

import json
import os
import textwrap

import av
import numpy as np
import pytest

from livedream import UserError
from livedream.output.kinds import parse
from livedream.output.video import encoders
from livedream.output.video.encode import Encoder
from tests.waiting import until

SOFTWARE = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1", "prores": "prores_ks", "ffv1": "ffv1"}
SUFFIX = {"prores": "mov", "ffv1": "mkv"}


@pytest.fixture
def known(tmp_path, monkeypatch):
    """known({encoder: fault}) puts a fresh probe result into the cache; probes in the background are only counted."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked = []
    monkeypatch.setattr(encoders, "probe_in_background", lambda: asked.append(True))
    encoders.asked = asked
    return encoders.cache_faults


def names(codec, live, **more):
    return [each.name for each in encoders.choices(codec, live, **more)]


def test_until_it_is_known_what_works_the_processor_encodes(known):
    assert names("h264", live=True) == ["libx264"]
    assert encoders.asked  # a probe has begun, for the next time


def test_live_takes_the_hardware_that_works_and_software_after_it(known):
    known({"h264_nvenc": "", "hevc_nvenc": "no such device", "h264_qsv": None})
    assert names("h264", live=True) == ["h264_nvenc", "libx264"]
    assert names("hevc", live=True) == ["libx265"]
    assert names("h264", live=False) == ["libx264"]  # the same picture on every machine
    assert not encoders.asked


def test_an_answer_is_believed_for_a_week_and_for_this_version(known, tmp_path):
    known({"h264_nvenc": ""})
    file = tmp_path / "livedream" / "encoders.json"
    told = json.loads(file.read_text())
    for change in ({"at": told["at"] - 8 * 24 * 3600}, {"version": "older"}, {"faults": 5}):
        file.write_text(json.dumps(told | change))
        assert names("h264", live=True) == ["libx264"]
    file.write_text("{")
    assert names("h264", live=True) == ["libx264"]


def test_one_encoder_can_be_named(known):
    assert names("hevc_qsv", live=True) == ["hevc_qsv"]
    with pytest.raises(UserError, match="no codec 'prores'; there is: h264, hevc"):
        encoders.choices("prores", True, allowed=("h264", "hevc"))
    with pytest.raises(UserError, match="no codec 'mpeg1'"):
        parse("a.mp4#codec=mpeg1")
    with pytest.raises(UserError, match=r"\.mp4: no codec 'ffv1'; there is: h264, hevc, av1"):
        parse("a.mp4#codec=ffv1")


def test_an_encoder_that_does_not_open_makes_way_for_the_next(known, tmp_path, frame, caplog):
    known({"h264_nvenc": ""})
    if encoders.fault(encoders.by_name("h264_nvenc")) == "":
        pytest.skip("it opens here")
    output = parse(str(tmp_path / "a.mp4"))
    output.live = True
    output.open(320, 180, 30)
    output.write(frame(0))
    output.close()
    with av.open(str(output.path)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 1
    assert "h264_nvenc does not open" in caplog.text
    assert names("h264", live=True) == ["libx264"]  # it is not probed again


def test_an_encoder_that_was_named_and_does_not_open_is_an_error_and_leaves_no_file(known, tmp_path):
    if encoders.fault(encoders.by_name("h264_amf")) == "":
        pytest.skip("it opens here")
    with pytest.raises(UserError, match=r"h264_amf does not open here: .*; try codec=h264"):
        parse(f"{tmp_path}/a.mp4#codec=h264_amf").open(320, 180, 30)
    assert not list(tmp_path.glob("*.mp4"))


def test_a_driver_that_crashes_or_hangs_costs_only_its_own_encoder(tmp_path, monkeypatch):
    # A fake of the interpreter that probes encoders: it crashes at nvenc, hangs at qsv, and reports the others as good.
    script = """\
        #!/bin/sh
        shift 2
        for name; do
            case $name in
                h264_nvenc) kill -SEGV $$ ;;
                h264_qsv) exec sleep 600 ;;
            esac
            echo "the driver's chatter"
            echo "{\\"$name\\": \\"\\"}"
        done
    """
    python = tmp_path / "python"
    python.write_text(textwrap.dedent(script))
    python.chmod(0o755)
    monkeypatch.setattr(encoders.sys, "executable", str(python))
    monkeypatch.setattr(encoders, "SECONDS", 2.0)
    found = encoders.probe(["h264_amf", "h264_nvenc", "h264_qsv", "av1_amf"])
    crashed = "crashed or gave no answer"
    assert found == {"h264_amf": "", "h264_nvenc": crashed, "h264_qsv": crashed, "av1_amf": ""}


def test_what_works_is_found_out_in_the_background(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    encoders.probe_in_background()
    encoders.probe_in_background()  # no second thread
    found = until(encoders.cached_faults)
    assert set(found) == {each.name for each in encoders.TABLE if each.hardware}
    for name, fault in found.items():  # a child process reports the same as this one
        assert (fault == "") == (encoders.fault(encoders.by_name(name)) == "")


@pytest.mark.parametrize("bitrate", [None, 3_000_000])
@pytest.mark.parametrize("codec", SOFTWARE)
def test_live_every_picture_gives_its_packet_at_once(tmp_path, codec, bitrate):
    spec = encoders.by_name(SOFTWARE[codec])
    with av.open(f"{tmp_path}/a.{SUFFIX.get(codec, 'mp4')}", "w") as container:
        options = encoders.settings(spec, True, 30, bitrate)
        encoder = Encoder(container, spec, (320, 180), 30, "contain", options, bitrate)
        assert encoder.open() == ""
        noise = np.random.default_rng(0).integers(0, 256, (180, 320, 4), np.uint8)
        for number in range(5):
            packets = encoder.encode(np.roll(noise, number), number)
            assert [packet.pts for packet in packets] == [number]
            container.mux(packets)
        assert encoder.flush() == []


def test_key_frames_come_as_often_as_asked(tmp_path, frame):
    for codec in ("libx264", "libx265", "libsvtav1"):
        spec = encoders.by_name(codec)
        with av.open(f"{tmp_path}/{codec}.mp4", "w") as container:
            options = encoders.settings(spec, True, 10, key_seconds=0.5)
            encoder = Encoder(container, spec, (320, 180), 10, "contain", options)
            assert encoder.open() == ""
            keys = [packet.is_keyframe for n in range(11) for packet in encoder.encode(frame(n).pixels, n)]
        assert [n for n, key in enumerate(keys) if key] == [0, 5, 10], codec


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs Linux")
@pytest.mark.parametrize("codec", SOFTWARE)
def test_no_thread_is_left_with_real_time_priority(tmp_path, frame, codec):
    """As root, SVT-AV1 takes priority 99, and a show or a machine would stand still beside it."""
    output = parse(f"{tmp_path}/a.{SUFFIX.get(codec, 'mp4')}#codec={codec}")
    output.open(320, 180, 30)
    output.write(frame(0))
    threads = [int(each) for each in os.listdir("/proc/self/task")]
    assert not {os.sched_getscheduler(each) for each in threads} & {os.SCHED_FIFO, os.SCHED_RR}
    output.close()


def test_svt_says_nothing_on_stderr(tmp_path, frame, capfd):
    output = parse(f"{tmp_path}/a.mp4#codec=av1")
    output.open(320, 180, 30)
    output.write(frame(0))
    output.close()
    assert capfd.readouterr() == ("", "")


def test_the_table_knows_each_codec_and_ends_in_software():
    assert {each.codec: each.name for each in encoders.TABLE if not each.hardware} == SOFTWARE
    assert os.environ.get("SVT_LOG")
