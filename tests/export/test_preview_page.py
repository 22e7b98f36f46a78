"""The page of a training, over real sockets: how the run stands, its pictures, and no word to strangers."""

import asyncio
import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace

import aiohttp
import numpy as np
import pytest
import simplejpeg
from livedream_export import evaluate, preview, preview_page
from livedream_export.budget import Budget
from livedream_export.preview_page import PORT, STILLS, Page, serve
from livedream_export.training_status import TrainingStatus

from livedream import UserError, cli
from tests.export import training
from tests.waiting import until

pytestmark = pytest.mark.timeout(600)  # seconds of work, but not on a machine that has other work

CLIP = bytes(range(256)) * 40


@pytest.fixture
def state(tmp_path):
    """A run half-way: an early dream is written, and an earlier run's lies in its folder."""
    run = tmp_path / "sea.run"
    run.mkdir()
    for name in ("dream-000900.mp4", "sheet-000900.jpg"):
        (run / name).write_bytes(b"of an earlier run")
        os.utime(run / name, (1e9, 1e9))
    (run / "dream-000120.mp4").write_bytes(CLIP)
    (run / "sheet-000120.jpg").write_bytes(b"a sheet")
    (run / "checkpoint.pt").write_bytes(b"weights")
    (run / "log.jsonl").write_text('{"early": true, "minutes": 2.1, "steps": 120}\n')  # and none of 900
    made = TrainingStatus(tmp_path / "sea.onnx", "the sea", began=time.time() - 60)
    made.frames = np.arange(30, dtype=np.uint8)[:, None, None, None].repeat(32, 1).repeat(48, 2).repeat(3, 3)
    made.budget = Budget(1200, now=iter([0.0, *[300.0] * 99999]).__next__)
    progress = preview.Progress(made)
    progress.line("memories: 12 of 30 frames")
    progress.step("3 of 5 training the image model", 0.25, 900, loss=0.5, dB=20.0)
    return made


@pytest.fixture
def page(state):
    with serving(state) as page:
        yield page


def serving(state):
    return serve(state, port=0)


def get(page, path, **headers):
    request = urllib.request.Request(page.url.rstrip("/") + path, headers=headers)
    return urllib.request.urlopen(request, timeout=60)


def refusal(page, path, **headers):
    with pytest.raises(urllib.error.HTTPError) as error:
        get(page, path, **headers)
    return error.value.code


def status(page):
    return json.load(get(page, "/status"))


def test_how_the_run_stands(page):
    report = status(page)
    assert (report["title"], report["size"]) == ("the sea", [48, 32])
    assert (report["stage"], report["number"]) == ("training the image model", [3, 5])
    assert (report["done"], report["left"], report["total"], report["early"]) == (0.25, 900, 1200, True)
    assert report["figures"] == {"loss": 0.5, "dB": 20.0}
    assert report["said"] == "memories: 12 of 30 frames"
    assert report["ended"] is False


def test_pictures_are_this_run_s(page):
    """Not those of a run before, though they have more steps."""
    report = status(page)
    (dream,) = report["dreams"]
    assert dream["file"].startswith("dream-000120.mp4?")
    assert (dream["minutes"], dream["early"]) == (2.1, True)
    assert get(page, "/" + dream["file"]).read() == CLIP
    assert get(page, "/" + report["sheet"]).read() == b"a sheet"
    assert refusal(page, "/dream-000900.mp4") == 404


def test_a_resumed_run_goes_on_from_the_pictures_of_the_run_before(state):
    state.resumed = True
    with serving(state) as page:
        files = [each["file"].partition("?")[0] for each in status(page)["dreams"]]
        assert files == ["dream-000900.mp4", "dream-000120.mp4"]  # the newest last, whatever its number


def test_a_clip_is_given_in_parts(page):
    """As Safari asks for it."""
    response = get(page, "/dream-000120.mp4", Range="bytes=1000-1999")
    assert response.status == 206
    assert response.headers["Content-Type"] == "video/mp4"
    assert response.read() == CLIP[1000:2000]


