"""The page's effects over a real show of two decks: put in, moved, passed over, taken out, and what is said of each."""

import numpy as np
import pytest

from tests import dreams, effects
from tests.show import Show
from tests.web.browser import CHROMIUM
from tests.web.hand import value, visiting

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

FIRST = dreams.picture(dreams.first())[0]
AT = "document.querySelector('[data-address=\"%s\"]')"
CARD = "document.querySelector('[data-effect=\"%s\"]')"
LIST = "document.querySelector('#effects ol')"
INSERT = "document.querySelector('#effects .insert')"


def lit(levels):
    other = np.clip(FIRST.astype(int) + levels, 0, 255).astype(np.uint8)
    other[..., 3] = FIRST[..., 3]
    return lambda pixels: pixels.shape == FIRST.shape and np.abs(pixels.astype(int) - other).max() <= 1


def begin(show):
    show.frame()
    show.osc("player/glide", "f", "0")
    for deck in ("", "b/"):
        show.osc(f"{deck}player/freeze", "i", "1")
        show.osc(f"{deck}dream/scene_jump", "i", "0")


@pytest.fixture
def folder(tmp_path):
    dreams.tiny(tmp_path / "tiny.onnx")
    effects.brightness(tmp_path / "brightness.onnx")
    effects.breaking(tmp_path / "breaking.onnx")
    return tmp_path


def test_the_chains_of_both_decks_are_changed_on_the_page(folder):
    def names(deck):
        return [each["name"] for each in show.status()["effects"] if each["deck"] == deck]

    async def visit(browser, hand, says):
        async def insert(name):
            await says(f"[...{INSERT}.options].some(each => each.value === '{name}')")
            await browser.js(f"{INSERT}.value = '{name}'; {INSERT}.onchange()")

        await says(f"{CARD % 1}?.innerText.startsWith('1 brightness')")
        show.until(lit(50))
        await says(
            f"/^(behind · )?[\\d.]+ fps · [\\d.]+ ms · 64x32$/.test({CARD % 1}.querySelector('.says').innerText)"
        )
        await hand.click(AT % "effect/1/amount", 0.75)
        await says(lambda: value(show, "effect/1/amount") == pytest.approx(0.5, abs=0.05))
        await hand.click(AT % "effect/1/bypass")
        show.until(lit(0))
        await says(f"{CARD % 1}.querySelector('.says').innerText === 'bypassed'")
        await hand.click(AT % "effect/1/bypass")
        # Put in by the list; moved by dragging and by a button; what is wrong stands at it; taken out by a button.
        await insert("breaking")
        await says(f"{CARD % 2} !== null")
        x, y = await hand.on(f"{CARD % 2}.querySelector('.grip')")
        await hand.do("Pressed", x, y)
        for by in (10, 30, 400):
            await hand.do("Moved", x, y - by)
        await hand.do("Released", x, y - 400)
        await says(lambda: names("a") == ["breaking", "brightness"])
        await says(f"[...{LIST}.children].map(each => each.dataset.effect).join() === '2,1'")
        await hand.click(f"{CARD % 2}.querySelector('.down')")
        await says(lambda: names("a") == ["brightness", "breaking"])
        await hand.click(AT % "effect/2/broken", 0.5)
        await says(f"{CARD % 2}.querySelector('.note.wrong').innerText.includes('not finite')")
        await browser.screenshot()
        await hand.click(f"{CARD % 2}.querySelector('.remove')")
        await says(f"{CARD % 2} === null")
        # The other deck has its own.
        await hand.click("[...document.querySelectorAll('#decks .tab')].at(-1)")
        await says(f"{LIST}.children.length === 0 && {INSERT}.checkVisibility()")
        await insert("brightness")
        await says(lambda: names("b") == ["brightness"])
        await says(f"{CARD % 1}?.innerText.includes('fps')")
        await hand.click(AT % "b/effect/1/amount", 0.5)
        await says(lambda: value(show, "b/effect/1/amount") == pytest.approx(0, abs=0.05))
        assert value(show, "effect/1/amount") == pytest.approx(0.5, abs=0.05)
        await hand.click("document.querySelector('#decks .tab')")
        await says(f"{AT % 'effect/1/amount'} !== null && {AT % 'b/effect/1/amount'} === null")

    arguments = ["--effect", str(folder / "brightness.onnx"), "--dreams", str(folder)]
    second = ["--model", str(folder / "tiny.onnx")]
    with Show(folder / "tiny.onnx", "--size", "64x32", "--fps", "10", "--forget", *arguments, *second) as show:
        begin(show)
        visiting(show, folder, visit)


def test_a_control_of_several_numbers_has_a_fader_for_each_by_its_name(folder):
    async def visit(browser, hand, says):
        names = f"[...{CARD % 1}.querySelectorAll('.faders .fader span')].map(each => each.textContent).join()"
        await says(f"{CARD % 1} && {names} === 'Red,Green,Blue'")
        await hand.click(AT % "effect/1/tint_green", 0.75)
        await says(lambda: value(show, "effect/1/tint") == pytest.approx([0, 0.75, 0], abs=0.05))
        show.osc("effect/1/tint_blue", "f", "0.25")
        await says(f"{AT % 'effect/1/tint_blue'}.value == 0.25")
        await says(lambda: value(show, "effect/1/tint") == pytest.approx([0, 0.75, 0.25], abs=0.05))
        show.until(lit([0, round(100 * value(show, "effect/1/tint_green")), 25, 0]))

    arguments = ["--effect", str(effects.tint(folder / "tint.onnx"))]
    with Show(folder / "tiny.onnx", "--size", "64x32", "--fps", "10", "--forget", *arguments) as show:
        begin(show)
        visiting(show, folder, visit)


def test_a_guest_moves_effects_and_changes_no_chain(folder):
    async def visit(browser, hand, says):
        await browser.call("Page.navigate", url=f"http://127.0.0.1:{show.web_port}/?k=play-word")
        await says(f"{CARD % 1} !== null && document.body.classList.contains('guest')")
        await says(f"!{INSERT}.checkVisibility() && !{CARD % 1}.querySelector('.remove').checkVisibility()")
        await hand.click(AT % "effect/1/bypass")
        await says(f"{CARD % 1}.querySelector('.says').innerText === 'bypassed'")

    arguments = ["--effect", str(folder / "brightness.onnx"), "--web-token", "play:play-word,admin:admin-word"]
    with Show(folder / "tiny.onnx", "--size", "64x32", "--fps", "10", "--forget", *arguments) as show:
        show.frame()
        visiting(show, folder, visit)
