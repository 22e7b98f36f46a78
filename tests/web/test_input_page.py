"""The page's panel of the live picture, and the menu of photos, over a real show."""

import numpy as np
import pytest

from livedream.picture import png
from tests import dreams
from tests.show import Show
from tests.web.browser import CHROMIUM
from tests.web.hand import value, visiting

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium (apt)")

AT = "document.querySelector('[data-address=\"%s\"]')"
NOTE = "document.querySelector('#input .note')"
PHOTO = "document.querySelector('#scenes .photo')"


def test_the_live_picture_is_mixed_and_mirrored_and_a_photo_starts_the_dream(tmp_path):
    live = np.full((32, 64, 4), 255, np.uint8)
    live[:, :32, :3], live[:, 32:, :3] = 220, 40
    (tmp_path / "half.png").write_bytes(png.encode(live))
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "grey.png").write_bytes(png.encode(np.full((64, 128, 4), (90, 90, 90, 255), np.uint8)))
    dreams.tiny(tmp_path / "tiny.onnx", encode=True)

    def split(left, right):
        def fits(pixels):
            halves = pixels[..., :3].astype(int)
            return abs(halves[:, :24].mean() - left) < 4 and abs(halves[:, -24:].mean() - right) < 4

        return fits

    async def visit(browser, hand, says):
        await says(f"{NOTE}?.innerText.startsWith('half.png · ')")
        await hand.click(AT % "input/mix", 0.999)
        await says(lambda: value(show, "input/mix") > 0.98)
        show.until(split(220, 40))
        await hand.click(AT % "input/mirror")
        show.until(split(40, 220))
        await browser.js(f"(s => {{ s.value = 'cover'; s.onchange(); }})({AT % 'input/fit'})")
        await says(lambda: value(show, "input/fit") == 1)
        await hand.click(AT % "input/freeze")
        await says(lambda: value(show, "input/freeze") is True)
        await browser.screenshot()
        await says(f"{PHOTO}.checkVisibility() && [...{PHOTO}.options].length === 2")
        await browser.js(f"{PHOTO}.value = 'grey'; {PHOTO}.onchange()")
        await says(lambda: show.status()["photo"] == "grey")

    given = ["--in", str(tmp_path / "half.png"), "--photos", str(photos)]
    with Show(tmp_path / "tiny.onnx", "--size", "64x32", "--fps", "10", "--forget", *given) as show:
        show.frame()
        show.osc("player/glide", "f", "0")
        visiting(show, tmp_path, visit)
    assert show.code == 0, show.errors