def test_before_the_first_dream_there_is_the_footage(page):
    count = status(page)["stills"]
    assert count == STILLS
    greys = [simplejpeg.decode_jpeg(get(page, f"/still-{k}.jpg").read()).mean() for k in range(count)]
    assert np.all(np.diff(greys) > 1)  # spread over all of it
    assert refusal(page, f"/still-{count}.jpg") == 404


@pytest.mark.parametrize("path", ["/checkpoint.pt", "/log.jsonl", "/..%2fsea.onnx", "/sheet-..%2fx.jpg", "/nothing"])
def test_nothing_else_is_given(page, path):
    assert refusal(page, path) == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # a name of theirs that leads here
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},  # another server on this machine
    ],
)
@pytest.mark.parametrize("path", ["/", "/status", "/ws", "/still-0.jpg", "/dream-000120.mp4"])
def test_pages_of_others_are_refused(page, path, headers):
    assert refusal(page, path, **headers) == 403


@pytest.mark.parametrize("path", ["/", "/preview_page.js", "/status", "/still-0.jpg", "/dream-000120.mp4"])
def test_security_headers(page, path):
    headers = get(page, path).headers
    policy = headers["Content-Security-Policy"].split("; ")
    assert "default-src 'self'" in policy
    assert "media-src 'self' blob:" in policy
    assert not any("unsafe" in each or "http" in each for each in policy)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_page_and_all_it_names_is_here(page):
    """Nothing is fetched from outside, and nothing that the security policy forbids."""
    html = get(page, "/").read().decode()
    for path, kind in {
        "/page.css": "text/css",
        "/preview_page.css": "text/css",
        "/preview_page.js": "text/javascript",
    }.items():
        assert f'"{path}"' in html
        assert get(page, path).headers.get_content_type() == kind
    assert " style=" not in html
    assert "<style" not in html
    assert html.count("<script") == html.count('<script type="module" src=')


def listen(page, reports, until_ended=True):
    """Listen as a page does, until it has ended."""

    async def run():
        async with aiohttp.ClientSession() as session, session.ws_connect(page.url + "ws") as ws:
            async for message in ws:
                reports.append(json.loads(message.data))
                if reports[-1]["ended"]:
                    reports.append((await (await session.get(page.url + reports[-1]["sheet"])).read()).decode())
                    return

    asyncio.run(run())


def test_the_end_reaches_an_open_page_with_its_pictures(state):
    reports = []
    with serving(state) as page:
        listener = threading.Thread(target=listen, args=(page, reports))
        listener.start()
        until(lambda: reports)
        state.message, state.written = "good: trained for 20 minutes, which is enough", True
    listener.join(60)
    *_, last, sheet = reports
    assert (last["said"], last["made"]) == (state.message, str(state.out))
    assert sheet == "a sheet"


def test_an_error_is_the_last_word(state):
    with pytest.raises(UserError), serving(state):
        raise UserError("--minutes 1: too little for this footage")
    assert state.message == "--minutes 1: too little for this footage"
    assert state.ended


def test_nobody_looks_nobody_is_waited_for(state, monkeypatch):
    monkeypatch.setattr(preview_page, "GOODBYE", 600.0)  # who waited for it would run out of this test's time
    with serving(state):
        pass
    assert state.ended


def test_the_curve_stays_short(state):
    page = Page(state)
    clock = iter(range(100_000))
    state.budget = Budget(5000, now=clock.__next__)
    for k in range(3000):
        state.figures = {"dB": 10 + k / 300}
        page.sample()
    assert 60 < len(page.curve) <= preview_page.POINTS
    assert page.curve[0][1] == 10
    assert page.curve[-1][1] > 19.5
    assert all(a[0] < b[0] for a, b in zip(page.curve, page.curve[1:], strict=False))


def test_a_kind_without_the_usual_figure_has_a_curve_of_its_first(state):
    page, clock = Page(state), iter(range(100))
    state.budget = Budget(5000, now=clock.__next__)
    for k in range(5):
        state.figures = {"nats": 4.0 - k, "kl": 1.0}
        page.sample()
    state.figures = {"loss": 9.0}  # of a later stage: not the same figure
    page.sample()
    assert [value for _, value in page.curve] == [4.0, 3.0, 2.0, 1.0, 0.0]
    assert page.to_json()["curve_of"] == "nats"


