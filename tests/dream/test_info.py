import dataclasses

import numpy as np
import pytest
import simplejpeg

from livedream import UserError
from livedream.dream import info, read
from tests import dreams


def test_info_says_in_words_what_the_file_holds(tmp_path):
    path = dreams.tiny(tmp_path / "tiny.onnx", control=True, title="Night road")
    dream = read.load(path)
    dream = dataclasses.replace(
        dream,
        notes=("component dance is not known to contract 1: ignored",),
        provenance={"licence": "CC-BY-4.0", "figures": {"psnr": 28.5}},
    )
    said = info.text(dream)
    for words in (
        "Night road",
        dream.sha256,
        "64x32 pictures, 25 steps a second",
        "8 latents, interpolation linear",
        "takes latent float32 [1, 8], state.h float32 [1, 4]",
        "gives frame uint8 [1, 32, 64, 4]",
        "3  knob 3, -3 to 3, effect 40",
        "push, -1 to 1, starts at 0: brighter or darker",
        "1  second",
        "licence: CC-BY-4.0",
        "psnr: 28.5",
        "component dance is not known to contract 1: ignored",
    ):
        assert words in said


def test_info_of_an_effect(tmp_path):
    said = info.text(read.load(dreams.invert(tmp_path / "invert.onnx")))
    assert "64x32 pictures in, 64x32 pictures out" in said
    assert "amount, 0 to 1, starts at 1: how much is inverted" in said


def test_contact_sheet_shows_every_scene_in_order(tmp_path):
    dream = read.load(dreams.tiny(tmp_path / "tiny.onnx"))
    info.write_contact_sheet(dream, tmp_path / "sheet.jpg")
    sheet = simplejpeg.decode_jpeg((tmp_path / "sheet.jpg").read_bytes()).astype(int)
    gap = info.GAP
    boxes = _boxes(sheet, gap)
    assert len(boxes) == 2
    for (y, x), latent in zip(boxes, (dreams.first(), -dreams.first()), strict=True):
        shown = sheet[y : y + 32, x : x + 64]
        assert np.abs(shown - dreams.picture(latent)[0, ..., :3]).mean() < 4
    assert (sheet[: gap - 2] < 40).all()


def _boxes(sheet, gap):
    """Return the top left corners of the cells that are not background, row by row."""
    corners = [(y, x) for y in range(gap, sheet.shape[0], 32 + gap) for x in range(gap, sheet.shape[1], 64 + gap)]
    return [(y, x) for y, x in corners if sheet[y : y + 32, x : x + 64].mean() > 60]


def test_scenes_without_a_thumbnail_are_drawn(tmp_path):
    dream = read.load(dreams.tiny(tmp_path / "tiny.onnx", control=True))
    with_thumbnails = info.contact_sheet(dream).astype(int)
    bare = [
        dataclasses.replace(scene, thumbnail=thumbnail)
        for scene, thumbnail in zip(dream.scenes, (b"", b"\xff\xd8\xff?"), strict=True)
    ]
    drawn = info.contact_sheet(dataclasses.replace(dream, scenes=tuple(bare))).astype(int)
    assert drawn.shape == with_thumbnails.shape
    assert np.abs(drawn - with_thumbnails).mean() < 4


def test_no_scenes_no_sheet(tmp_path):
    with pytest.raises(UserError, match="no scenes"):
        info.contact_sheet(read.load(dreams.invert(tmp_path / "invert.onnx")))


def test_scenes_of_a_layered_dream_are_its_layers_over_each_other(tmp_path):
    dream = read.load(dreams.tiny(tmp_path / "tiny.onnx", layers=True))
    dream = dataclasses.replace(dream, scenes=(dataclasses.replace(dream.scenes[0], thumbnail=b""),))
    assert "layers from back to front: back, front" in info.text(dream)
    sheet = info.contact_sheet(dream)[info.GAP : info.GAP + 32, info.GAP : info.GAP + 64]
    back, front = dreams.picture(dreams.first())[0], dreams.front(dreams.first())[0]
    share = front[..., 3:] / 255
    assert np.abs(sheet - (back * (1 - share) + front * share)[..., :3]).max() <= 1
