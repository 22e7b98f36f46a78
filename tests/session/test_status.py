"""`GET /status` of a real show: the fields that session/status.py lists, and what changes them."""

import pytest

from tests import dreams
from tests.show import Show
from tests.waiting import until

LISTED = {
    "version": str,
    "uptime_s": float,
    "state": str,
    "frame": int,
    "fps": {"target": float, "sent": float, "fresh": float},
    "ms": dict.fromkeys(("model_p50", "model_p99", "latency_p50", "latency_p99", "interval_p99"), float),
    "late": int,
    "repeated": int,
    "decks": [{"dream": str, "sha256": str, "seed": int, "step": int, "providers": dict, "changed": bool}],
    "outputs": [{"name": str, "kind": str, "state": str, "sent": int, "dropped": int, "error": (str, type(None))}],
    "awake": {"kept": bool, "says": str},
    "battery": (dict, type(None)),
    "osc": dict.fromkeys(("port", "messages", "clamped", "unknown", "malformed"), int),
    "errors": int,
}


def check(value, wanted, where="status"):
    if isinstance(wanted, dict):
        assert wanted.keys() <= value.keys(), where
        for key, each in wanted.items():
            check(value[key], each, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert value, where
        for each in value:
            check(each, wanted[0], where)
    else:
        assert isinstance(value, wanted), f"{where}: {value!r}"


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    path = dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")
    with Show(path, "--seed", "12", outs=("none#name=nowhere",)) as show:
        show.frames(20)
        yield show


def test_every_listed_field_has_its_type_and_meaning(show):
    status = until(lambda: (got := show.status())["fps"]["fresh"] > 0 and got)
    check(status, LISTED)
    assert status["state"] == "playing"
    assert status["fps"]["target"] == 30
    assert 0 < status["fps"]["fresh"] <= status["fps"]["sent"]
    assert status["ms"]["model_p50"] > 0
    assert status["decks"][0] | {"step": 0, "sha256": "", "why": {}} == {
        "dream": "Tiny",
        "sha256": "",
        "seed": 12,
        "step": 0,
        "providers": {"step": "cpu", "decode": "cpu"},
        "error": None,
        "loading": None,
        "load_error": None,
        "changed": False,
        "past": None,
        "unstuck": 0,
        "memories": 0,
        "why": {},
    }
    assert all(why for why in status["decks"][0]["why"].values())
    assert "cpu" not in status["decks"][0]["why"]
    assert len(status["decks"][0]["sha256"]) == 64
    outputs = {each["name"]: each for each in status["outputs"]}
    assert outputs["nowhere"]["kind"] == "none"
    assert outputs["nowhere"]["state"] == "up"
    assert outputs["nowhere"]["sent"] > 0
    assert "page" in outputs
    assert status["osc"]["port"] == show.osc_port
    assert status["errors"] == 0


def test_it_counts_on(show):
    before = show.status()
    after = until(lambda: (got := show.status())["frame"] >= before["frame"] + 5 and got)
    assert after["decks"][0]["step"] > before["decks"][0]["step"]
    assert after["uptime_s"] >= before["uptime_s"]
    assert after["frame"] + 1 >= after["repeated"] >= after["late"]


def test_state_follows_hold_and_blackout(show):
    from pythonosc.udp_client import SimpleUDPClient

    client = SimpleUDPClient("127.0.0.1", show.osc_port)

    def becomes(address, value, state):
        client.send_message(f"/livedream/master/{address}", value)
        until(lambda: show.status()["state"] == state)

    becomes("hold", 1, "held")
    repeated = show.status()["repeated"]
    until(lambda: show.status()["repeated"] > repeated)
    becomes("blackout", 1, "blackout")
    becomes("blackout", 0, "held")
    becomes("hold", 0, "playing")
    status = until(lambda: (got := show.status())["ms"]["latency_p50"] > 0 and got)
    assert status["osc"]["messages"] == 4
