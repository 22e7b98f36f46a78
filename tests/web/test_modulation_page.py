"""The page's modulation over a real show: a slot is added, told what to move, seen moving, and taken away."""

import numpy as np
import pytest

from tests import dreams
from tests.show import Show
from tests.web.browser import CHROMIUM
from tests.web.hand import value, visiting

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

ADD = "document.querySelector('#modulation .add')"
SELECT = "document.querySelector('select[data-address=\"mod/1/%s\"]')"
CHOOSE = "(each => { each.value = '%s'; each.dispatchEvent(new Event('change')); })(%s)"
SLOTS = "document.querySelectorAll('.slot').length"
CURVE = "document.querySelector('.slot canvas').toDataURL()"


def test_something_is_moved_from_the_page(tmp_path):
    dreams.tiny(tmp_path / "tiny.onnx")

    async def visit(browser, hand, says):
        await says(f"{SLOTS} === 0 && document.getElementById('modulation')?.hidden === false")
        await hand.click(ADD)
        await says(f"{SLOTS} === 1 && {SELECT % 'source'} !== null")
        await browser.js(CHOOSE % ("sine", SELECT % "source"))
        await browser.js(CHOOSE % ("dream/knob/1", SELECT % "target"))
        await says(lambda: value(show, "mod/1/source") == 1 and value(show, "mod/1/target") > 0)
        await says("document.querySelector('[data-address=\"mod/1/rate\"]') !== null")
        before = await browser.js(CURVE)
        await says(f"{CURVE} !== {before!r}")
        still = show.frame()[2]
        show.until(lambda pixels: not np.array_equal(pixels, still))
        assert value(show, "dream/knob/1") == 0
        await hand.click("document.querySelector('.slot .feet button')")
        await says(f"{SLOTS} === 0")
        await says(lambda: value(show, "mod/1/source") == 0 and value(show, "mod/1/target") == 0)

    with Show(tmp_path / "tiny.onnx", outs=["page"]) as show:
        show.frame()
        show.osc("player/freeze", "i", "1")
        visiting(show, tmp_path, visit)
    assert show.code == 0, show.errors
