"""C libraries are silent while ports are opened, as long as any thread wants that, and never afterwards."""

import os

from livedream.system.c_stderr import silenced


def test_only_what_is_written_meanwhile_is_lost(capfd):
    os.write(2, b"before ")
    with silenced():
        with silenced():
            os.write(2, b"inner ")
        os.write(2, b"outer ")  # another thread is still opening its port
    with silenced(silent=False):
        os.write(2, b"asked for ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before asked for after"
