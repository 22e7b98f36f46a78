"""What was given in the wrong place is told where it belongs: by its content, or by its suffix."""

import shutil
import subprocess

import pytest

from livedream import UserError
from livedream.dream import read
from livedream.look import header
from livedream.session import parsing
from livedream.system import file_kind
from tests import dreams

CODECS = {
    "mp4": "mpeg4",
    "mov": "mpeg4",
    "mkv": "mpeg4",
    "webm": "libvpx",
    "avi": "mpeg4",
    "ts": "mpeg2video",
    "mpg": "mpeg2video",
    "flv": "flv",
    "gif": "gif",
    "wmv": "wmv2",
    "y4m": "wrapped_avframe",
}


@pytest.mark.parametrize("container", CODECS)
def test_real_footage_given_as_a_dream_points_to_train_whatever_it_is_called(container, tmp_path):
    if not shutil.which("ffmpeg"):
        pytest.skip("needs ffmpeg")
    clip = tmp_path / f"my clip.{container}"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=0.4:s=64x64", "-c:v", CODECS[container]]
    command += ["-strict", "-1", "-pix_fmt", "rgb8" if container == "gif" else "yuv420p", str(clip)]
    subprocess.run(command, check=True, timeout=60)
    with pytest.raises(UserError) as refused:
        read.load(clip)
    assert str(refused.value) == (f"{clip} is footage; learn it with: livedream train '{clip}' -o 'my clip.onnx'")
    for name in ("clip.onnx", "clip"):
        shutil.copy(clip, tmp_path / name)
        assert file_kind.of(tmp_path / name) == "footage"
    with pytest.raises(UserError, match=r"-o clip-dream\.onnx"):  # never over the footage
        read.load(tmp_path / "clip.onnx")


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n", "is a picture; a dream is learned from footage"),
        ("a.onnx", b"\xff\xd8\xff\xe0", "is a picture"),
        ("a.wav", b"RIFF\0\0\0\0WAVEfmt ", "livedream run --audio "),
        ("a.fs", b"// no header yet", "livedream run --look "),
        ("a.txt", b"/*{", "livedream run --look "),
        ("a.session", b"{}", "open it with: livedream run "),
        ("a.show", b"{}", "livedream render "),
        ("a.pt", b"PK\x03\x04", "livedream export "),
        ("a.MOV", b"damaged", "livedream train "),
    ],
)
def test_other_files_given_as_a_dream(name, data, says, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError) as refused:
        read.load(tmp_path / name)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_folders(tmp_path):
    clips, several = tmp_path / "clips", tmp_path / "dreams"
    for folder, name in ((clips, "a.MP4"), (several, "a.onnx")):
        folder.mkdir()
        (folder / name).touch()
    for folder, says in ((clips, "is a folder of footage; learn it"), (several, f"--dreams {several}")):
        with pytest.raises(UserError, match=says):
            read.load(folder)
    with pytest.raises(UserError, match="not a file"):
        read.load(tmp_path)


def test_a_dream_or_a_session_as_a_look_and_a_dream_as_a_session(tmp_path):
    dream = dreams.tiny(tmp_path / "tiny.onnx")
    renamed = dream.rename(tmp_path / "tiny.bin")
    (tmp_path / "a.session").write_text("{}")
    with pytest.raises(UserError, match="livedream run --model "):
        header.read(renamed)
    with pytest.raises(UserError, match=r"livedream run \S+a\.session"):
        header.read(tmp_path / "a.session")
    with pytest.raises(UserError, match="is a dream; play it with: livedream run --model "):
        parsing.session_path(str(renamed))
    assert read.load(renamed).title == "Tiny"  # and a dream plays whatever it is called
