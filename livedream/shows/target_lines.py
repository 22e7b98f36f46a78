"""What a picture was blended to, in a show file: the entry "toward" of a deck, written and read."""

from typing import Any

from livedream.play.state import Moment, Point, Target
from livedream.play.state_json import decode_array, encode
from livedream.shows.numbers import integer, number_of

Json = dict[str, Any]


def to_json(target: Target | None) -> Json:
    """Return what a deck's entry has about it; nothing where there was none."""
    if target is None:
        return {}
    clips = [
        {"before": _written(before), "after": _written(after), "phase": phase, "weight": weight}
        for before, after, phase, weight in target.point.clips
    ]
    return {"toward": _written(target.point) | {"part": target.weight} | ({"clips": clips} if clips else {})}


def from_json(data: Json) -> Target | None:
    """Return what a deck's entry says about it. Raises ValueError, KeyError or TypeError where that is damaged."""
    target = data.get("toward")
    if target is None:
        return None
    weight = float(number_of(target["part"]))
    if not 0 <= weight <= 1:
        raise ValueError
    clips = tuple(map(_moment, target.get("clips", ())))
    return Target(_point(target)._replace(clips=clips), weight)


def _written(point: Point) -> Json:
    data: Json = {"latent": encode(point.latent)}
    if point.noise is not None:
        data["noise"] = encode(point.noise)
    return data | ({"made": list(point.made)} if point.made else {})


def _moment(data: Json) -> Moment:
    phase, weight = float(number_of(data["phase"])), float(number_of(data["weight"]))
    if not (0 <= phase < 1e6 and 0 <= weight <= 1):
        raise ValueError
    return Moment(_point(data["before"]), _point(data["after"]), phase, weight)


def _point(data: Json) -> Point:
    noise = decode_array(data["noise"]) if "noise" in data else None
    made = None
    if "made" in data:
        seed, count = map(integer, data["made"])
        made = seed, count
    return Point(decode_array(data["latent"]), noise, made)
