"""A show that is kept is drawn again to the last bit, whatever the performer, the machine and the looks did."""

import json
import random

import numpy as np
import pytest

from livedream import UserError
from livedream.backend import cpu, device_runner, providers
from livedream.loop import deck
from livedream.play.player import Player
from livedream.shows import replay, show_file
from tests import dreams
from tests.performance import FPS, SIZE, TINT, Performance, numbered, shows_in
from tests.waiting import until
from tests.wrapped_runner import WrappedRunner

TRAIL = """/*{"ISFVSN": "2", "INPUTS": [{"NAME": "inputImage", "TYPE": "image"},
  {"NAME": "kept", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.0}, {"NAME": "flash", "TYPE": "event"}],
  "PASSES": [{"TARGET": "past", "PERSISTENT": true, "FLOAT": true}, {}]}*/
void main() {
    if (PASSINDEX == 1) { gl_FragColor = IMG_THIS_PIXEL(past); return; }
    vec4 now = flash ? vec4(1.0) : IMG_THIS_PIXEL(inputImage);
    gl_FragColor = vec4(mix(now.rgb, IMG_THIS_PIXEL(past).rgb, kept * step(1.0, TIME * 30.0)), 1.0);
}"""

WASH = """/*{"ISFVSN": "2", "INPUTS": [{"NAME": "inputImage", "TYPE": "image"}, {"NAME": "colour", "TYPE": "color"}]}*/
void main() { gl_FragColor = mix(IMG_THIS_PIXEL(inputImage), vec4(colour.rgb, 1.0), colour.a * 0.5); }"""


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreams")
    target = dreams.noisy(folder / "noisy.onnx", title="Noisy")
    (folder / "trail.fs").write_text(TRAIL)
    (folder / "tint.fs").write_text(TINT)
    return {
        "folder": folder,
        "calm": dreams.tiny(folder / "calm.onnx", title="Calm"),
        "big": dreams.tiny(folder / "big.onnx", 96, 96, title="Big", control=True),
        "walk": dreams.tiny(folder / "walk.onnx", title="Walk", step=False),
        "layers": dreams.tiny(folder / "layers.onnx", title="Layers", layers=True),
        "noisy": target,
    }


@pytest.fixture
def kept(tmp_path, paths):
    """kept(*dreams, looks=…) -> (performance, the show's path), kept from its first frame."""
    made = []

    def make(*names, **options):
        made.append(Performance(*(paths[name] for name in names), **options))
        made[-1].shows.keep(tmp_path / "kept.show")
        return made[-1], tmp_path / "kept.show"

    yield make
    for each in made:
        each.shows.stop()


def again(path, **options):
    show = show_file.read(path)
    return numbered(replay.frames(show, replay.dreams(show), **options))


def assert_same(pictures, drawn):
    assert pictures
    wrong = [number for number, picture in pictures.items() if not np.array_equal(picture, drawn.get(number))]
    assert not wrong, f"{len(wrong)} of {len(pictures)} frames differ, the first of them {wrong[:5]}"


def performer(show: Performance, chance: random.Random, prefixes=("",)):
    """Do one random thing that a performer can do."""
    prefix = chance.choice(prefixes)
    address, value = chance.choice(
        [
            ("player/speed", chance.choice([0, 0.3, 1, 2.5, 8])),
            ("player/freeze", chance.random() < 0.3),
            ("player/seed", chance.randrange(1 << 24)),
            ("player/reseed", 1),
            ("dream/temperature", chance.uniform(0, 2)),
            ("dream/scene_jump", chance.randrange(2)),
            ("dream/scene", chance.choice(["first", "second"])),
            ("dream/feedback", chance.random()),
            (f"dream/knob/{chance.randint(1, 8)}", chance.uniform(-3, 3)),
            (f"dream/latent/{chance.randrange(8)}", chance.uniform(-3, 3)),
            ("dream/latents", tuple(chance.uniform(-1, 1) for _ in range(8))),
        ]
    )
    show.set(**{prefix + address: value})
    others = [
        ("master/fade", chance.uniform(0.3, 1)),
        ("master/blackout", chance.random() < 0.1),
        ("master/hold", chance.random() < 0.2),
        ("player/glide", chance.choice([0, 0.05, 0.4])),
        ("mix/crossfade", chance.choice([0, 0.25, 0.5, 1])),
        ("mix/mode", chance.randrange(9)),
        ("look/trail/kept", chance.random()),
        ("look/trail/flash", 1),
        ("look/tint/wet", chance.random()),
        ("look/tint/place", chance.randrange(2)),
        ("look/insert", "mirror"),
        ("look/remove", "mirror"),
    ]
    address, value = chance.choice([each for each in others if each[0] in show.table.parameters])
    if value == "mirror" and (address == "look/insert") == any(each.name == "mirror" for each in show.chain.slots):
        return
    show.set(**{address: value})


