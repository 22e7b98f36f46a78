"""A show that the network can reach: what it prints, and what it refuses without a token or with that for playing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import dreams

ISOLATED = ["unshare", "-n", "-p", "--fork", "--kill-child=KILL", "--mount-proc"]  # nothing outlives it
NETWORK = ["sh", "-c", "ip link set lo up && ip addr add 192.0.2.33/24 dev lo"]


def can():
    try:
        return subprocess.run([*ISOLATED, *NETWORK], capture_output=True, timeout=60).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not can(), reason="no network of its own can be made here (needs Linux, root and iproute2)")
def test_the_network_needs_a_token_and_the_one_for_playing_opens_no_output(tmp_path):
    dreams.tiny(tmp_path / "tiny.onnx")
    child = [*ISOLATED, sys.executable, Path(__file__).with_name("lan_isolated.py"), tmp_path / "tiny.onnx"]
    ended = subprocess.run(child, capture_output=True, text=True, timeout=110)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert set(result["anonymous"].values()) == {403}
    assert len(result["anonymous"]) == 10
    said = result["said"]
    assert (
        "open to the network: page: who has the address with a token for play or admin · OSC: 198.51.100.0/24 only"
        in said
    )
    assert "http://192.0.2.33:" in said  # an address that a phone can reach
    assert "▀" in said or "█" in said  # the QR code, for it is a terminal
    assert (result["role"], result["admin"]) == ("play", "admin")
    assert result["refused"] == 1
    assert "none" in result["outputs"]
    assert "file" not in result["outputs"]
    assert result["fade"] == 0.5
    assert "a packet from 192.0.2.33, which --osc-allow does not name" in result["errors"]
    assert "open to the network: page: anybody, without a token · OSC: anybody" in result["open"]
    assert (result["open_status"], result["code"]) == (200, 0)
