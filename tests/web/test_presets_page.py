"""The page's presets over a real show: stored, recalled, seen on the way, undone, forgotten."""

import pytest

from tests import dreams
from tests.show import Show
from tests.web.browser import CHROMIUM
from tests.web.hand import value, visiting

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

PRESET = "document.querySelector('[data-preset=\"%s\"]')"
AT = "document.querySelector('[data-address=\"%s\"]')"
FIELD = "document.querySelector('#presets input[type=text]')"
STORE = "document.querySelector('#presets form button')"
FORGET = "document.querySelector('.way').lastElementChild"
NAMES = "[...document.querySelectorAll('[data-preset]')].map(each => each.innerText.replace(/\\s+/g, ' ')).join()"


def test_presets_are_kept_found_again_and_forgotten(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    async def visit(browser, hand, says):
        async def key(key, **more):
            await browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, **more)
            await browser.call("Input.dispatchKeyEvent", type="keyUp", key=key)

        show.osc("dream/knob/1", "f", "2")
        # By a name, whose letters are no keys of the instrument; and by the next number.
        await says(f"{FIELD}?.checkVisibility()")
        await hand.click(FIELD)
        for letter in "fbh <b>":
            await key(letter, text=letter)
        await key("Enter", text="\r")
        await says(f"{NAMES} === '0 fbh <b>' && {FIELD}.value === ''")
        await says(f"{PRESET % 'fbh <b>'}.ariaPressed === 'true'")
        assert not any(value(show, each) for each in ("master/blackout", "master/hold"))
        show.osc("dream/knob/1", "f", "-1")
        show.osc("preset/store", "i", "4")
        await says(f"{NAMES} === '0 fbh <b>,4'")
        await hand.click(STORE)
        await says(f"{NAMES} === '0 fbh <b>,1,4'")
        # Recalled: it fills while the dream gets there, and is lit at the end.
        show.osc("preset/morph", "f", "2")
        await says(f"{AT % 'preset/morph'}.closest('.fader').innerText.endsWith('2.00 s')")
        await hand.click(PRESET % "fbh <b>")
        part = f"{PRESET % 'fbh <b>'}.style.getPropertyValue('--part')"
        await says(f"{part} > 0 && {part} < 1")
        await browser.screenshot()
        await says(lambda: value(show, "dream/knob/1") == 2)
        await says(f"{part} === '1' && {PRESET % 4}.style.getPropertyValue('--part') === '0'")
        show.osc("preset/morph", "f", "0")
        await hand.click(AT % "preset/undo")
        await says(lambda: value(show, "dream/knob/1") == -1)
        await hand.click(AT % "preset/beats")
        await says(f"{AT % 'preset/morph'}.closest('.fader').innerText.endsWith(' beats')")
        # Forgotten only by two touches.
        await hand.click(FORGET)
        await browser.screenshot()
        await hand.click(PRESET % 4)
        await says(f"{NAMES} === '0 fbh <b>,1'")
        await says(f"{FORGET}.ariaPressed === 'false'")
        show.osc("preset/recall", "s", "noon")
        await says("document.querySelector('#presets .note').innerText.startsWith(\"no preset 'noon'\")")
        phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        await browser.call("Emulation.setDeviceMetricsOverride", **phone)
        assert await browser.js("document.documentElement.scrollWidth <= innerWidth")
        await hand.on("document.getElementById('presets')")
        await browser.screenshot()

    dreams.tiny(tmp_path / "tiny.onnx")
    with Show(tmp_path / "tiny.onnx", "--size", "64x32", "--fps", "10") as show:
        show.frame()
        visiting(show, tmp_path, visit)