def test_two_decks_with_looks_and_everything_that_hands_can_do(kept, paths):
    show, path = kept("calm", "noisy", looks=[paths["folder"] / "trail.fs", paths["folder"] / "tint.fs"])
    chance = random.Random(1)
    for _ in range(120):
        performer(show, chance, ("", "b/"))
        show.play(chance.randint(1, 3))
    pictures = show.end()
    assert len(pictures) > 100
    drawn = again(path)
    assert_same(pictures, drawn)
    assert sorted(drawn) == list(range(show.number + 1))


def test_a_show_with_the_former_addresses_is_drawn_as_it_was(kept, tmp_path):
    (tmp_path / "wash.fs").write_text(WASH)
    show, path = kept("calm", "noisy", looks=[tmp_path / "wash.fs"])
    chance = random.Random(7)
    for _ in range(25):
        performer(show, chance, ("", "b/"))
        show.set(**{"look/wash/colour": tuple(chance.random() for _ in range(4)), "b/dream/scene_jump": 1})
        show.play(2)
    pictures = show.end()
    names = {"dream/scene_jump": "dream/scene/jump", "master/fade_time": "master/fade/time"}
    names |= {f"b/{new}": f"b/{old}" for new, old in names.items()}
    lines = []
    for text in path.read_text().splitlines():
        line = json.loads(text)
        for key in ("set", "values", "fired"):
            found = line.get(key, {})
            if isinstance(found, list):
                line[key] = [names.get(each, each) for each in found]
            elif found:
                whole = {a: value for a, value in found.items() if not a.startswith("look/wash/colour_")}
                line[key] = {names.get(a, a): value for a, value in whole.items()}
        lines.append(json.dumps(line))
    old = path.with_name("old.show")
    old.write_text("".join(f"{each}\n" for each in lines))
    assert "dream/scene/jump" in old.read_text()
    assert "look/wash/colour_" not in old.read_text()
    assert_same(pictures, again(old))


@pytest.mark.parametrize("name", ["calm", "noisy", "walk", "layers"])
def test_frames_that_were_dropped_are_drawn_and_change_no_other(kept, name):
    show, path = kept(name)
    chance = random.Random(2)
    if name == "layers":
        show.set(layer__front__offset=0.2)
    for _ in range(60):
        performer(show, chance)
        show.play(1, chance.randint(1, 5))
    pictures = show.end()
    drawn = again(path)
    assert_same(pictures, drawn)
    assert sorted(drawn) == list(range(show.number + 1))
    assert len(pictures) < len(drawn) / 2


def test_what_was_dropped_is_what_would_have_been_drawn(kept, paths, tmp_path):
    show, path = kept("noisy")
    late = show.play(20, 3).end()
    other = Performance(paths["noisy"])
    whole = other.play(show.number + 1).end()
    del other
    # At speed 1 no step is passed over by three frames of 1/30 s but those that a drawing saw.
    drawn = again(path)
    assert_same(late, drawn)
    unseen = dict.fromkeys(set(whole) - set(late))
    near = [np.abs(drawn[n][..., :2].astype(int) - whole[n][..., :2]).max() for n in unseen]
    assert max(near) == 0  # blue is the age, which the late one counts by what it drew


