"""A session's file brings the whole set-up back, by name or as the last one, and says in a line what is wrong."""

import json
import stat

import pytest

from livedream.cli import main
from livedream.dream import read as dreams
from livedream.play import dream_parameters as tables
from livedream.session import session_file
from livedream.session.run_options import RunOptions
from tests.dreams import tiny
from tests.show import Show, has_oscsend
from tests.waiting import until

needs_oscsend = pytest.mark.skipif(not has_oscsend, reason="needs oscsend (liblo-tools)")


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def put(path, **content):
    path.write_text(json.dumps({"livedream session": 1} | content), "utf-8")
    return path


def test_what_is_written_is_read_again_with_its_paths_from_anywhere(tmp_path, monkeypatch):
    inner = tmp_path / "set"
    inner.mkdir()
    (inner / "a.onnx").write_bytes(b"")
    content = {
        "model": [str(inner / "a.onnx"), "rainbow.onnx"],
        "out": ["window:1", "rtmp://h/live/key", str(inner / "night.mp4#codec=h264"), str(tmp_path / "out.mkv")],
        "presets": str(inner / "bank.json"),
        "fps": 25.0,
        "limits": {"player/speed": (0.5, 2.0)},
        "values": {"dream/knob/1": 1.5, "master/hold": True, "look/tint/colour": [1.0, 0.5, 0.0, 1.0]},
    }
    file = inner / "my.session"
    session_file.write(file, content)
    text = json.loads(file.read_text("utf-8"))
    assert text["model"] == ["a.onnx", "rainbow.onnx"]
    assert text["out"] == ["window:1", "rtmp://h/live/key", "night.mp4#codec=h264", str(tmp_path / "out.mkv")]
    assert text["presets"] == "bank.json"
    assert '"player/speed": [0.5, 2.0]' in file.read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    read = RunOptions(**session_file.read(file))
    assert read.to_json() == content
    assert read.presets == inner / "bank.json"


def test_only_its_owner_may_read_it_for_it_holds_stream_keys(tmp_path):
    file = tmp_path / "a.session"
    file.write_text("open to all")
    session_file.write(file, {"out": ["rtmp://h/live/key"]})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("{", ":1: no session"),
        ("[]", "no session; it begins with"),
        ("{}", "no session; it begins with"),
        ('{"livedream session": 2}', "newer livedream"),
        (
            '{"livedream session": 1, "modle": "a", "osk": 1}',
            "no such key: modle, osk; did you mean model?; there are: ",
        ),
        ('{"livedream session": 1, "fps": "fast"}', "fps: fast: should be frames a second"),
        ('{"livedream session": 1, "fps": 1e99}', "fps: 1e+99: should be frames a second"),
        ('{"livedream session": 1, "fps": [30]}', "fps: should be a text or a number"),
        ('{"livedream session": 1, "link": "yes"}', "link: should be true or false"),
        ('{"livedream session": 1, "look": [7, {}]}', "look: should be texts"),
        (
            '{"livedream session": 1, "limits": {"player/speed": 2}}',
            "limits: player/speed: should be [lowest, highest]",
        ),
        ('{"livedream session": 1, "limits": {"player/speed": [2, NaN]}}', "limits: player/speed: should be"),
        ('{"livedream session": 1, "limits": {"player/sped": [1, 2]}}', "limits: player/sped: no such parameter"),
        ('{"livedream session": 1, "limits": {"player/speed": [9, 10]}}', "9 to 10 lies outside of -8 to 8"),
        ('{"livedream session": 1, "limits": {"master/hold": [0, 0]}}', "is a bool; only numbers have limits"),
        ('{"livedream session": 1, "values": {"master/fade": {}}}', "values: master/fade: should be"),
        ('{"livedream session": 1, "values": 3}', 'values: should be {"address": …}'),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_wrong_with_it_is_one_line_and_exit_code_2(tmp_path, capfd, content, where):
    file = tmp_path / "bad.session"
    file.write_text(content)
    assert main(["run", str(file), "--web", "off", "--out", "none", "--seconds", "1"]) == 2
    result = capfd.readouterr().err.strip()
    assert "\n" not in result
    assert where in result


def test_another_file_in_its_place_and_a_last_one_that_is_not_there(tmp_path, capsys):
    with pytest.raises(SystemExit) as ending:
        main(["run", "rainbow.onnx"])
    assert ending.value.code == 2
    assert "--model rainbow.onnx plays a dream" in capsys.readouterr().err
    assert main(["run", "--last"]) == 2
    assert "no session was played here yet" in capsys.readouterr().err
    assert main(["run", str(tmp_path / "none.session")]) == 2
    assert "none.session: cannot be read" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_said_before_the_show(tmp_path, capsys):
    (tmp_path / "taken").write_bytes(b"")
    model = str(tiny(tmp_path / "tiny.onnx"))
    file = str(tmp_path / "taken" / "a.session")
    assert main(["run", "--model", model, "--save", file, "--web", "off", "--out", "none", "--forget"]) == 2
    assert f"{file}: cannot be written" in capsys.readouterr().err


