"""A parameter is declared once: every part of the instrument treats it as its fields say, whatever its address is."""

import json
import socket

import pytest
from pythonosc.osc_message import OscMessage

from livedream import UserError
from livedream.control import addresses, preset_file
from livedream.control.layouts import KINDS, arrange
from livedream.control.modulation import Modulation
from livedream.control.osc_out import Feedback
from livedream.control.tempo import Tempo
from livedream.parameters import GLIDE, MASTER, TEMPO, Parameter, Table
from livedream.parts.safety import Safety
from livedream.session import session_file
from livedream.web import oscquery
from livedream.web.table_feed import described

FRAME = 1 / 8
PLAIN = Parameter("later/plain", "float", 0, 4, 1, "s", doc="a new parameter")
FULL = Parameter(
    "later/full",
    "float",
    0,
    4,
    1,
    "s",
    "log",
    glide=0.5,
    doc="one with everything",
    label="everything",
    group="brand new",
    risky=True,
    in_preset=False,
    in_session=False,
    modulated=True,
    quantized="change",
    panic=2.0,
)
CHOICE = Parameter("later/way", "choice", 0, 2, choices=tuple("abc"), doc="a choice")
JUMP = Parameter("later/again", "choice", 0, 2, choices=tuple("abc"), doc="the same, always", acts_on="later/way")
SLOW = Parameter("later/slow", "float", glide=0.0, doc="one whose glide time can be set")
TIME = Parameter("later/seconds", "float", 0, 9, 0, "s", doc="that time", time_of="later/slow")
WORD = Parameter("later/word", "text", doc="a command", takes_number=True)
NEW = (PLAIN, FULL, CHOICE, JUMP, SLOW, TIME, WORD)


@pytest.fixture
def table():
    made = Table((GLIDE, *MASTER, *TEMPO, *NEW))
    made.set("player/glide", [0])
    made.tick(FRAME)
    return made


def new(found):
    return [each for each in found if each.startswith("later/")]


def test_presets_keep_it(table):
    assert new(preset_file.kept(table.parameters)) == ["later/plain", "later/way", "later/slow", "later/seconds"]


def test_session_files_keep_it(table):
    for address in ("later/plain", "later/full", "later/again", "later/slow"):
        table.set(address, [2])
    table.tick(9.0)
    assert new(session_file.values(table)) == ["later/plain", "later/way", "later/slow"]


def test_modulation_moves_it(table):
    tempo = Tempo(table)
    Modulation(table, 8.0, tempo)
    assert new(table.parameters["mod/1/target"].choices) == ["later/full"]


def test_its_changes_wait_for_the_beat(table):
    table.off_beat = lambda: True
    table.set("later/full", [3])
    table.set("later/plain", [3])
    assert dict(table.tick(FRAME).changes) == {"later/plain": 3.0}
    assert (table.waits("later/full"), table.waits("later/plain")) == (True, False)
    table.off_beat = lambda: False
    assert dict(table.tick(FRAME).changes) == {"later/full": 3.0}


@pytest.mark.parametrize(("recalled", "after"), [(False, 2.0), (True, 4.0)])
def test_panic_sets_it_where_no_preset_does(table, recalled, after):
    safety = Safety(table, lambda values, seconds: recalled)
    for address in ("later/full", "later/plain"):
        table.set(address, [4])
    table.set("master/panic")
    safety.transform(table.tick(FRAME), 0, FRAME)
    table.tick(9.0)
    assert (table.target("later/full"), table.target("later/plain")) == (after, 4.0)


def test_it_glides_by_its_own_time_and_by_the_one_that_is_its(table):
    table.set("later/full", [3])
    table.set("later/plain", [3])
    values = table.tick(0.25)
    assert (values["later/full"], values["later/plain"]) == (2.0, 3.0)
    table.set("later/slow", [1])
    table.set("later/seconds", [1])
    assert table.tick(0.25)["later/slow"] == 0.25


def test_what_acts_on_a_choice_sets_it_every_time(table):
    for _ in range(2):
        table.set("later/again", [2], "a console")
        values = table.tick(FRAME)
        assert (values["later/way"], values.fired) == (2, {"later/again"})


def test_on_the_second_deck_it_belongs_to_its_companions_there():
    both = (CHOICE, JUMP, SLOW, TIME)
    table = Table((GLIDE, *both, *(each.on_deck("b/") for each in both)))
    table.set("b/later/again", [1])
    table.set("b/later/slow", [1])
    table.set("b/later/seconds", [1])
    values = table.tick(0.25)
    assert (values["b/later/way"], values["later/way"]) == (1, 0)
    assert values["b/later/slow"] == 0.25
    assert table.parameters["b/later/slow"].heading == "later"


def test_it_is_sent_back(table):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.settimeout(20)
        feedback = Feedback(table, dict, [f"127.0.0.1:{client.getsockname()[1]}"])
        feedback.start()
        table.set("later/again", [1])
        feedback.on_frame(table.tick(FRAME))
        seen = {}
        while (seen.get("later/way"), seen.get("later/way/name")) != ([1], ["b"]) or "later/seconds" not in seen:
            message = OscMessage(client.recv(65536))
            seen[message.address.removeprefix("/livedream/")] = message.params
        feedback.stop()
    assert not {"later/again", "later/word"} & seen.keys()


def test_oscquery_describes_it(table):
    root = oscquery.tree(table, "/livedream")
    full, again = (oscquery.find(root, f"/livedream/later/{each}") for each in ("full", "again"))
    assert full["DESCRIPTION"] == "one with everything"
    assert full["RANGE"] == [{"MIN": 0.0, "MAX": 4.0}]
    assert (full["ACCESS"], again["ACCESS"]) == (oscquery.READ | oscquery.WRITE, oscquery.WRITE)


def test_the_address_list_has_it(table):
    lines = addresses.text(table.parameters.values()).splitlines()
    assert [line for line in lines if line.startswith("/livedream/later/full ") and "one with everything" in line]


def test_the_page_gets_its_title_and_heading(table):
    listed = {each["address"]: each for each in json.loads(json.dumps(described(table)))}
    full, plain = listed["later/full"], listed["later/plain"]
    assert (full["title"], full["heading"], full["curve"], full["value"]) == ("Everything", "brand new", "log", 1.0)
    assert (plain["title"], plain["heading"], plain["curve"]) == ("Plain", "later", "linear")


@pytest.mark.parametrize("kind", KINDS)
def test_tablets_have_it(table, kind):
    groups = [group for page in arrange.pages(table.parameters.values(), writes=False) for group in page.groups]
    titles = {
        control.parameter.address: (group.title, control.label, control.warning)
        for group in groups
        for control in group.controls
    }
    assert titles["later/full"] == ("brand new", "Everything", True)
    assert titles["later/plain"] == ("later", "Plain", False)
    assert "later/word" in titles  # a number will do
    assert KINDS[kind](table.parameters.values(), "/livedream", 9001)


def test_limits_narrow_and_widen_again(table):
    table.limit({"later/plain": (0, 1)})
    table.set("later/plain", [4])
    assert table.tick(FRAME)["later/plain"] == 1.0
    assert table.limited == ("later/plain",)
    table.limit({"later/plain": (-2, 3)})
    table.set("later/plain", [4])
    assert table.tick(FRAME)["later/plain"] == 3.0
    table.limit({})
    table.set("later/plain", [4])
    assert table.tick(FRAME)["later/plain"] == 4.0
    assert table.limited == ()
    with pytest.raises(UserError, match="lies outside"):
        table.limit({"later/plain": (7, 8)})
