"""The commands as a person types them: exit codes, and one line for what is wrong."""

import contextlib
import importlib.util
import socket
import subprocess
import sys

import pytest

import livedream as package
from tests import dreams


def livedream(*arguments, timeout=110):
    command = [sys.executable, "-m", "livedream", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Paths by name: a dream, and what is none."""
    folder = tmp_path_factory.mktemp("files")
    tiny = dreams.tiny(folder / "tiny.onnx")
    made = {"tiny": tiny, "effect": dreams.invert(folder / "effect.onnx"), "missing": folder / "missing.onnx"}
    whole = tiny.read_bytes()
    for name, data in (("cut", whole[: len(whole) // 2]), ("text", b"not a dream\n" * 99), ("empty", b"")):
        made[name] = folder / f"{name}.onnx"
        made[name].write_bytes(data)
    made["film"] = folder / "film.mp4"
    made["film"].write_bytes(b"no film " * 4096)
    return made


def refused(done, *words):
    """It ended with 2 and one line on standard error that has these words."""
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("livedream")
    for word in words:
        assert word in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("missing", ["missing.onnx", "no such file"]),
        ("text", ["text.onnx", "not an ONNX file"]),
        ("cut", ["cut.onnx"]),
        ("empty", ["empty.onnx", "is empty"]),
        ("effect", ["effect.onnx", "an effect"]),
        ("film", ["film.mp4 is footage; learn it with: livedream train ", "-o film.onnx"]),
    ],
)
def test_what_is_no_dream_is_refused(files, file, words):
    refused(livedream("run", "--model", files[file], "--out", "none", "--web", "off"), *words)


def test_every_command_that_takes_a_dream_refuses_alike(files, tmp_path):
    for command in (("info",), ("params",), ("render", "-o", tmp_path / "out.mp4")):
        refused(livedream(*command, files["cut"]), "cut.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "big"], ["--size", "big", "1280x720"]),
        (["--size", "5x5"], ["--size", "5x5"]),
        (["--fps", "0"], ["--fps", "1 to 240"]),
        (["--fps", "nan"], ["--fps", "1 to 240"]),
        (["--seed", "-1"], ["--seed", "16777215"]),
        (["--seed", "1.5"], ["--seed", "16777215"]),
        (["--seconds", "0"], ["--seconds"]),
        (["--out", "projector"], ["projector", "there are: window"]),
        (["--out", "a.mp4#fit=tight"], ["fit", "contain"]),
        (["--osc", "9000"], ["--osc", "HOST:PORT"]),
        (["--osc-out", "nobody"], ["--osc-out", "HOST:PORT"]),
        (["--web", "8808"], ["--web", "HOST:PORT"]),
        (["--device", "tpu"], ["--device tpu", "auto", "cpu"]),
        (["--nonsense"], ["--nonsense"]),
        (["--osc-uot", "x"], ["--osc-uot", "did you mean --osc-out?"]),
        (["--look", "blom"], ["blom", "did you mean bloom?"]),
        (["--model", "citty"], ["citty", "did you mean city?"]),
        (["--device", "cuad"], ["cuad", "did you mean cuda?"]),
        (["--out", "windw"], ["windw", "did you mean window?"]),
    ],
)
def test_wrong_usage_is_one_line(files, arguments, words, capsys):
    """In this process: none of it gets as far as a thread."""
    from livedream import cli

    try:
        code = cli.main(["run", "--model", str(files["tiny"]), "--out", "none", "--web", "off", *arguments])
    except SystemExit as ended:
        code = ended.code
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    for word in words:
        assert word in printed.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnu"], ["rnu: no such command", "did you mean run?"]),
        (["dance"], ["dance: no such command", "there are: run, "]),
        (["--verison"], ["did you mean --version?"]),
        (["looks", "--shet", "x.jpg"], ["livedream looks: --shet", "did you mean --sheet?"]),
        (["params", "--layout", "toucosc"], ["--layout", "did you mean touchosc?"]),
        (["run", "--modle", "x"], ["--modle", "did you mean --model?"]),
        (["info", "a.onnx", "b.onnx"], ["b.onnx: no such argument"]),
    ],
)
def test_a_mistyped_word_is_one_line_with_a_suggestion(arguments, words, capsys):
    from livedream import cli

    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out, len(printed.err.splitlines())) == (2, "", 1)
    for word in words:
        assert word in printed.err


def test_a_command_imports_only_its_own_module():
    """Nothing that takes long is imported before the command line is read, so that mistakes and help come at once."""
    code = """
import sys
from livedream import cli
cli.parser_of("run").parse_args(["--fps", "25", "--osc", "127.0.0.1:1"])
print(*(each for each in sys.modules if each.startswith(("livedream", "numpy", "onnx", "aiohttp", "asyncio"))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.split()) == {
        *("livedream", "livedream.cli", "livedream.cli.parser", "livedream.cli.run"),
        *("livedream.session", "livedream.session.run_options", "livedream.session.parsing"),
        *("livedream.control", "livedream.control.osc_address"),
    }


@pytest.mark.parametrize("what", ["--osc", "--web"])
def test_an_asked_for_port_that_is_taken_is_refused(files, what):
    kind = socket.SOCK_DGRAM if what == "--osc" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        ports = {"--osc": "127.0.0.1:1", "--web": "off"} | {what: place}
        if what == "--web":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
                free.bind(("127.0.0.1", 0))
                ports["--osc"] = f"127.0.0.1:{free.getsockname()[1]}"
        arguments = [each for pair in ports.items() for each in pair]
        free = f"leave {what} out to take the next free one"
        refused(livedream("run", "--model", files["tiny"], "--out", "none", *arguments), what, place, free)


def test_a_default_port_that_is_taken_gives_way_in_one_line_each(files):
    from livedream.control.osc_address import PORT as OSC
    from livedream.web.server import PORT as WEB

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as osc, socket.socket() as web:
        for taken, port in ((osc, OSC), (web, WEB)):
            with contextlib.suppress(OSError):  # somebody else has it: just as well
                taken.bind(("127.0.0.1", port))
        done = livedream("run", "--model", files["tiny"], "--out", "none", "--seconds", "0.2")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert f"{OSC} is taken" in lines[0]
    assert f"{WEB} is taken" in lines[1]
    assert done.stdout.splitlines()[0] == "Tiny · 64x32 · 30 fps · cpu"
    assert f"127.0.0.1:{OSC} " not in done.stdout


def test_footage_that_is_no_video_is_refused(files, tmp_path):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("training needs torch: pip install 'livedream[train]'")
    done = livedream("train", files["film"], "-o", tmp_path / "out.onnx")
    assert done.returncode == 2
    printed = [line for line in done.stderr.splitlines() if line.startswith("livedream: ")]  # beside the progress
    assert len(printed) == 1
    assert "film.mp4" in printed[0]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.onnx").exists()


def test_version_and_help():
    assert livedream("--version").stdout == f"{package.__version__}\n"
    helped = livedream("run", "--help")
    assert helped.returncode == 0
    assert "--osc-out" in helped.stdout
    alone = livedream()
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "commands:" in alone.stdout


def test_info_says_what_a_dream_holds(files):
    done = livedream("info", files["tiny"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "Tiny" in done.stdout


def test_params_lists_every_address_with_a_dreams_own(files):
    bare, own = livedream("params"), livedream("params", files["tiny"])
    for done in (bare, own):
        assert (done.returncode, done.stderr) == (0, "")
        for address in ("player/speed", "dream/scene_jump", "master/blackout", "subscribe"):
            assert f"/livedream/{address}" in done.stdout
    assert "knob 1" in own.stdout
    assert "first, second" in own.stdout


def test_a_reader_that_goes_away_is_no_fault():
    """As in `livedream params | head -0`."""
    child = subprocess.Popen(
        [sys.executable, "-m", "livedream", "params"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait(60) == 0
    child.stderr.close()