def test_values_are_what_hands_have_moved_and_begin_the_next_session(tmp_path):
    dream = dreams.load(tiny(tmp_path / "tiny.onnx"))
    table = tables.of(dream, names=("tiny",), playing=("tiny",))
    for address, value in (
        ("dream/latent/3", 2.0),
        ("dream/scene", "second"),
        ("tempo/bpm", 90.0),
        ("output/record", 1),
        ("player/scrub", 0.5),
        ("master/panic", 1),
    ):
        table.set(address, [value])
    table.tick(1 / 30)
    found = session_file.values(table)
    assert found == {"dream/latent/3": 2.0, "dream/scene": "second", "tempo/bpm": 90.0}
    other = tables.of(dream, names=("tiny",), playing=("tiny",))
    assert session_file.begin(other, found | {"a/b": 1, "master/fade": "half"}, "session") == [
        "values: a/b: no such parameter here",
        'values: master/fade: cannot be "half"',
    ]
    now = other.tick(1 / 30)
    assert (now["dream/latents"][3], now["dream/scene"], now["tempo/bpm"]) == (2.0, 1, 90.0)  # at once, not gliding


@needs_oscsend
def test_a_session_begins_as_its_file_says_and_the_command_line_wins(tmp_path):
    tiny(tmp_path / "tiny.onnx")
    file = put(
        tmp_path / "my.session",
        model="tiny.onnx",
        look=["mirror"],
        seed=7,
        fps=20,
        size="64x32",
        limits={"player/speed": [0.5, 2], "dream/latents": [-1, 1]},
        values={"player/freeze": True, "look/mirror/bypass": 1, "dream/latent/0": 3},
    )
    with Show(None, str(file), "--fps", "25", "--forget") as show:
        show.frame()
        status = show.status()
        assert (status["decks"][0]["seed"], status["fps"]["target"]) == (7, 25)
        assert [each["name"] for each in status["looks"]] == ["mirror"]
        assert (show.value("player/freeze"), show.value("look/mirror/bypass")) == (True, True)
        assert show.value("dream/latent/0") == 1
        counted = show.status()["osc"]["clamped"]
        show.osc("player/speed", "f", "8")
        show.until(lambda pixels: show.value("player/speed") == 2)
        assert show.status()["osc"]["clamped"] == counted + 1
        show.osc("player/speed", "f", "-3")
        show.until(lambda pixels: show.value("player/speed") == 0.5)
    assert show.code == 0, show.errors


@needs_oscsend
def test_a_killed_show_is_found_again_by_last(tmp_path):
    model = tiny(tmp_path / "tiny.onnx")
    last = tmp_path / "config" / "livedream" / "last.session"
    kept = tmp_path / "kept.session"
    with Show(model, "--size", "64x32", "--look", "mirror", "--save", str(kept), outs=["none"]) as show:
        show.frame()
        assert json.loads(kept.read_text("utf-8"))["look"] == ["mirror.fs"]  # from its start
        show.osc("player/freeze", "i", "1")
        show.osc("dream/latent/0", "f", "1.5")
        show.osc("look/insert", "s", "grade")
        show.osc("output/add", "s", "none#name=second")
        until(lambda: last.exists() and "none#name=second" in (text := last.read_text("utf-8")) and "grade.fs" in text)
        show.child.kill()
        show.child.wait()
    result = json.loads(last.read_text("utf-8"))
    assert result["values"]["dream/latent/0"] == 1.5
    assert result["out"][1:] == ["none", "none#name=second"]
    assert json.loads(kept.read_text("utf-8"))["values"] == result["values"]
    again = Show(None, "--last")
    with again:
        again.frame()
        status = again.status()
        assert [each["name"] for each in status["looks"]] == ["mirror", "grade"]
        assert again.value("player/freeze") is True
        assert again.value("dream/latent/0") == 1.5
        assert len(status["outputs"]) == 2  # what this run says itself wins
    assert again.code == 0, again.errors


@pytest.mark.parametrize("prefix", ["/dream", "/b", "/player"])
def test_a_prefix_named_like_a_part_of_the_table_leaves_its_addresses_alone(tmp_path, prefix):
    path = tmp_path / "a.session"
    values = {"dream/temperature": 0.5, "b/player/speed": 2.0, f"{prefix}/master/fade": 0.25}
    path.write_text(json.dumps({"livedream session": 1, "osc_prefix": prefix, "values": values}))
    assert session_file.read(path)["values"] == {"dream/temperature": 0.5, "b/player/speed": 2.0, "master/fade": 0.25}


def test_what_is_empty_in_a_session_is_as_if_it_were_not_there(tmp_path):
    path = tmp_path / "a.session"
    path.write_text('{"livedream session": 1, "model": [], "presets": "", "osc": "", "out": [], "web": null}')
    assert session_file.read(path) == {"limits": {}, "values": {}}
