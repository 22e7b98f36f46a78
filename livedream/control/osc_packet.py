"""A strict parser of OSC 1.0 packets, for packets that may be damaged or hostile.

A message is parsed completely or rejected completely; the others of its bundle are taken. Time tags are ignored: a
message acts when it arrives.
"""

import functools
import struct
from collections.abc import Callable

from livedream.parameters.coerce import Colour, Midi

DEPTH = 8  # bundles within bundles; real senders use one level
SHORT = 128  # bytes of the longest message that is cached
LARGEST = 65507  # bytes that one UDP packet over IPv4 can hold
ODD = 256  # malformed elements of one packet after which its rest is left out

Argument = float | int | str | bool | bytes | None
Arguments = tuple[Argument, ...]
Message = tuple[str, Arguments]

_FIXED = {
    "i": struct.Struct(">i"),
    "f": struct.Struct(">f"),
    "h": struct.Struct(">q"),
    "d": struct.Struct(">d"),
    "t": struct.Struct(">8s"),
}
_SLASH = 0x2F
_size = struct.Struct(">i").unpack_from


class Malformed(ValueError):
    """The packet breaks the rules of OSC 1.0. Its text says how, in a few words."""


def read(packet: bytes, odd: list[str] | None = None) -> list[Message]:
    """Return all messages of a packet in order, each as (address with its leading slash, arguments).

    Type tags become float (f, d), int (i, h), str (s, S, c), bool (T, F), None (N), bytes (b and t), Colour (r) and
    Midi (m). I, the bang, adds no argument; arrays are read as their elements.

    Args:
        odd: gets a few words about each element that breaks the rules and is left out; None: it raises.

    Raises:
        Malformed: the packet breaks the rules and `odd` is None.
    """
    messages: list[Message] = []
    faults: list[str] = [] if odd is None else odd
    if len(packet) > LARGEST:
        faults.append(f"{len(packet)} bytes")
    else:
        _element(packet, 0, len(packet), 0, messages, faults)
    if odd is None and faults:
        raise Malformed(faults[0])
    return messages


def _element(packet: bytes, at: int, end: int, depth: int, messages: list[Message], odd: list[str]) -> None:
    """Parse the message or bundle in packet[at:end]."""
    try:
        if end == at or (end - at) % 4:
            raise Malformed(f"an element of {end - at} bytes")
        if packet[at] == _SLASH:
            messages.append((_cached_message if end - at <= SHORT else _message)(packet[at:end]))
            return
        if packet[at : at + 8] != b"#bundle\0":
            raise Malformed("neither a message nor a bundle")
        if end - at < 16:
            raise Malformed("a bundle without its time tag")
        if depth >= DEPTH:
            raise Malformed(f"bundles more than {DEPTH} deep")
        at += 16
        while at + 4 <= end and len(odd) < ODD:
            size = _size(packet, at)[0]
            at += 4
            if not 0 < size <= end - at:
                raise Malformed(f"an element of {size} bytes where {end - at} are left")
            if packet[at] == _SLASH and size <= SHORT and size % 4 == 0:  # the usual one, without another call
                try:
                    messages.append(_cached_message(packet[at : at + size]))
                except Malformed as fault:
                    odd.append(str(fault))
            else:
                _element(packet, at, at + size, depth + 1, messages, odd)
            at += size
        if at != end and len(odd) < ODD:
            raise Malformed(f"{end - at} bytes after the last element")
    except Malformed as fault:
        odd.append(str(fault))


def _message(packet: bytes) -> Message:
    end = len(packet)
    address, at = _string(packet, 0, end)
    if at == end:  # old senders leave the type tags out when there is no argument
        return address, ()
    tags, at = _string(packet, at, end)
    if not tags.startswith(","):
        raise Malformed("no type tags")
    arguments: list[Argument] = []
    value: Argument
    for tag in tags[1:]:
        if fixed := _FIXED.get(tag):
            if at + fixed.size > end:
                raise Malformed("cut short")
            (number,) = fixed.unpack_from(packet, at)
            at += fixed.size
            value = number
        elif tag in "sS":
            value, at = _string(packet, at, end)
        elif tag == "T" or tag == "F":
            value = tag == "T"
        elif tag == "N":
            value = None
        elif tag in "I[]":
            continue
        elif special := _SPECIAL.get(tag):
            if at + 4 > end:
                raise Malformed("cut short")
            value = special(packet[at : at + 4])
            at += 4
        elif tag == "b":
            value, at = _blob(packet, at, end)
        else:
            raise Malformed(f"type tag {tag[:1]!r}")
        arguments.append(value)
    if at != end:
        raise Malformed(f"{end - at} bytes after the last argument")
    if len(tags) > 2 and tags.count("[") != tags.count("]"):
        raise Malformed("an array without its end")
    return address, tuple(arguments)


# Some senders repeat all their values all the time, and most of them have not changed.
_cached_message = functools.lru_cache(maxsize=4096)(_message)


def _string(packet: bytes, at: int, end: int) -> tuple[str, int]:
    """Return the string at `at`, and the position after its padding."""
    stop = packet.find(b"\0", at, end)
    if stop < 0:
        raise Malformed("a string without its end")
    try:
        # The position is at most `end`, because `end` - `at` is a multiple of 4.
        return packet[at:stop].decode(), at + ((stop - at) // 4 + 1) * 4
    except UnicodeDecodeError:
        raise Malformed("a string that is not UTF-8") from None


def _blob(packet: bytes, at: int, end: int) -> tuple[bytes, int]:
    """Return the blob at `at`, and the position after its padding."""
    if at + 4 > end:
        raise Malformed("cut short")
    size = _size(packet, at)[0]
    at += 4
    after = at + (size + 3) // 4 * 4
    if size < 0 or after > end:
        raise Malformed(f"a blob of {size} bytes where {end - at} are left")
    return packet[at : at + size], after


def _character(code: bytes) -> str:
    number = int.from_bytes(code, "big")
    if number >= 0x80:
        raise Malformed(f"character {number}")
    return chr(number)


_SPECIAL: dict[str, Callable[[bytes], Argument]] = {"c": _character, "r": Colour, "m": Midi}  # of four bytes
