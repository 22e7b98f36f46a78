"""The page's looks over a real show: put in, moved, passed over, taken out, played, and what is wrong with a file."""

import numpy as np
import pytest

from tests import dreams
from tests.show import Show
from tests.web.browser import CHROMIUM
from tests.web.hand import value, visiting

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

FIRST = dreams.picture(dreams.first())[0]
INVERT = """/*{"ISFVSN": "2", "INPUTS": [
    {"NAME": "inputImage", "TYPE": "image"},
    {"NAME": "amount", "TYPE": "float", "DEFAULT": 1.0, "MIN": 0.0, "MAX": 1.0, "LABEL": "Amount"}
]}*/
void main() {
    vec4 c = IMG_THIS_PIXEL(inputImage);
    gl_FragColor = vec4(mix(c.rgb, 1.0 - c.rgb, amount), c.a);
}
"""
# The whole picture is one colour, which says what the inputs are.
PROBE = """/*{"ISFVSN": "2", "INPUTS": [
    {"NAME": "inputImage", "TYPE": "image"},
    {"NAME": "hit", "TYPE": "event", "LABEL": "Hit"},
    {"NAME": "deep", "TYPE": "bool", "DEFAULT": false, "LABEL": "Deep"},
    {"NAME": "kind", "TYPE": "long", "VALUES": [3, 7], "LABELS": ["point", "tint"], "DEFAULT": 3, "LABEL": "Kind"},
    {"NAME": "where", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1], "DEFAULT": [0.5, 0.5], "LABEL": "Where"},
    {"NAME": "tint", "TYPE": "color", "DEFAULT": [0.0, 0.5, 0.0, 1.0], "LABEL": "Tint"}
]}*/
void main() {
    if (hit) gl_FragColor = vec4(1.0);
    else if (kind == 7) gl_FragColor = vec4(tint.rgb * tint.a, 1.0);
    else gl_FragColor = vec4(where, deep ? 1.0 : 0.0, 1.0);
}
"""

AT = "document.querySelector('[data-address=\"look/%s\"]')"
LOOK = "document.querySelector('[data-look=\"%s\"]')"
LIST = "document.querySelector('#looks ol')"
INSERT = "document.querySelector('#looks .insert')"


def begin(show):
    show.frame()
    show.osc("player/glide", "f", "0")
    show.osc("player/freeze", "i", "1")
    show.osc("dream/scene_jump", "i", "0")


def inverted(picture):
    return np.dstack([255 - picture[..., :3], picture[..., 3]])


def like(wanted):
    return lambda pixels: pixels.shape == wanted.shape and np.abs(pixels.astype(int) - wanted).max() <= 1


def coloured(*wanted):
    return lambda pixels: np.abs(pixels[..., :3].astype(int) - wanted).max() <= 12


@pytest.fixture
def folder(tmp_path):
    dreams.tiny(tmp_path / "tiny.onnx")
    (tmp_path / "invert.fs").write_text(INVERT)
    (tmp_path / "probe.fs").write_text(PROBE)
    return tmp_path


