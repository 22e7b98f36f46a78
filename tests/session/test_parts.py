"""The parts of a session: an ability goes by the names of methods, so nothing else may bear these names."""

import inspect

import pytest

from livedream.parts.part import HasStatus, OnFrame, Starts, Transforms
from livedream.session.run_options import RunOptions
from livedream.session.session import Session
from livedream.session.status import FIELDS, status
from tests import dreams

ABILITIES = {Starts: ("start", "stop"), Transforms: ("transform",), OnFrame: ("on_frame",), HasStatus: ("status",)}


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    model = dreams.tiny(tmp_path_factory.mktemp("dream") / "tiny.onnx")
    return Session(RunOptions(models=(str(model),), outputs=("none",), midi="nothing"))


def named(part):
    return type(part).__name__


def test_every_ability_has_the_arguments_that_it_is_called_with(session):
    for part in session.parts:
        for ability, methods in ABILITIES.items():
            for method in methods if isinstance(part, ability) else ():
                wanted = [*inspect.signature(getattr(ability, method)).parameters][1:]  # without self
                found = inspect.signature(getattr(part, method)).parameters.values()
                assert [each.name for each in found][: len(wanted)] == wanted, f"{named(part)}.{method}"
                assert all(each.default is not each.empty for each in [*found][len(wanted) :]), (
                    f"{named(part)}.{method}"
                )


def test_every_part_has_an_ability(session):
    assert all(isinstance(part, tuple(ABILITIES)) for part in session.parts)


def test_transforms_stand_in_the_order_that_a_performer_relies_on(session):
    order = [named(part) for part in session.parts if isinstance(part, Transforms)]
    assert order == ["PresetRecall", "Modulation", "Tempo", "Safety"]


def test_parts_give_every_field_of_the_status_and_no_other(session):
    fields = session.status()
    assert list(fields) == list(FIELDS)
    given = {name for part in session.parts if isinstance(part, HasStatus) for name in part.status()}
    assert FIELDS.keys() - given == {"version", "uptime_s", "audio", "input"}  # the last two only with --audio and --in


def test_what_one_part_leaves_out_another_fills_in():
    class Part:
        def __init__(self, **own):
            self.status = lambda: own

    fields = status(
        [Part(look_error=None, tempo={"bpm": 1}), Part(look_error="b", tempo={"peers": 2}), Part(look_error="c")]
    )
    assert fields["look_error"] == "b"
    assert fields["tempo"] == {"bpm": 1, "peers": 2}
    assert fields["midi"] is None