def test_a_show_that_begins_in_the_middle_has_the_recordings_first_frame(kept, paths, tmp_path):
    show, path = kept("noisy", "big")
    show.set(mix__crossfade=0.5, player__speed=3, b__dream__push=0.5)
    show.play(40)
    middle = show.shows.keep(path)  # the name is taken
    show.play(30)
    pictures = show.end()
    assert shows_in(tmp_path) == ["kept-2.show", "kept.show"]
    assert middle.path.name == "kept-2.show"
    drawn = again(middle.path)
    assert min(drawn) == 39  # the last one that was there already
    assert_same({number: each for number, each in pictures.items() if number >= 39}, drawn)
    assert_same(pictures, again(path))


def test_a_show_that_is_asked_for_while_a_frame_is_drawn_begins_with_it(paths, tmp_path):
    show = Performance(paths["noisy"])
    show.play(3)
    record, asked = show.shows.record, []

    def ask_first(*arguments):
        if not asked:
            asked.append(show.shows.keep(tmp_path / "kept.show"))
        record(*arguments)

    show.shows.record = ask_first
    pictures = show.play(20).end()
    drawn = again(tmp_path / "kept.show")
    assert min(drawn) == 3
    assert_same({number: each for number, each in pictures.items() if number >= 3}, drawn)


def test_a_recording_that_breaks_and_begins_anew_has_a_show_for_each_file(paths, tmp_path):
    class Recording:
        path, first, writing = None, None, False

        def __init__(self):
            self.marks = []

    show, output = Performance(paths["calm"]), Recording()
    show.play(5)
    show.shows.beside(output)
    show.play(5)
    output.path, output.first, output.writing = tmp_path / "set.mp4", 7, True
    until(lambda: (tmp_path / "set.show").exists())
    output.marks.append([8, 9])
    show.play(5)
    output.writing = False  # the stick was drawn
    until(lambda: show.decks[0].player.walk.traced() is not None and show.shows.open[0].lines is None)
    show.play(5)
    output.path, output.first, output.writing = tmp_path / "set-2.mp4", 18, True
    until(lambda: (tmp_path / "set-2.show").exists())
    pictures = show.play(5).end()
    first, second = show_file.read(tmp_path / "set.show"), show_file.read(tmp_path / "set-2.show")
    assert (first.first, first.dropped, second.first, second.last) == (7, ((8, 9),), 18, show.number)
    drawn = again(tmp_path / "set-2.show")
    assert sorted(drawn) == list(range(18, show.number + 1))
    assert_same({number: each for number, each in pictures.items() if number in drawn}, drawn)


def test_another_dream_comes_in_play_and_the_first_comes_back(kept, paths):
    show, path = kept("calm")
    show.set(dream__knob__1=2)
    show.play(10).load(paths["big"])
    show.play(10, 2).set(dream__push=1)
    show.play(10).load(paths["noisy"])
    show.play(10).load(paths["calm"])
    show.play(10)
    pictures = show.end()
    assert {each.shape for each in pictures.values()} == {(32, 64, 4), (96, 96, 4)}
    recorded = show_file.read(path)
    assert [each.title for each in recorded.loads] == ["Big", "Noisy", "Calm"]
    assert_same(pictures, again(path))


class Failing(WrappedRunner):
    """The processor's runner, which raises in the second, third and ninth run after `calls` is a list."""

    calls = None

    def __call__(self, inputs):
        if self.calls is not None:
            self.calls.append(1)
            if len(self.calls) in (2, 3, 9):
                raise RuntimeError("no memory")
        return super().__call__(inputs)


def test_what_a_slow_or_failing_machine_left_out_is_left_out_again(kept, monkeypatch):
    runners = {}

    def load(component):
        runners[component.name] = Failing(component)
        return runners[component.name]

    show, path = kept("noisy", load=load)
    show.set(player__speed=4)
    show.play(10)
    monkeypatch.setattr(deck, "PATIENCE", -1)  # no time for any step
    show.play(5, 3).set(dream__scene__jump=1)
    show.play(5, 2)
    monkeypatch.undo()
    show.play(5)
    runners["step"].calls = []
    show.play(5, 4)
    runners["step"].calls = None
    pictures = show.play(10).end()
    assert show.decks[0].errors == 3
    assert_same(pictures, again(path))