def test_the_chain_is_changed_on_the_page(folder):
    def names():
        return [each["name"] for each in show.status()["looks"]]

    async def visit(browser, hand, says):
        async def key(name):
            for kind in ("keyDown", "keyUp"):
                await browser.call("Input.dispatchKeyEvent", type=kind, key=name)

        await says(f"{LOOK % 'invert'}?.innerText.startsWith('Invert')")
        show.until(like(inverted(FIRST)))
        for wanted in (FIRST, inverted(FIRST)):
            await hand.click(AT % "invert/bypass")
            show.until(like(wanted))
        # A finger stays on its fader while others come and go around it.
        await hand.do("Pressed", *await hand.on(AT % "invert/amount", 0.25))
        await says(lambda: value(show, "look/invert/amount") == pytest.approx(0.25, abs=0.05))
        show.osc("look/insert", "s", "trails")
        show.osc("look/trails/wet", "f", "0")
        await says(f"{LOOK % 'trails'} !== null")
        show.osc("look/trails/place", "i", "0")
        await says(f"{LIST}.firstElementChild.dataset.look === 'trails'")
        x, y = await hand.on(AT % "invert/amount")
        await hand.do("Moved", x, y)
        await says(lambda: value(show, "look/invert/amount") == pytest.approx(0.5, abs=0.05))
        await hand.do("Released", x, y)
        # Put in by the list; moved by dragging, by a button and by keys; taken out by a button.
        await browser.js(f"{INSERT}.value = 'prism'; {INSERT}.onchange()")
        await says(lambda: names() == ["trails", "invert", "prism"])
        await says(f"{LOOK % 'prism'} !== null")
        x, y = await hand.on(f"{LOOK % 'prism'}.querySelector('.grip')")
        await hand.do("Pressed", x, y)
        for by in (10, 30, 400):
            await hand.do("Moved", x, y - by)
        await browser.screenshot()
        await hand.do("Released", x, y - 400)
        await says(lambda: names() == ["prism", "trails", "invert"])
        await hand.click(f"{LOOK % 'prism'}.querySelector('.down')")
        await says(lambda: names() == ["trails", "prism", "invert"])
        await browser.js(f"{LOOK % 'prism'}.querySelector('.grip').focus()")
        await key("ArrowDown")
        await says(lambda: names() == ["trails", "invert", "prism"])
        await says(f"[...{LIST}.children].map(each => each.dataset.look).join() === 'trails,invert,prism'")
        await key("ArrowUp")  # it has the focus still
        await says(lambda: names() == ["trails", "prism", "invert"])
        for name in ("prism", "trails"):
            await hand.click(f"[...{LOOK % name}.querySelectorAll('.feet button')].at(-1)")
            await says(f"{LOOK % name} === null")
        assert names() == ["invert"]
        # What is wrong with a file stands at its look, and goes when it is put right.
        (folder / "invert.fs").write_text(INVERT.replace("vec4 c =", "vec4 c = nonsense;\nvec4 d ="))
        note = f"{LOOK % 'invert'}.querySelector('.note')"
        await says(f"{note}.checkVisibility() && {note}.innerText.includes('invert.fs:6')")
        await browser.screenshot()
        (folder / "invert.fs").write_text(INVERT)
        await says(f"!{note}.checkVisibility()")
        # With no look there is only the list to choose one from.
        await hand.click(f"[...{LOOK % 'invert'}.querySelectorAll('.feet button')].at(-1)")
        await says(f"!{LIST}.checkVisibility() && {INSERT}.checkVisibility()")
        show.until(like(FIRST))

    with Show(folder / "tiny.onnx", "--size", "64x32", "--fps", "10", "--look", str(folder / "invert.fs")) as show:
        begin(show)
        visiting(show, folder, visit)


def test_every_kind_of_input_has_its_control(folder):
    async def visit(browser, hand, says):
        await says(f"{LOOK % 'probe'} !== null")
        show.until(coloured(128, 128, 0))
        await hand.click(AT % "probe/where", 0.25, 0.25)  # the lower left corner is (0, 0)
        show.until(coloured(64, 191, 0))
        await hand.click(AT % "probe/deep")
        show.until(coloured(64, 191, 255))
        await hand.click(AT % "probe/hit")
        show.until(coloured(255, 255, 255))
        show.until(coloured(64, 191, 255))
        await browser.js(f"(s => {{ s.selectedIndex = 1; s.onchange(); }})({AT % 'probe/kind'})")
        show.until(coloured(0, 128, 0))
        await hand.click(f"{LOOK % 'probe'}.querySelector('.swatch')")
        await hand.click(AT % "probe/tint", 0.5, 0.01)  # half the saturation, all the light
        show.until(coloured(128, 255, 128))
        hue, alpha = (f"{LOOK % 'probe'}.querySelectorAll('.mixer .fader input')[{i}]" for i in range(2))
        await hand.click(hue, 2 / 3)
        show.until(coloured(128, 128, 255))
        await hand.click(alpha, 0.5)
        show.until(coloured(64, 64, 128))
        await browser.screenshot()
        show.osc("look/probe/tint", "ffff", "1", "0", "0", "1")  # from elsewhere
        await says(f"{LOOK % 'probe'}.querySelector('.swatch output').innerText === '#ff0000'")
        # How the decks are mixed, beside the fader that mixes them.
        await browser.js(
            "(s => { s.value = 'difference'; s.onchange(); })(document.querySelector('[data-address=\"mix/mode\"]'))"
        )
        await says(lambda: value(show, "mix/mode") == 6)

    probe, second = ["--look", str(folder / "probe.fs")], ["--model", str(folder / "tiny.onnx")]
    with Show(folder / "tiny.onnx", "--size", "64x32", "--fps", "10", *probe, *second) as show:
        begin(show)
        visiting(show, folder, visit)