def test_a_taken_default_port_is_the_next_one_and_said(state, capsys):
    try:
        taken = socket.create_server(("127.0.0.1", PORT))
    except OSError:
        taken = socket.socket()  # somebody else has it already
    with taken, serve(state) as page:
        assert page.port > PORT
        assert status(page)["title"] == "the sea"
        assert capsys.readouterr().err == f"preview: port {PORT} is taken, so it is http://127.0.0.1:{page.port}/\n"


def test_a_taken_port_that_was_asked_for_is_one_line(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        assert cli.main(["train", "nothing.mp4", "-o", str(tmp_path / "a.onnx"), "--preview", place]) == 2
    assert capsys.readouterr().err == f"livedream: --preview {place}: Address already in use; choose another port\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["clips/", "8809", "127.0.0.1:", "127.0.0.1:99999"])
def test_a_place_that_is_none_is_wrong_usage(tmp_path, capsys, place):
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "-o", str(tmp_path / "a.onnx"), "--preview", place])
    assert ended.value.code == 2
    assert "--preview" in capsys.readouterr().err


def own_clock(step):
    """A clock that moves on when this thread reads it; the page's thread may look as often as it likes."""
    tick, own, last = training.counter(step), threading.current_thread(), [0.0]

    def now():
        if threading.current_thread() is own:
            last[0] = tick()
        return last[0]

    return now


def test_a_training_is_watched(tmp_path, monkeypatch):
    """Its page is asked while it runs, as a browser asks: footage, then the early dream, then the verdict."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(evaluate, "short", lambda *args, **options: {})  # takes a minute; it has its own tests
    clip = training.square(tmp_path / "square.mp4")
    state = TrainingStatus(tmp_path / "square.onnx")
    reports, fetched = [], {}

    async def watch(url):
        async with aiohttp.ClientSession() as session, session.ws_connect(url + "ws") as ws:
            async for message in ws:
                report = json.loads(message.data)
                reports.append(report)
                newest = [report["sheet"], *[each["file"] for each in report["dreams"]]]
                if report["stills"] and not report["dreams"]:
                    newest.append("still-0.jpg")
                for name in filter(None, newest):
                    async with session.get(url + name) as response:
                        assert response.status == 200
                        fetched.setdefault(name.partition("?")[0], await response.read())
                if report["ended"]:
                    return

    with serving(state) as page:
        watching = threading.Thread(target=lambda: asyncio.run(watch(page.url)))
        watching.start()
        options = {"hp": replace(training.SMALL, remembers=False), "now": own_clock(0.3)}
        state.written = training.train(clip, state.out, minutes=5.5, status=state, **options) is not None
    watching.join(60)

    last = reports[-1]
    stages = {each["stage"] for each in reports}
    assert {"training the image model", "training the motion model"} & stages
    shares = [each["done"] for each in reports]
    assert shares == sorted(shares)
    assert last["ended"]
    assert last["said"].startswith("good")
    assert last["made"] == str(state.out)
    assert any(each["dreams"] and not each["ended"] for each in reports)  # the early dream came while it learned
    assert [each["early"] for each in last["dreams"]][-1] is False
    assert len(last["dreams"]) >= 2
    assert simplejpeg.decode_jpeg(fetched["still-0.jpg"]).shape == (32, 32, 3)
    for each in last["dreams"]:
        name = each["file"].partition("?")[0]
        assert fetched[name] == (tmp_path / "square.run" / name).read_bytes()  # whole whenever it was asked for


def test_clips_after_as_many_steps_are_told_apart(state):
    """Motion learned on between them."""
    run = state.out.with_suffix(".run")
    (run / "dream-000120-2.mp4").write_bytes(CLIP)
    os.utime(run / "dream-000120-2.mp4", (time.time() + 9,) * 2)
    with open(run / "log.jsonl", "a") as log:
        log.write('{"early": false, "minutes": 3.5, "steps": 120}\n')
    report = Page(state).to_json()["dreams"]
    assert [(each["file"].partition("?")[0], each["minutes"], each["early"]) for each in report] == [
        ("dream-000120.mp4", 2.1, True),
        ("dream-000120-2.mp4", 3.5, False),
    ]