def test_a_dream_that_goes_on_elsewhere_goes_on_in_the_show(kept):
    show, path = kept("noisy")
    show.set(player__speed=1.5)
    show.play(50).decks[0].fall_back("its card was drawn")  # to states that are a second old
    show.play(10)
    show.decks[0].offer_same(Player(show.decks[0].player.dream, cpu.load))
    show.play(10, 2)
    pictures = show.play(10).end()
    assert_same(pictures, again(path))


def test_a_look_that_was_edited_in_play_is_drawn_as_it_was_then(kept, paths, tmp_path):
    look = tmp_path / "live.fs"
    look.write_text(TINT)
    show, path = kept("calm", looks=[look])
    show.play(5)
    from livedream.look import header

    look.write_text(TINT.replace("0.5, 0.2", "0.1, 0.9"))
    show.chain.slots[0].source = header.read(look)  # as the thread that watches files does
    show.play(5)
    look.unlink()
    pictures = show.end()
    assert not np.array_equal(pictures[4], pictures[5])
    assert_same(pictures, again(path))


def test_twice_the_rate_has_the_same_pictures_at_every_second_frame_and_others_between(kept):
    show, path = kept("noisy")
    show.set(player__speed=0.7)
    show.play(10).set(dream__knob__1=2)
    pictures = show.play(20).end()
    drawn = again(path, fps=2 * FPS)
    assert sorted(drawn) == list(range(2 * show.number + 1))
    assert_same({2 * number: each for number, each in pictures.items()}, drawn)
    between = [drawn[number].astype(int) for number in (21, 23, 25)]  # while the knob glides
    for number, each in zip((21, 23, 25), between, strict=True):
        low, high = sorted((drawn[number - 1][0, 0, 0], drawn[number + 1][0, 0, 0]))
        assert low < each[0, 0, 0] < high


@pytest.mark.parametrize("fps", [12.5, 25.0, 29.97, 120.0])
def test_any_other_rate_ends_where_the_show_ends(kept, fps):
    show, path = kept("calm")
    show.play(3).set(player__speed=2)
    pictures = show.play(30, 2).end()
    drawn = again(path, fps=fps)
    seconds = show.number / FPS
    assert abs(max(drawn) / fps - seconds) <= 1 / fps
    assert sorted(drawn) == list(range(max(drawn) + 1))
    assert np.array_equal(drawn[0], pictures[0])


def test_with_other_threads_the_latents_are_the_same_and_pictures_to_a_level(tmp_path):
    show = Performance("rainbow", load=lambda part: cpu.load(part, 1))
    show.decks[0].player.walk.trace(True)
    show.shows.keep(tmp_path / "road.show")
    show.set(player__speed=2, dream__knob__1=1)
    pictures = show.play(8).end()
    recorded = show_file.read(tmp_path / "road.show")
    latents = [latent for tick in recorded.ticks() for latent in tick.decks["a"].latents]
    assert len(latents) == show.decks[0].player.steps
    assert np.array_equal(latents[-1], show.decks[0].player.walk.after.latent)
    drawn = again(tmp_path / "road.show", load=lambda dream: lambda part: cpu.load(part, 2))
    assert all(np.abs(drawn[number].astype(int) - each).max() <= 1 for number, each in pictures.items())


def test_on_another_provider_pictures_are_the_same_to_a_level(kept):
    pytest.importorskip("onnxruntime_ep_openvino", reason="needs the plug-in: pip install 'livedream[openvino]'")
    try:
        providers.ready(providers.by_name("openvino"))
    except UserError as error:
        pytest.skip(str(error))
    show, path = kept("noisy")
    show.set(player__speed=2.2, dream__temperature=1.7)
    pictures = show.play(20, 2).end()
    drawn = again(path, load=lambda dream: lambda part: device_runner.load(part, "openvino", exact=True))
    assert all(np.abs(drawn[number].astype(int) - each).max() <= 1 for number, each in pictures.items())


