"""What is below effect/ is there for OSCQuery, tablets, MIDI and modulation by itself, and goes with its effect."""

import asyncio

import aiohttp
import mido
import numpy as np
import pytest

from livedream.cli import main
from livedream.control.layouts import arrange
from livedream.control.midi.mapper import Mapper
from livedream.control.modulation import Modulation
from tests import dreams, effects
from tests.performance import FPS, Performance
from tests.show import Show, has_oscsend
from tests.waiting import until


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("effects")
    dreams.tiny(folder / "tiny.onnx")
    effects.brightness(folder / "brightness.onnx")
    effects.counter(folder / "counter.onnx")
    return folder


@pytest.mark.skipif(not has_oscsend, reason="needs oscsend (liblo-tools)")
def test_the_tree_of_oscquery_and_a_tablets_layout_change_as_effects_come_and_go(folder, tmp_path):
    async def watch(show):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{show.web_port}/?a=b") as ws,
        ):

            async def changed():
                async with asyncio.timeout(60):
                    said = await ws.receive_json()
                    while said["COMMAND"] != "PATH_CHANGED" or not "/livedream/effect/2/".startswith(said["DATA"]):
                        said = await ws.receive_json()

            async def command(*arguments):
                await asyncio.to_thread(show.osc, *arguments)

            await command("effect/insert", "s", "counter")
            await changed()
            rate = await asyncio.to_thread(show.get, "livedream/effect/2/rate")
            assert (rate["TYPE"], rate["VALUE"], rate["RANGE"]) == ("f", [1.0], [{"MIN": 0.0, "MAX": 4.0}])
            amount = await asyncio.to_thread(show.get, "livedream/effect/1/amount")
            assert amount["DESCRIPTION"].startswith("brighter or darker")
            for kind in ("touchosc", "open-stage-control"):
                out = tmp_path / f"layout.{kind}"
                page = f"http://127.0.0.1:{show.web_port}/"
                assert await asyncio.to_thread(main, ["params", page, "--layout", kind, "-o", str(out)]) == 0
                assert out.stat().st_size
            await command("effect/remove", "i", "2")
            await changed()
            async with session.get(f"http://127.0.0.1:{show.web_port}/livedream/effect/2/rate") as answer:
                assert answer.status == 404

    given = ["--effect", str(folder / "brightness.onnx"), "--dreams", str(folder)]
    with Show(folder / "tiny.onnx", "--size", "64x32", "--forget", *given) as show:
        show.frame()
        asyncio.run(watch(show))
    assert show.code == 0, show.errors


@pytest.fixture
def show(folder):
    made = Performance(folder / "tiny.onnx", effects=[folder / "brightness.onnx", folder / "counter.onnx"])
    made.set(player__glide=0, player__freeze=1)
    made.play(2)
    yield made
    made.end()


def test_every_control_of_an_effect_has_its_place_on_a_tablet(show):
    pages = arrange.pages(show.table.parameters.values())
    (page,) = [each for each in pages if each.name == "effects"]
    titles = [group.title for group in page.groups]
    assert titles == ["effect", "effect 1", "effect 2"]
    placed = [control.parameter.address for group in page.groups for control in group.controls]
    assert placed == [each for each in show.table.parameters if each.startswith("effect/")]


def test_a_knob_of_a_controller_is_learned_for_an_effect_and_waits_while_that_is_gone(show):
    midi, now = Mapper(show.table), iter(range(100))

    def turn(*values):
        for value in values:
            midi.receive(mido.Message("control_change", control=21, value=value), next(now) / 10)
        show.play(1)
        return show.table.parameters.get("effect/1/amount") and show.table.target("effect/1/amount")

    midi.learn("/livedream/effect/1/amount")
    assert midi.error is None
    turn(90, 94, 96)  # it is at 0.5: 95.25 of 127
    assert turn(127) == 1
    assert turn(0) == -1
    show.set(effect__remove=1)
    assert turn(60) is None
    assert [each.address for each in midi.bindings] == ["effect/1/amount"]


def test_modulation_moves_an_effect_and_lets_go_of_one_that_is_removed(show):
    modulation = Modulation(show.table, FPS, type("Beat", (), {"bpm": 120.0, "beat": 0.0})())
    show.transform = modulation.transform
    show.set(effect__2__bypass=1)
    show.table.set("mod/1/source", ["square"])
    show.table.set("mod/1/target", ["effect/1/amount"])
    show.table.set("mod/1/depth", [1.0])
    show.table.set("mod/1/rate", [2.0])
    show.play(2)
    seen = {}
    for _ in range(int(FPS)):
        show.play(1)
        seen[show.values["effect/1/amount"]] = show.pictures[show.number]
    assert min(seen) == -0.5
    assert max(seen) == 1.0
    plain = dreams.picture(dreams.first())[0].astype(int)
    assert np.mean(seen[-0.5][..., :3]) < np.mean(plain[..., :3]) < np.mean(seen[1.0][..., :3])
    show.set(effect__remove=1)
    show.play(3)
    assert "effect/1/amount" not in show.table.parameters
    until(lambda: show.play(1).pictures[show.number] is not None)