def test_looks_are_drawn_in_the_size_that_is_asked_for(kept, paths):
    show, path = kept("calm", looks=[paths["folder"] / "tint.fs"])
    show.play(3).end()
    drawn = again(path, size=(256, 128))
    assert {each.shape for each in drawn.values()} == {(128, 256, 4)}


# -- files that are not whole --------------------------------------------------------------------------------------


@pytest.fixture
def lines(kept):
    show, path = kept("calm")
    show.play(12).end()
    return path, path.read_text().splitlines(keepends=True)


def test_a_last_line_that_was_cut_short_is_left_out(lines):
    path, all_of_them = lines
    path.write_text("".join(all_of_them)[:-20])
    assert max(again(path)) == 10


@pytest.mark.parametrize(
    "wrong", ["{}x\n", "[]\n", '{"frame": -1}\n', '{"frame": 4, "drawn": "a", "a": {"phase": 0, "latents": ["?"]}}\n']
)
def test_a_damaged_line_is_named_before_anything_is_drawn(lines, wrong):
    path, all_of_them = lines
    all_of_them[5] = wrong
    path.write_text("".join(all_of_them))
    with pytest.raises(UserError, match=r"kept\.show:6: ") as error:
        show_file.read(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "\n", "{}\n", "no show\n", '{"livedream show": 1}\n', "\0\xff\n"])
def test_what_is_no_show_is_said_in_one_line(tmp_path, text):
    path = tmp_path / "other.show"
    path.write_text(text, "latin-1")
    with pytest.raises(UserError, match="no show"):
        show_file.read(path)


def test_a_show_of_a_newer_livedream_is_refused(lines):
    path, all_of_them = lines
    header = json.loads(all_of_them[0]) | {"livedream show": 2, "version": "9.0"}
    path.write_text(json.dumps(header) + "\n" + "".join(all_of_them[1:]))
    with pytest.raises(UserError, match=r"9\.0"):
        show_file.read(path)


def test_a_dream_that_is_gone_is_found_beside_the_show_and_another_one_is_not_taken(lines, paths, tmp_path):
    path, all_of_them = lines
    text = "".join(all_of_them).replace(str(paths["folder"]), "/nowhere")
    path.write_text(text)
    with pytest.raises(UserError, match=r"plays Calm \(calm\.onnx.*put that file beside the show") as error:
        again(path)
    assert "\n" not in str(error.value)
    (tmp_path / "calm.onnx").write_bytes(paths["big"].read_bytes())
    with pytest.raises(UserError, match="is another one"):
        again(path)
    (tmp_path / "calm.onnx").write_bytes(paths["calm"].read_bytes())
    assert len(again(path)) == 12


def test_a_show_that_cannot_be_written_is_said_once_and_the_others_go_on(kept, tmp_path, caplog):
    show, path = kept("calm")
    other = show.shows.keep(tmp_path / "nowhere" / "lost.show")
    show.play(5)
    until(lambda: other.error)
    pictures = show.play(5).end()
    assert "lost.show" in show.shows.error
    assert sum("lost.show" in each.message for each in caplog.records) == 1
    assert_same(pictures, again(path))


def test_nothing_is_kept_when_nobody_asked(paths, tmp_path):
    show = Performance(paths["calm"])
    show.play(10)
    assert show.decks[0].player.walk.traced() is None
    assert not show.shows.waiting
    show.end()


def test_what_is_rendered_is_as_long_and_large_as_the_show(lines, tmp_path):
    import av

    shares = []
    path, _ = lines
    out = replay.render(show_file.read(path), tmp_path / "out.mp4", progress=shares.append)
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (*SIZE, FPS)
        assert sum(1 for _ in container.decode(stream)) == 12
    assert shares[-1] == 1.0
